package sim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
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
	"ringback/internal/store/storemem"
	"ringback/internal/subscriber"
)

const (
	shopZone = "America/New_York"
	// From Friday evening to Monday noon, and a month. So far ahead may be booked: the test waits for what was booked last.
	shopDays, shopAhead       = 2*24*time.Hour + 17*time.Hour, 4 * time.Hour
	shopMonth, shopMonthAhead = 31 * 24 * time.Hour, 7 * 24 * time.Hour
	// shopWindow is how late a call that was promised for a time may begin.
	shopWindow = 30 * time.Minute
)

// TestMonthOfAShop lets visitors come to a shop that is closed at night, on Sundays and on holidays, and whose people have hours,
// fall ill, let calls ring and go home. Visitors want a call now, in a while or at a time that is offered, look at their page,
// cancel, move, do not answer, are busy. Every sentence that a page shows is kept as a claim and held against what then happens
// (claims_test.go), and no callback is ever past its time without a reason on record.
//
//	RINGBACK_TEST_LONG=1 SEED=3 go test ./test/sim -run TestMonthOfAShop    a month, another one
func TestMonthOfAShop(t *testing.T) {
	seed, last, ahead := 1, shopDays, shopAhead
	if s := os.Getenv("SEED"); s != "" {
		seed = number(t, s)
	}
	if os.Getenv("RINGBACK_TEST_LONG") != "" {
		last, ahead = shopMonth, shopMonthAhead
	}
	synctest.Test(t, func(t *testing.T) {
		m := openMonth(t, uint64(seed), ahead)
		m.lives(last)
		m.close()
	})
}

// month is the world of that month.
type month struct {
	*testing.T
	loc    *time.Location
	phones *ctisim.Phones
	store  *storemem.Store
	sw     *ctisim.Switch
	c      *callback.Conductor
	book   claims
	people sync.WaitGroup
	agents sync.WaitGroup

	mu    sync.Mutex
	n     int
	wrong int
}

func openMonth(t *testing.T, seed uint64, ahead time.Duration) *month {
	m := &month{T: t, phones: ctisim.NewPhones(), book: newClaims()}
	var err error
	if m.loc, err = schedule.Zone(shopZone); err != nil {
		t.Fatal(err)
	}
	mint := id.NewMint(time.Now, seeded(seed))
	m.store = storemem.New(mint, time.Now)
	if _, err := m.store.Apply(context.Background(), m.setup(ahead), directory.Options{}); err != nil {
		t.Fatal(err)
	}
	night, err := schedule.ParseNight("21:00-08:00")
	if err != nil {
		t.Fatal(err)
	}
	m.sw = ctisim.New(m.phones, func(e cti.Event) { m.c.OnSwitch(e) })
	m.c = callback.NewConductor(&unpolled{Store: m.store}, m.store, m.sw, callback.Settings{Mint: mint, Key: key, Now: time.Now,
		Policy: callback.Policy{Night: night}, Publisher: m, Meter: idleMeter{}, Log: slog.New(slog.DiscardHandler)})
	if err := m.c.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	m.come(seed)
	return m
}

// setup is the shop: Ann is there all day, Bob in the morning, Cleo from noon on.
func (m *month) setup(ahead time.Duration) directory.Setup {
	hours := func(days map[string][]string) schedule.Hours {
		h, err := schedule.ParseHours(days)
		if err != nil {
			m.Fatal(err)
		}
		return h
	}
	s := directory.Setup{
		Trunks: []cti.Trunk{{Slug: "pstn", Address: "sip:127.0.0.1:5070", Prefixes: []string{""}}},
		Subscribers: []subscriber.Subscriber{{Slug: "shop", Name: "The Shop", Regions: []string{"US"}, TimeZone: shopZone, CallerID: "+12025550190",
			Hours: hours(map[string][]string{"mon-fri": {"09:00-17:00"}, "sat": {"10:00-14:00"}}), Holidays: schedule.Days{"2000-01-17"},
			Slots:  schedule.Slots{Every: 15 * time.Minute, Capacity: 2, Ahead: ahead, Notice: 30 * time.Minute, Window: shopWindow},
			Limits: subscriber.Limits{Concurrent: 10, MaxTalk: time.Hour}}},
		Buttons: []subscriber.Button{
			{Slug: "shop-a", Subscriber: "shop", Order: subscriber.AgentFirst, Proof: "off", Tries: 3},
			{Slug: "shop-v", Subscriber: "shop", Order: subscriber.VisitorFirst, Proof: "off", Tries: 2},
		},
	}
	for _, a := range shopPeople {
		s.Agents = append(s.Agents, agent.Agent{Slug: a.slug, Name: a.slug, Devices: []agent.Device{{To: a.at()}}})
		s.Representations = append(s.Representations, agent.Representation{Agent: id.Agent(a.slug), Subscriber: "shop", DisplayName: a.slug, Hours: hours(a.hours)})
	}
	return s
}

// shopPerson is an agent and the hours in which she is at work.
type shopPerson struct {
	slug  string
	hours map[string][]string
}

