package sim

import (
	"context"
	"fmt"
	"log/slog"
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
	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/phone"
	"ringback/internal/store/storemem"
	"ringback/internal/subscriber"
)

// Measures of an office's day.
const (
	officeAgents  = 10
	officeWishes  = 2000
	officeCallers = 500
	officeDay     = 2 * time.Hour
)

// TestOneLine is a day of ten agents who answer for three businesses: 2,000 wishes to be called and 500 calls that come
// in, on a switch without telephones. At every instant that something happens, and each second, it is asked of the line
// and of the agents: no waiter is overtaken by a later one of equal priority that the same agent serves, no agent is held
// twice, none is idle while a call she may take waits, no visitor's telephone rings without a free agent held for her, and
// everybody who was not chosen is told of with a reason.
//
//	SEED=3 go test ./test/sim -run TestOneLine    another day
func TestOneLine(t *testing.T) {
	seed := 1
	if s := os.Getenv("SEED"); s != "" {
		seed = number(t, s)
	}
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t, uint64(seed))
		o.lives()
		o.close()
	})
}

// office is the world of that day.
type office struct {
	*testing.T
	rand   *rand.Rand
	store  *storemem.Store
	phones *ctisim.Phones
	sw     *ctisim.Switch
	c      *callback.Conductor
	dir    *directory.Directory

	stirred chan struct{}
	mu      sync.Mutex
	shown   map[id.Callback]*callback.Callback
	live    map[id.Callback]*callback.Callback
	since   map[id.Callback]time.Time // it waits
	given   map[id.Callback]gift      // at this instant
	busy    map[cti.Endpoint]time.Time
	wrong   int
	tally   officeTally
}

// officeTally is what the day was.
type officeTally struct {
	given, retries, instants, waited int
	longest                          time.Duration
	outcomes                         map[callback.Outcome]int
}

func openOffice(t *testing.T, seed uint64) *office {
	o := &office{T: t, rand: rand.New(rand.NewPCG(seed, 0x6f666669)), phones: ctisim.NewPhones(), stirred: make(chan struct{}, 1),
		shown: map[id.Callback]*callback.Callback{}, live: map[id.Callback]*callback.Callback{}, since: map[id.Callback]time.Time{}, given: map[id.Callback]gift{},
		busy: map[cti.Endpoint]time.Time{}, tally: officeTally{outcomes: map[callback.Outcome]int{}}}
	mint := id.NewMint(time.Now, seeded(seed))
	o.store = storemem.New(mint, time.Now)
	if _, err := o.store.Apply(context.Background(), o.setup(), directory.Options{}); err != nil {
		t.Fatal(err)
	}
	o.sw = ctisim.New(o.phones, func(e cti.Event) { o.c.OnSwitch(e) })
	o.c = callback.NewConductor(&unpolled{Store: o.store}, o.store, o.sw, callback.Settings{Mint: mint, Key: key, Now: time.Now,
		Publisher: o, Meter: idleMeter{}, Log: slog.New(slog.DiscardHandler)})
	if err := o.c.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	o.dir = o.c.Directory()
	return o
}

// unpolled is a disk that is not asked each second what is due: the wake-ups in memory must do.
type unpolled struct{ callback.Store }

func (*unpolled) Due(context.Context, time.Time, int) ([]id.Callback, error) { return nil, nil }

type idleMeter struct{}

func (idleMeter) Invited(time.Duration)  {}
func (idleMeter) Ended(callback.Outcome) {}
func (idleMeter) OutOfPlace(string)      {}
func (idleMeter) Refused(error)          {}
func (idleMeter) Late(time.Duration)     {}

func (idleMeter) Alarmed(callback.AlarmKind) {}

// setup: each business has its own way to choose, two buttons of different priority, and one that asks for a skill.
func (o *office) setup() directory.Setup {
	s := directory.Setup{Trunks: []cti.Trunk{{Slug: "pstn", Address: "sip:127.0.0.1:5070", Prefixes: []string{""}}}}
	for i, name := range []string{"acme", "birch", "cedar"} {
		s.Subscribers = append(s.Subscribers, subscriber.Subscriber{Slug: name, Name: name, Regions: []string{"US"}, TimeZone: "UTC",
			CallerID: phone.Number(numbers[name]), Limits: subscriber.Limits{Concurrent: 1000, MaxTalk: time.Hour},
			Routing: subscriber.Routing{WrapUp: 5 * time.Second, Strategy: []subscriber.Strategy{subscriber.LongestIdle, subscriber.RoundRobin, subscriber.LeastTalk}[i]}})
		for b, order := range []subscriber.Order{subscriber.AgentFirst, subscriber.VisitorFirst, subscriber.AgentFirst} {
			button := subscriber.Button{Slug: fmt.Sprintf("%s-%d", name, b), Subscriber: id.Subscriber(name), Order: order, Tries: 3, Priority: b}
			if b == 2 {
				button.Skills = map[string]int{"gas": 2}
			}
			s.Buttons = append(s.Buttons, button)
		}
	}
	for i := range officeAgents {
		slug := fmt.Sprintf("agent-%d", i)
		s.Agents = append(s.Agents, agent.Agent{Slug: slug, Ready: true, Devices: []agent.Device{{To: cti.Endpoint("sip:" + slug + "@phones.example")}}})
		for j, name := range []string{"acme", "birch", "cedar"} {
			if i == 0 || (i+j)%3 != 0 {
				s.Representations = append(s.Representations, agent.Representation{Agent: id.Agent(slug), Subscriber: id.Subscriber(name),
					Priority: i % 2, Skills: map[string]int{"gas": 1 + i%3}})
			}
		}
	}
	return s
}

