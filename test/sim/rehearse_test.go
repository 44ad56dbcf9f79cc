package sim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisim"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/phone"
	"ringback/internal/schedule"
	"ringback/internal/speech"
	"ringback/internal/store/storemem"
	"ringback/internal/subscriber"
)

// TestRehearse asks at random instants of a shop what would come of a wish, then makes the wish and lets it be served: the
// answer, the state, the time, who is rung in which order on which telephone and for how long, what is said and the number
// that is shown are as was rehearsed; and the rehearsal itself leaves no trace.
//
//	RINGBACK_TEST_LONG=1 go test ./test/sim -run TestRehearse    20 such shops
func TestRehearse(t *testing.T) {
	shops := 1
	if os.Getenv("RINGBACK_TEST_LONG") != "" {
		shops = 20
	}
	for seed := range shops {
		t.Run(fmt.Sprint("shop ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := openShop(t, uint64(seed))
				for range 500 {
					s.instant()
				}
				s.close()
			})
		})
	}
}

// shop is the world of that test.
type shop struct {
	*testing.T
	rand   *rand.Rand
	store  *storemem.Store
	phones *ctisim.Phones
	sw     *ordered
	c      *callback.Conductor
	dir    *directory.Directory
	tally  map[string]int
}

// ordered is a switch that writes down what it was told to ring.
type ordered struct {
	*ctisim.Switch
	mu  sync.Mutex
	all map[id.Callback][]cti.Order
}

func (o *ordered) Originate(ctx context.Context, order cti.Order) error {
	o.mu.Lock()
	o.all[order.Callback] = append(o.all[order.Callback], order)
	o.mu.Unlock()
	return o.Switch.Originate(ctx, order)
}

func (o *ordered) of(cb id.Callback) []cti.Order {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.all[cb])
}

func openShop(t *testing.T, seed uint64) *shop {
	s := &shop{T: t, rand: rand.New(rand.NewPCG(seed, 0x73686f70)), phones: ctisim.NewPhones(), tally: map[string]int{}}
	mint := id.NewMint(time.Now, seeded(seed))
	s.store = storemem.New(mint, time.Now)
	set := s.setup()
	set.Blocks = []subscriber.Block{{NumberHash: callback.HashNumber(key, "tel:+12025550133")}}
	if _, err := s.store.Apply(context.Background(), set, directory.Options{}); err != nil {
		t.Fatal(err)
	}
	s.sw = &ordered{all: map[id.Callback][]cti.Order{}}
	s.sw.Switch = ctisim.New(s.phones, func(e cti.Event) { s.c.OnSwitch(e) })
	night, err := schedule.ParseNight("03:00-04:00")
	if err != nil {
		t.Fatal(err)
	}
	s.c = callback.NewConductor(&unpolled{Store: s.store}, s.store, s.sw, callback.Settings{Mint: mint, Key: key, Now: time.Now,
		Policy:    callback.Policy{Night: night, PerNumber: []callback.Rate{{N: 1, Per: 5 * time.Minute}, {N: 3, Per: 6 * time.Hour}}},
		Publisher: deaf{}, Meter: idleMeter{}, Log: slog.New(slog.DiscardHandler)})
	if err := s.c.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	s.dir = s.c.Directory()
	for n := range 40 {
		s.phones.Person(cti.Endpoint(shopNumber(n)), ctisim.Takes(2*time.Second, time.Second, 4*time.Second))
	}
	s.phones.Person(shopOwn, ctisim.Takes(time.Second, 9*time.Second, 0))
	return s
}

type deaf struct{}

func (deaf) Publish(*callback.Callback, []callback.Line) {}

const shopOwn = "tel:+12025550150"

func shopNumber(n int) string { return fmt.Sprintf("tel:+120255501%02d", n) }