var shopPeople = []shopPerson{
	{"ann", nil},
	{"bob", map[string][]string{"mon-fri": {"09:00-13:00"}, "sat": {"10:00-14:00"}}},
	{"cleo", map[string][]string{"mon-fri": {"12:00-17:00"}}},
}

func (p shopPerson) at() cti.Endpoint { return cti.Endpoint("sip:" + p.slug + "@phones.example") }

// come gives each agent her telephone and how she answers it, call by call.
func (m *month) come(seed uint64) {
	for i, p := range shopPeople {
		r := rand.New(rand.NewPCG(seed, 0x616e6e+uint64(i)))
		var all []ctisim.Person
		for range 5000 {
			switch n := r.IntN(40); {
			case n == 0:
				all = append(all, ctisim.RingsForEver())
			case n == 1:
				all = append(all, ctisim.Declines(2*time.Second))
			default:
				all = append(all, ctisim.Answers(time.Second+upTo(r, 6*time.Second), 0))
			}
		}
		m.phones.Person(p.at(), all...)
	}
}

// lives lets so much time pass, and as much more as it takes until all that was promised is over.
func (m *month) lives(last time.Duration) {
	ctx, stop := context.WithCancel(context.Background())
	for i, p := range shopPeople {
		m.agents.Go(func() { m.works(ctx, p, rand.New(rand.NewPCG(99, uint64(i)))) })
	}
	m.agents.Go(func() { m.watch(ctx) })
	r := rand.New(rand.NewPCG(5, 8))
	for end := time.Now().Add(last); time.Now().Before(end); {
		<-time.After(time.Duration(r.ExpFloat64() * float64(m.every())))
		v := &shopper{rand: rand.New(rand.NewPCG(r.Uint64(), 1)), n: m.n}
		m.n++
		m.people.Go(func() { v.lives(m) })
	}
	m.people.Wait()
	for limit := time.Now().AddDate(0, 0, 12); m.book.live() > 0; {
		if time.Now().After(limit) {
			m.trouble("the month does not end: %d callbacks live", m.book.live())
			break
		}
		<-time.After(time.Minute)
	}
	<-time.After(time.Minute)
	stop()
	m.agents.Wait()
}

// every is how much time passes between two visitors, now.
func (m *month) every() time.Duration {
	at := time.Now().In(m.loc)
	switch {
	case at.Hour() < 7 || at.Hour() >= 23:
		return 2 * time.Hour
	case at.Weekday() == time.Sunday || at.Hour() < 9 || at.Hour() >= 17:
		return 30 * time.Minute
	case at.Hour() == 9 || at.Hour() == 15:
		return 3 * time.Minute
	}
	return 6 * time.Minute
}

// works is an agent's life: she comes when her hours begin, unless she is ill, and goes when they end.
func (m *month) works(ctx context.Context, p shopPerson, r *rand.Rand) {
	who := id.Agent(m.c.Directory().ID(directory.Agent, p.slug))
	ill, day := false, -1
	there := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Minute):
		}
		at := time.Now().In(m.loc)
		if at.YearDay() != day {
			day, ill = at.YearDay(), r.IntN(10) == 0
		}
		ill = ill || there && r.IntN(6000) == 0 // falls ill in the middle of a day
		open := m.open(p, at)
		switch {
		case open && !ill && !there:
			there = true
			m.becomes(ctx, who, agent.Ready)
		case (!open || ill) && there:
			there = false
			m.becomes(ctx, who, agent.Finishing)
		case there && m.c.Agents()[who].Presence == agent.Paused:
			m.becomes(ctx, who, agent.Ready) // she had let two calls ring
		}
	}
}

// open says whether an agent is at work: a quarter of an hour longer than the shop is open, for who still waits.
func (m *month) open(p shopPerson, at time.Time) bool {
	dir := m.c.Directory()
	s := dir.Subscribers[id.Subscriber(dir.ID(directory.Subscriber, "shop"))]
	c := dir.Calendar(s, nil).Business()
	if !c.Open(at) && !c.Open(at.Add(-15*time.Minute)) {
		return false
	}
	for _, rep := range dir.Representatives(s.ID) {
		if dir.Agents[rep.Agent].Slug == p.slug {
			return rep.Hours.Open(at, m.loc)
		}
	}
	return false
}

func (m *month) becomes(ctx context.Context, who id.Agent, p agent.Presence) {
	_, _ = m.c.SetPresence(ctx, who, p, "") // refused where it does not fit
}

// shopper is one visitor.
type shopper struct {
	rand *rand.Rand
	n    int
}

