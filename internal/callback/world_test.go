package callback_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
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
	"ringback/internal/id"
	"ringback/internal/letter"
	"ringback/internal/login"
	"ringback/internal/schedule"
	"ringback/internal/subscriber"
)

// Telephones of the stories, by the names that stories use.
var telephones = map[string]cti.Endpoint{
	"ann":    "sip:ann@phones.example",
	"bob":    "sip:bob@phones.example",
	"cleo":   "sip:cleo@phones.example",
	"joe":    "tel:+12025550140", // an agent's mobile
	"mobile": "tel:+12025550141", // ann's second telephone
	"shop":   "tel:+12025550150", // the business's own
	"vera":   "tel:+12025550100", // visitors
	"walt":   "tel:+12025550199",
	"xena":   "tel:+12025550198",
}

// world is one business with its agents, the people at the telephones, and a service that can die and start again. It
// lives in a bubble of simulated time.
type world struct {
	*testing.T
	ctx    context.Context
	phones *ctisim.Phones
	border *border
	mint   *id.Mint
	agents map[string]id.Agent
	acme   id.Subscriber

	sw *ctisim.Switch
	c  *callback.Conductor

	mu     sync.Mutex
	jump   time.Duration // of the wall clock
	jumped bool
	told   map[id.Callback][]callback.Line
	shown  map[id.Callback]*callback.Callback
	more   chan struct{}
	out    []outage
	strays int // events out of place
	wishes []id.Callback
	trunks []cti.Trunk // as the switch was last told

	recorder callback.Recorder // nil = nothing is recorded
	restored time.Time         // of the next start
	policy   callback.Policy
	tell     func(callback.Alarm) []letter.Letter
}

// watchers are what its store keeps of that.
func (w *world) watchers() callback.Watchers {
	all, _ := w.border.inner.(callback.Watchers)
	return all
}

// outage is a time in which no service ran: nobody is heard or served then.
type outage struct{ from, to time.Time }

// newWorld sets the business up and starts the service.
func newWorld(t *testing.T, set func(*directory.Setup)) *world {
	w := &world{T: t, ctx: context.Background(), phones: ctisim.NewPhones(), told: map[id.Callback][]callback.Line{},
		shown: map[id.Callback]*callback.Callback{}, more: make(chan struct{}), agents: map[string]id.Agent{}}
	w.mint = id.NewMint(time.Now, seeded(7))
	w.border = newBorder(w)
	s := setup()
	if set != nil {
		set(&s)
	}
	w.apply(s)
	w.boot()
	d := w.c.Directory()
	for a, ag := range d.Agents {
		w.agents[ag.Slug] = a
	}
	w.acme = id.Subscriber(d.ID(directory.Subscriber, "acme"))
	return w
}

func seeded(n uint64) io.Reader {
	var seed [32]byte
	seed[0] = byte(n)
	return rand.NewChaCha8(seed)
}

func (w *world) apply(s directory.Setup) {
	w.Helper()
	if _, err := w.border.book.Apply(w.ctx, s, directory.Options{}); err != nil {
		w.Fatalf("apply: %v", err)
	}
}

// setup is Acme, served by ann and bob; everybody is ready.
func setup() directory.Setup {
	return directory.Setup{
		Trunks: []cti.Trunk{{Slug: "pstn", Address: "sip:127.0.0.1:5070", Prefixes: []string{""}}},
		Subscribers: []subscriber.Subscriber{{Slug: "acme", Name: "Acme Plumbing", Regions: []string{"US"}, TimeZone: "America/New_York",
			CallerID: "+12025550190", Limits: subscriber.Limits{Concurrent: 5, MaxTalk: time.Hour}}},
		Buttons: []subscriber.Button{{Slug: "acme-main", Subscriber: "acme", Order: subscriber.AgentFirst, Channels: []string{"phone"},
			Proof: "off", Tries: 3, Confirm: subscriber.Confirm{Agent: "auto", Visitor: "auto"}}},
		Agents:          []agent.Agent{person("ann", "ann"), person("bob", "bob")},
		Representations: []agent.Representation{represents("ann"), represents("bob")},
	}
}

// person is an agent with telephones, ready from the start.
func person(slug string, devices ...string) agent.Agent {
	a := agent.Agent{Slug: slug, Name: slug, Ready: true}
	for _, d := range devices {
		a.Devices = append(a.Devices, agent.Device{To: telephones[d]})
	}
	return a
}