// setup: acme opens for a while each half hour and is served by three, one of them on a mobile and one with hours of her own; birch
// asks all at once and has recorded its announcement; cedar has only its own telephone; delta escalates.
func (s *shop) setup() directory.Setup {
	set := directory.Setup{Trunks: []cti.Trunk{{Slug: "pstn", Address: "sip:127.0.0.1:5070", Prefixes: []string{""}}}}
	halves := func(minutes int) (all []string) { // of each half hour
		for h := range 24 {
			all = append(all, fmt.Sprintf("%02d:00-%02d:%02d", h, h, minutes), fmt.Sprintf("%02d:30-%02d:%02d", h, h, 30+minutes))
		}
		return all
	}
	hours := func(spans ...string) schedule.Hours {
		h, err := schedule.ParseHours(map[string][]string{"daily": spans})
		if err != nil {
			s.Fatal(err)
		}
		return h
	}
	for i, name := range []string{"acme", "birch", "cedar", "delta"} {
		sub := subscriber.Subscriber{Slug: name, Name: name, Regions: []string{"US"}, TimeZone: "America/New_York", CallerID: phone.Number(fmt.Sprintf("+1202555019%d", i)),
			Limits: subscriber.Limits{Concurrent: 2, MaxTalk: time.Hour}, Routing: subscriber.Routing{WrapUp: 5 * time.Second}}
		switch name {
		case "acme":
			sub.Hours = hours(halves(20)...)
		case "birch":
			sub.Routing.Strategy, sub.Prompts.Announcement, sub.Language = subscriber.AllAtOnce, "birch.wav", "de"
		case "cedar":
			sub.Destination = shopOwn
		case "delta":
			sub.Routing.Strategy, sub.Routing.Escalate = subscriber.InOrder, subscriber.Escalation{After: 45 * time.Second, To: shopOwn}
		}
		set.Subscribers = append(set.Subscribers, sub)
		for _, order := range []subscriber.Order{subscriber.AgentFirst, subscriber.VisitorFirst} {
			set.Buttons = append(set.Buttons, subscriber.Button{Slug: name + "-" + string(order[0]), Subscriber: id.Subscriber(name), Order: order, Tries: 3, Proof: "off", Channels: []string{"phone"}})
		}
	}
	for i, a := range shopAgents {
		who := agent.Agent{Slug: a, Ready: true, PauseAfter: 1000, Devices: []agent.Device{{To: shopDevice(a)}}}
		if a == "bob" {
			who.Devices = append(who.Devices, agent.Device{To: "sip:bob2@phones.example", Ring: 10 * time.Second, Confirm: "key"})
		}
		set.Agents = append(set.Agents, who)
		for j, name := range []string{"acme", "birch", "delta"} {
			if i == 3 && j == 0 {
				continue
			}
			rep := agent.Representation{Agent: id.Agent(a), Subscriber: id.Subscriber(name), DisplayName: a + " at " + name, Priority: (i + j) % 2, Languages: []string{"en"}}
			if a == "cleo" && name == "acme" {
				rep.Hours = hours(halves(9)...)
			}
			if a == "dan" {
				rep.CallerID = "+12025550177"
			}
			set.Representations = append(set.Representations, rep)
		}
	}
	return set
}

var shopAgents = []string{"ann", "bob", "cleo", "dan"}

func shopDevice(a string) cti.Endpoint {
	if a == "dan" {
		return "tel:+12025550140"
	}
	return cti.Endpoint("sip:" + a + "@phones.example")
}

// instant is one of the 500.
func (s *shop) instant() {
	time.Sleep(upTo(s.rand, 30*time.Second))
	for _, a := range shopAgents {
		who := []ctisim.Person{ctisim.Takes(time.Second, 8*time.Second, 0), ctisim.Takes(3*time.Second, 9*time.Second, 0), ctisim.RingsForEver(), ctisim.Declines(2 * time.Second)}[s.rand.IntN(4)]
		s.phones.Person(shopDevice(a), who)
		s.phones.Person("sip:bob2@phones.example", who)
	}
	ahead := s.rand.IntN(3) == 0
	at := time.Time{}
	if ahead {
		at = time.Now().Add(61*time.Second + upTo(s.rand, 4*time.Minute))
	} else {
		s.presences(func() agent.Presence {
			return []agent.Presence{agent.Ready, agent.Ready, agent.Ready, agent.Paused, agent.SignedOut}[s.rand.IntN(5)]
		})
	}
	first := s.rehearses(at)
	if !ahead && first != nil && s.rand.IntN(3) == 0 { // and one more, while that one is under way
		time.Sleep(upTo(s.rand, 5*time.Second))
		if second := s.rehearses(time.Time{}); second != nil {
			first.alone = false
			s.settles(second)
		}
	}
	if first != nil {
		s.settles(first)
	}
}

func (s *shop) presences(next func() agent.Presence) {
	for _, a := range shopAgents {
		if _, err := s.c.SetPresence(context.Background(), id.Agent(s.dir.ID(directory.Agent, a)), next(), ""); err != nil && !fault.Is(err, fault.TooLate) { // she is rung at this moment
			s.Fatal(err)
		}
	}
	time.Sleep(time.Millisecond)
}