// lives asks for a call, looks at the page, and now and then changes her mind.
func (v *shopper) lives(m *month) {
	r := v.rand
	to := phone.Number(fmt.Sprintf("+1212555%04d", v.n))
	m.phones.Person(cti.Endpoint("tel:"+string(to)), v.answers()...)
	dir := m.c.Directory()
	b, s := dir.Button([]string{"shop-a", "shop-v"}[r.IntN(2)])
	diary := m.c.Diary(s, b)
	when := v.when(m, diary)
	made, err := m.c.Request(context.Background(), callback.Request{Button: string(b.ID), Number: string(to), When: when, Consent: true, Visitor: fmt.Sprint(v.n)})
	if err != nil {
		if !isCode(err, fault.LimitSubscriber) && !(when.IsAfter() && isCode(err, fault.OutsideHours)) { // the times of that quarter of an hour are taken
			m.trouble("a visitor is refused: %v", err)
		}
		return
	}
	cb := made.Callback.ID
	m.look(cb)
	for i := range 8 {
		<-time.After(30*time.Second + upTo(r, 3*time.Minute))
		c := m.look(cb)
		if c.State == callback.Ended {
			v.again(m, c, diary)
			return
		}
		switch n := r.IntN(60); {
		case n == 0 && i > 0:
			m.book.acted(cb)
			_, _ = m.c.Cancel(context.Background(), cb, callback.ByVisitor) // too late, sometimes
		case n == 1:
			if all := diary.Offer(time.Now()); len(all) > 0 {
				m.book.acted(cb)
				_, _ = m.c.Reschedule(context.Background(), cb, m.at(all[r.IntN(len(all))]), callback.ByVisitor) // too late, sometimes
			}
		}
	}
}

// again asks for another call by the page of one that came to nothing.
func (v *shopper) again(m *month, c *callback.Callback, diary schedule.Diary) {
	all := diary.Offer(time.Now())
	if c.Outcome == callback.Completed || c.Outcome == callback.Cancelled || !callback.MayAgain(c) || len(all) == 0 || v.rand.IntN(2) == 0 {
		return
	}
	made, err := m.c.Again(context.Background(), c, callback.Another{When: m.at(all[v.rand.IntN(len(all))]), Visitor: fmt.Sprint(v.n),
		Answer: func(m *callback.Made) callback.Kept { return callback.Kept{Status: 201, Body: []byte(m.Callback.ID)} }})
	if err != nil {
		m.trouble("another call at a time that is offered is refused: %v", err)
		return
	}
	m.look(made.Callback.ID)
}

func (v *shopper) when(m *month, d schedule.Diary) schedule.When {
	r := v.rand
	switch n := r.IntN(100); {
	case n < 65:
		return schedule.When{}
	case n < 75 && d.Open(time.Now().Add(10*time.Minute)):
		return schedule.After(10 * time.Minute)
	}
	all := d.Offer(time.Now())
	if len(all) == 0 {
		return schedule.When{}
	}
	return m.at(all[int(float64(len(all))*math.Pow(r.Float64(), 3))]) // rather soon
}

func (m *month) at(t time.Time) schedule.When {
	return schedule.At(t.In(m.loc).Format("2006-01-02T15:04"), shopZone)
}

// answers is what she does when her telephone rings, call by call. Half of all confirm by a key; it is not asked of those who are
// rung second.
func (v *shopper) answers() []ctisim.Person {
	r := v.rand
	talk := time.Minute + time.Duration(math.Exp(0.6*r.NormFloat64())*float64(2*time.Minute))
	takes := ctisim.Takes(2*time.Second+upTo(r, 12*time.Second), 2*time.Second, min(talk, 25*time.Minute))
	switch n := r.IntN(100); {
	case n < 6:
		return []ctisim.Person{ctisim.RingsForEver(), takes}
	case n < 9:
		return []ctisim.Person{ctisim.RingsForEver()} // she does not come
	case n < 14:
		return []ctisim.Person{ctisim.Busy(), takes}
	case n < 16:
		return []ctisim.Person{ctisim.Busy()}
	case n < 18:
		return []ctisim.Person{ctisim.Busy(), ctisim.RingsForEver(), ctisim.Busy()}
	case n < 20:
		return []ctisim.Person{ctisim.RingsForEver(), ctisim.Busy()}
	case n < 22:
		return []ctisim.Person{ctisim.Declines(3 * time.Second)}
	case n < 24:
		return []ctisim.Person{ctisim.AnsweringMachine(15 * time.Second)}
	}
	return []ctisim.Person{takes}
}

func isCode(err error, c fault.Code) bool {
	var f *fault.Fault
	return errors.As(err, &f) && f.Code == c
}

// watch looks each minute whether anything is past its time.
func (m *month) watch(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Minute):
		}
		for _, c := range m.book.overdue(time.Now().Add(-5 * time.Second)) {
			m.trouble("%s is %s since %v after its time, without a reason", c.ID, c.State, time.Since(c.DueAt))
		}
	}
}

func (m *month) close() {
	m.c.Stop()
	m.sw.Kill()
	m.judge()
}

// trouble notes what must not be; it may be called from anywhere.
func (m *month) trouble(format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.wrong++; m.wrong <= 15 {
		m.Errorf("%v: %s", time.Now().In(m.loc).Format("Jan 2 15:04:05"), fmt.Sprintf(format, args...))
	}
}