func represents(slug string) agent.Representation {
	priority := map[string]int{"ann": 1, "joe": 1, "bob": 2, "cleo": 3}[slug]
	return agent.Representation{Agent: id.Agent(slug), Subscriber: "acme", DisplayName: slug + " at Acme", Priority: priority}
}

// only leaves these agents, each at the telephone of her name.
func only(slugs ...string) func(*directory.Setup) {
	return func(s *directory.Setup) {
		s.Agents, s.Representations = nil, nil
		for _, n := range slugs {
			s.Agents = append(s.Agents, person(n, n))
			s.Representations = append(s.Representations, represents(n))
		}
	}
}

// boot starts a service on what is on disk and on the telephones as they are.
func (w *world) boot() {
	w.Helper()
	w.bootOn(ctisim.New(w.phones, w.onSwitch))
}

// bootOn starts a service on a switch that may have calls up.
func (w *world) bootOn(sw *ctisim.Switch) {
	w.Helper()
	w.border.revive()
	w.sw = sw
	w.sw.Clock(w.now)
	c := callback.NewConductor(w.border, w.border, &frailSwitch{w.border, w}, callback.Settings{
		Mint: w.mint, Key: []byte("0123456789abcdef0123456789abcdef"), Now: w.now, Publisher: w, Meter: w,
		Log: slog.New(slog.DiscardHandler), Recorder: w.recorder, Policy: w.policy, Restored: w.restored, Watchers: w.watchers(), Tell: w.tell,
	})
	w.mu.Lock()
	w.c = c
	w.mu.Unlock()
	if err := c.Start(w.ctx); err != nil && !w.border.isDead() {
		w.Fatalf("start: %v", err)
	}
}

// restartSwitch replaces the switch by one that knows nothing, under a service that does not notice.
func (w *world) restartSwitch() {
	w.sw.Kill()
	w.sw = ctisim.New(w.phones, w.onSwitch)
	if err := w.sw.Trunks(w.ctx, w.trunks); err != nil {
		w.Fatalf("trunks: %v", err)
	}
}

// onSwitch hands a fact to the service that runs.
func (w *world) onSwitch(e cti.Event) {
	w.mu.Lock()
	c := w.c
	w.mu.Unlock()
	c.OnSwitch(e)
}

// kill ends the service as kill -9 does: what is not on disk is lost, no telephone learns of it.
func (w *world) kill() {
	w.border.die()
	w.down()
}

func (w *world) down() {
	w.sw.Kill()
	w.c.Stop()
	w.out = append(w.out, outage{from: time.Now()})
}

// back starts the service again after it was down for a time.
func (w *world) back(after time.Duration) {
	w.Helper()
	pass(after)
	w.boot()
	w.out[len(w.out)-1].to = time.Now()
}

func (w *world) stop() {
	w.c.Stop()
	w.sw.Kill()
}

// now is the wall clock, which may jump.
func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.jump)
}

func (w *world) jumps(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.jump += d
	w.jumped = true
}

// pass lets simulated time go by.
func pass(d time.Duration) { <-time.After(d) }

// wish is a request with the usual answers.
func wish(visitor string, change ...func(*callback.Request)) callback.Request {
	r := callback.Request{Button: "acme-main", Number: telephones[visitor].Number(), By: &login.Principal{Role: login.Operator}, SkipLimits: true}
	for _, f := range change {
		f(&r)
	}
	return r
}

func visitorFirst(r *callback.Request) { r.Order = subscriber.VisitorFirst }

func at(w schedule.When) func(*callback.Request) {
	return func(r *callback.Request) { r.When = w }
}

// ask makes a wish that must be taken.
func (w *world) ask(visitor string, change ...func(*callback.Request)) id.Callback {
	w.Helper()
	m, err := w.c.Request(w.ctx, wish(visitor, change...))
	if err != nil {
		w.Fatalf("request: %v", err)
	}
	w.wishes = append(w.wishes, m.Callback.ID)
	return m.Callback.ID
}

// Publish keeps what screens would show.
func (w *world) Publish(c *callback.Callback, lines []callback.Line) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told[c.ID] = append(w.told[c.ID], lines...)
	w.shown[c.ID] = c
	close(w.more)
	w.more = make(chan struct{})
}

func (w *world) Invited(time.Duration)  {}
func (w *world) Ended(callback.Outcome) {}
func (w *world) Refused(error)          {}
func (w *world) Late(time.Duration)     {}