// allReady brings in who is not there; who is has been without a call for longer.
func (s *shop) allReady() {
	for _, a := range shopAgents {
		who := id.Agent(s.dir.ID(directory.Agent, a))
		if s.c.Agents()[who].Presence != agent.Ready {
			_, _ = s.c.SetPresence(context.Background(), who, agent.Ready, "") // refused to who is rung at this moment
		}
	}
	time.Sleep(time.Millisecond)
}

// wished is a wish with what was rehearsed of it.
type wished struct {
	said  *callback.Rehearsed
	cb    id.Callback
	alone bool // nothing else was under way
	what  string
}

// rehearses one wish and makes it; nil = it was refused, as was said.
func (s *shop) rehearses(at time.Time) *wished {
	button := []string{"acme", "acme", "birch", "cedar", "delta"}[s.rand.IntN(5)] + []string{"-a", "-v"}[s.rand.IntN(2)]
	number := strings.TrimPrefix(shopNumber(s.rand.IntN(40)), "tel:")
	if n := s.rand.IntN(30); n < 3 {
		number = []string{"+19005550106", "+442079460000", strings.TrimPrefix(shopOwn, "tel:")}[n]
	}
	w := &wished{alone: s.alone(), what: fmt.Sprintf("%s to %s asked %v for %v", button, number, time.Now(), at)}
	before := s.written()
	var err error
	if w.said, err = s.c.Rehearse(context.Background(), callback.Rehearsal{Button: button, Number: number, At: at}); err != nil {
		s.Fatalf("%s: %v", w.what, err)
	}
	if now := s.written(); !reflect.DeepEqual(now, before) {
		s.Errorf("%s: the rehearsal has done something: %v, was %v", w.what, now, before)
	}
	if !at.IsZero() {
		time.Sleep(time.Until(at))
		s.allReady()
	}
	made, err := s.c.Request(context.Background(), callback.Request{Button: button, Number: number, Consent: true, Act: "form"})
	var f *fault.Fault
	switch {
	case errors.As(err, &f):
		s.tally[string(f.Code)]++
		if w.said.Refused == nil || w.said.Refused.Code != f.Code {
			s.Errorf("%s: refused with %v, rehearsed %v", w.what, f, w.said.Refused)
		}
		return nil
	case err != nil:
		s.Fatal(err)
	case w.said.Refused != nil:
		s.Fatalf("%s: taken, rehearsed as refused: %v", w.what, w.said.Refused)
	}
	w.cb = made.Callback.ID
	c, said := made.Callback, w.said.Callback
	s.tally[string(c.State)]++
	if c.State != said.State || c.Reason != said.Reason || made.Due.At.Sub(w.said.Served).Abs() > time.Second {
		s.Errorf("%s: %s (%s) at %v, rehearsed %s (%s) at %v", w.what, c.State, c.Reason, made.Due.At, said.State, said.Reason, w.said.Served)
	}
	return w
}

// alone says whether nothing else is under way or planned.
func (s *shop) alone() bool {
	for _, n := range s.c.Counts() {
		if n > 0 {
			return false
		}
	}
	return true
}

// written is what a rehearsal must not change.
func (s *shop) written() []any {
	newest, err := s.store.Callbacks(context.Background(), "", callback.Filter{Limit: 3})
	if err != nil {
		s.Fatal(err)
	}
	s.sw.mu.Lock()
	defer s.sw.mu.Unlock()
	return []any{newest, len(s.sw.all), s.c.Agents()}
}

// settles waits until the callback has ended, and compares who was rung.
func (s *shop) settles(w *wished) {
	for {
		c, err := s.store.Callback(context.Background(), "", w.cb)
		if err != nil {
			s.Fatal(err)
		}
		if !c.Live() {
			s.compare(w, c)
			return
		}
		if c.State == callback.Scheduled && len(c.Attempts) == 0 && w.said.Ahead {
			s.allReady()
		}
		if c.State == callback.Queued && len(c.Attempts) == 0 && time.Since(c.ArrivedAt) > 2*time.Minute {
			s.allReady()
			w.alone = false
		}
		time.Sleep(5 * time.Second)
	}
}