// lives lets people ask and call, and agents come and go, until all that was promised is over.
func (o *office) lives() {
	for i := range officeAgents {
		o.phones.Person(cti.Endpoint(fmt.Sprintf("sip:agent-%d@phones.example", i)), o.answers()...)
	}
	ctx, stop := context.WithCancel(context.Background())
	var people, others sync.WaitGroup
	for i := range officeWishes {
		at, r := upTo(o.rand, officeDay), o.wish(i)
		people.Go(func() {
			<-time.After(at)
			if _, err := o.c.Request(ctx, r); err != nil {
				o.trouble("request: %v", err)
			}
		})
	}
	for i := range officeCallers {
		at, to := upTo(o.rand, officeDay), []string{"acme", "birch", "cedar"}[o.rand.IntN(3)]
		who := ctisim.Person{Talk: upTo(o.rand, 4*time.Minute) + time.Second}
		people.Go(func() {
			<-time.After(at)
			o.sw.Arrive(id.Trunk(fmt.Sprintf("trk_%d", i)), fmt.Sprintf("+1202556%04d", i), numbers[to], who)
		})
	}
	presence := rand.New(rand.NewPCG(o.rand.Uint64(), 3))
	others.Go(func() { o.comeAndGo(ctx, presence) })
	asked := make(chan struct{})
	others.Go(func() { people.Wait(); close(asked) })
	for end := time.Now().Add(dayEnd); time.Now().Before(end); {
		live := o.look()
		select {
		case <-asked:
			if !live {
				stop()
				others.Wait()
				return
			}
		default:
		}
		select {
		case <-o.stirred:
		case <-time.After(time.Second):
		}
	}
	o.trouble("the day does not end")
	stop()
	others.Wait()
}

// answers are what an agent does, call by call: now and then she lets one ring, is busy or declines.
func (o *office) answers() (all []ctisim.Person) {
	for range officeWishes {
		switch n := o.rand.IntN(30); {
		case n == 0:
			all = append(all, ctisim.RingsForEver())
		case n == 1:
			all = append(all, ctisim.Busy())
		case n == 2:
			all = append(all, ctisim.Declines(time.Second))
		default:
			all = append(all, ctisim.Answers(time.Second+upTo(o.rand, 3*time.Second), 0))
		}
	}
	return all
}

// wish is one that is asked for, and how its visitor answers, try by try.
func (o *office) wish(i int) callback.Request {
	at := fmt.Sprintf("sip:v%d@visitors.example", i)
	talk := ctisim.Takes(time.Second+upTo(o.rand, 4*time.Second), time.Second, 2*time.Second+upTo(o.rand, 20*time.Second))
	tries := []ctisim.Person{talk}
	switch n := o.rand.IntN(10); {
	case n < 2:
		tries = []ctisim.Person{ctisim.Busy(), talk}
	case n < 3:
		tries = []ctisim.Person{ctisim.RingsForEver(), ctisim.Busy(), talk}
	}
	o.phones.Person(cti.Endpoint(at), tries...)
	button := fmt.Sprintf("%s-%d", []string{"acme", "birch", "cedar"}[o.rand.IntN(3)], o.rand.IntN(3))
	return callback.Request{Button: button, Endpoint: at, By: &login.Principal{Role: login.Operator}, SkipLimits: true}
}

// comeAndGo lets agents pause and come back; in the end all are there.
func (o *office) comeAndGo(ctx context.Context, r *rand.Rand) {
	slugs := make([]id.Agent, 0, officeAgents)
	for i := range officeAgents {
		slugs = append(slugs, id.Agent(o.dir.ID(directory.Agent, fmt.Sprintf("agent-%d", i))))
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(upTo(r, 40*time.Second)):
		}
		p := []agent.Presence{agent.Ready, agent.Ready, agent.Ready, agent.Paused}[r.IntN(4)]
		_, _ = o.c.SetPresence(ctx, slugs[r.IntN(len(slugs))], p, "") // refused where it does not fit
	}
}

func (o *office) close() {
	o.c.Stop()
	o.sw.Kill()
	o.ended()
	t := &o.tally
	o.Logf("%d given to agents, %d retries, %d instants looked at, %d waited, the longest %v, outcomes %v", t.given, t.retries, t.instants, t.waited, t.longest.Round(time.Second), t.outcomes)
	if t.retries < officeWishes/10 || t.waited < officeWishes/10 || t.given < officeWishes {
		o.Errorf("this day proves little")
	}
}

// trouble notes what must not be; it may be called from anywhere.
func (o *office) trouble(format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.bad(format, args...)
}

func (o *office) bad(format string, args ...any) {
	if o.wrong++; o.wrong <= 10 {
		o.Errorf(format, args...)
	}
}