func (w *world) Alarmed(callback.AlarmKind) {}

func (w *world) OutOfPlace(string) { w.mu.Lock(); w.strays++; w.mu.Unlock() }

// patience is longer than any story.
const patience = 3 * 24 * time.Hour

// until waits until what is shown of a callback fits.
func (w *world) until(cb id.Callback, what string, fits func(*callback.Callback) bool) *callback.Callback {
	w.Helper()
	limit := time.After(patience)
	for {
		w.mu.Lock()
		c, more := w.shown[cb], w.more
		w.mu.Unlock()
		if c != nil && fits(c) {
			synctest.Wait() // it is shown before its effects are carried out
			return c
		}
		select {
		case <-more:
		case <-limit:
			w.dump(cb)
			w.Fatalf("%s never came to %s", cb, what)
		}
	}
}

// reaches waits for a state.
func (w *world) reaches(cb id.Callback, s callback.State) *callback.Callback {
	w.Helper()
	return w.until(cb, string(s), func(c *callback.Callback) bool { return c.State == s })
}

// rings waits until a telephone has been told that it rings.
func (w *world) rings(name string) ctisim.Call {
	w.Helper()
	limit := time.After(patience)
	for {
		for _, c := range w.phones.Calls() {
			if c.To == telephones[name] && c.GoneAt.IsZero() && !c.RingingAt.IsZero() {
				synctest.Wait()
				return c
			}
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-limit:
			w.Fatalf("%s's telephone never rang", name)
		}
	}
}

func (w *world) stored(cb id.Callback) *callback.Callback {
	w.Helper()
	c, err := w.border.inner.Callback(w.ctx, "", cb)
	if err != nil {
		w.Fatalf("read %s: %v", cb, err)
	}
	return c
}

func (w *world) journal(cb id.Callback) []callback.Line {
	w.Helper()
	lines, err := w.border.inner.Journal(w.ctx, cb)
	if err != nil {
		w.Fatalf("journal of %s: %v", cb, err)
	}
	return lines
}

// presence is an agent's, on disk.
func (w *world) presence(slug string) agent.Presence {
	w.Helper()
	all, err := w.border.inner.Agents(w.ctx)
	if err != nil {
		w.Fatalf("agents: %v", err)
	}
	return all[w.agents[slug]].Presence
}

// orders are what the switch was told about a callback, with names for telephones.
func (w *world) orders(cb id.Callback) []string {
	var out []string
	for _, t := range w.phones.Told(cb) {
		s := t.String()
		for name, e := range telephones {
			s = strings.ReplaceAll(s, string(e), name)
		}
		out = append(out, s)
	}
	return out
}

func (w *world) results(c *callback.Callback) []callback.Result {
	var out []callback.Result
	for _, a := range c.Attempts {
		out = append(out, a.Result)
	}
	return out
}

// dump shows all that is known of a callback, when a story went wrong.
func (w *world) dump(cb id.Callback) {
	w.Helper()
	lines, err := w.border.inner.Journal(w.ctx, cb)
	if err != nil {
		w.Logf("journal: %v", err)
		return
	}
	start := time.Time{}
	for i, l := range lines {
		if i > 80 {
			w.Logf("… %d lines more", len(lines)-i)
			break
		}
		if start.IsZero() {
			start = l.At
		}
		w.Logf("%10v %-9s %s --%s--> %s %s %s", l.At.Sub(start), l.Actor, l.From, l.Event, l.To, l.Reason, l.Detail)
	}
	for _, t := range w.phones.Told(cb) {
		w.Logf("%10v told: %s", t.At.Sub(start), t)
	}
	for _, c := range w.phones.Calls() {
		if c.Callback == cb {
			w.Logf("call %s %s: invite %v ringing %v answered %v gone %v by %s", c.Party, c.To, c.InviteAt.Sub(start), since(start, c.RingingAt),
				since(start, c.AnsweredAt), since(start, c.GoneAt), c.GoneBy)
		}
	}
}

func since(start, t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Sub(start).String()
}

func wantEqual[T comparable](t testing.TB, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got  %s\n want %s", what, quoted(got), quoted(want))
	}
}

func quoted[T any](s []T) string {
	var out []string
	for _, x := range s {
		out = append(out, fmt.Sprintf("%q", fmt.Sprint(x)))
	}
	return "{" + strings.Join(out, ", ") + "}"
}

var errDead = errors.New("the process is dead")