// compare holds the orders of the switch against the rehearsal.
func (s *shop) compare(w *wished, c *callback.Callback) {
	rung := map[string]bool{}
	n := 0
	orders := s.sw.of(c.ID)
	first := len(c.Attempts) > 0 && w.said.Callback.State != callback.Queued // as rehearsed, not after a wait for whoever came first
	for _, o := range orders {
		_, l := c.Leg(o.Leg)
		if o.Party == cti.Visitor {
			s.hears(w, "the visitor", o, w.said.Visitor)
			a, _ := c.Leg(o.Leg)
			for _, r := range w.said.Rings {
				if c.Order == subscriber.AgentFirst && r.Agent == a.Agent && a.Agent != "" && r.CallerID.E164() != o.From {
					s.Errorf("%s: called from %s, rehearsed %s", w.what, o.From, r.CallerID.E164())
				}
			}
			continue
		}
		who := string(l.Agent)
		if rung[who] || !w.alone || !first {
			continue
		}
		rung[who] = true
		at := slices.IndexFunc(w.said.Rings, func(r callback.Rung) bool { return string(r.Agent) == who })
		if at > n && together(w.said.Rings[n:at+1]) { // at once: in any order
			w.said.Rings[n], w.said.Rings[at] = w.said.Rings[at], w.said.Rings[n]
			w.said.Rings[n].Together, w.said.Rings[at].Together = true, true
			at = n
		}
		if who == "" && w.said.Escalates != nil && at < 0 {
			continue // it was escalated after a while
		}
		if n > 0 && slices.ContainsFunc(w.said.Passed, func(k callback.PassedOver) bool { return string(k.Agent) == who && k.Why == "outside_hours" }) {
			continue // her hours began meanwhile
		}
		if at != n {
			s.Errorf("%s: number %d to be rung is %q, rehearsed was %d: %+v, passed %+v", w.what, n, who, at, w.said.Rings, w.said.Passed)
			return
		}
		s.telephone(w, o, w.said.Rings[at])
		n++
	}
	if first && w.alone && n == 0 {
		s.Errorf("%s: nobody was rung, rehearsed %+v", w.what, w.said.Rings)
	}
	s.tally["compared"] += n
}

func together(all []callback.Rung) bool {
	return !slices.ContainsFunc(all[1:], func(r callback.Rung) bool { return !r.Together })
}

func (s *shop) telephone(w *wished, o cti.Order, r callback.Rung) {
	t := r.Telephones[0]
	if o.To != t.To || o.Confirm != t.Confirm {
		s.Errorf("%s: %s is rung and confirms by %s, rehearsed %s by %s", w.what, o.To, o.Confirm, t.To, t.Confirm)
	}
	if o.Ring != t.Ring {
		s.Errorf("%s: %s rings %v, rehearsed %v", w.what, o.To, o.Ring, t.Ring)
	}
	s.hears(w, string(o.To), o, t.Hears)
}

// hears compares what a telephone was told to play with the words that were rehearsed.
func (s *shop) hears(w *wished, who string, o cti.Order, said []callback.Spoken) {
	var want []callback.Spoken
	for _, p := range []struct {
		when string
		cti.Prompt
	}{{"answers", o.Hear.First}, {"takes_it", o.Waits.First}, {"machine", o.Message}} {
		if text := wordsOf(p.Prompt); text != "" {
			want = append(want, callback.Spoken{When: p.when, Text: text})
		}
	}
	if len(want)+len(said) > 0 && !reflect.DeepEqual(want, said) {
		s.Errorf("%s: %s hears %q, rehearsed %q", w.what, who, want, said)
	}
}

// wordsOf looks up in the table of recordings what clips say.
func wordsOf(p cti.Prompt) string {
	var all []string
	for _, c := range p.Clips {
		lang, _, _ := strings.Cut(string(c), "/")
		switch text := speech.Lang(lang).Recordings()[string(c)]; {
		case text != "":
			all = append(all, text)
		case strings.HasSuffix(string(c), ".wav"):
			all = append(all, "["+strings.TrimPrefix(string(c), "./")+"]")
		}
	}
	return strings.Join(all, " ")
}

func (s *shop) close() {
	s.c.Stop()
	s.sw.Kill()
	s.Log(s.tally)
	for _, must := range []string{"scheduled", "queued", "ringing_agent", "ringing_visitor", "number_type", "number_region", "number_own", "number_not_served", "limit_number"} {
		if s.tally[must] == 0 {
			s.Errorf("no instant ended in %s: this proves little", must)
		}
	}
	if s.tally["compared"] < 200 {
		s.Errorf("only %d telephones were compared", s.tally["compared"])
	}
}
