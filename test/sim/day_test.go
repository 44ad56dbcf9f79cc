package sim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/cti/ctisip"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/simcarrier"
	"ringback/internal/wire"
)

// defaultSeeds is what fits into make test, where the race detector makes a day take four seconds of a core.
const defaultSeeds = 16

// TestSimulatedDays lives through days and asks the invariants of each.
func TestSimulatedDays(t *testing.T) {
	first, n := 1, defaultSeeds
	if s := os.Getenv("SEEDS"); s != "" {
		n = number(t, s)
	}
	if s := os.Getenv("SEED"); s != "" {
		first, n = number(t, s), 1
	} else if s := os.Getenv("FROM"); s != "" {
		first = number(t, s)
	}
	var sum tally
	t.Cleanup(func() { t.Log(sum.String()) })
	for seed := first; seed < first+n; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { live(t, uint64(seed), &sum) })
			if t.Failed() {
				t.Logf("again: SEED=%d go test ./test/sim -run TestSimulatedDays", seed)
			}
		})
	}
}

func number(t *testing.T, s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		t.Fatalf("%q is no number of seeds", s)
	}
	return n
}

// Measures of a day.
const (
	wishes    = 60
	dayLength = 60 * time.Minute
	// dayEnd is when every promise of the day must have been kept.
	dayEnd = 8 * time.Hour
	grace  = 35 * time.Second
)

// day is the world in which services live and die.
type day struct {
	*testing.T
	rand     *rand.Rand // of the main goroutine
	seed     uint64
	answered int // callers
	began    time.Time
	net      *wire.Simulated
	pace     time.Duration // of sound
	disk     disk
	mint     *id.Mint
	carrier  *simcarrier.Carrier
	counters *ctisip.Counters
	agents   []id.Agent
	told     told

	mu     sync.Mutex
	p      *process // nil while none runs
	made   map[id.Callback]time.Time
	done   map[id.Callback]bool // seen to be ended
	deaths []death
	wrong  []string
}

// death is a process that died at from, and the next that was up at to.
type death struct {
	from, to time.Time
	at       string
}

func live(t *testing.T, seed uint64, sum *tally) {
	r := rand.New(rand.NewPCG(seed, 0x646179))
	d := &day{T: t, seed: seed, rand: r, began: time.Now(), pace: pace, net: wire.NewSimulated(seed), counters: &ctisip.Counters{}, made: map[id.Callback]time.Time{}, done: map[id.Callback]bool{},
		told: told{version: map[id.Callback]int64{}, arrived: map[id.Callback]time.Time{}, ended: map[id.Callback]bool{}}}
	d.net.Fate = fate(r.Float64() * 0.12)
	d.mint = id.NewMint(time.Now, seeded(seed))
	d.disk = newDisk(t, d.mint, seed)
	var err error
	d.carrier, err = simcarrier.New(simcarrier.Config{Net: d.net, Listen: network, Seed: seed, Pace: pace, Answer: answers(seed)})
	if err != nil {
		t.Fatal(err)
	}
	defer d.carrier.Close()
	defer d.disk.close()
	d.begin()
	d.lives()
	d.judge()
	sum.add(d)
}

// tally is what all days together were.
type tally struct {
	mu                                   sync.Mutex
	days, wishes, callers, deaths, calls int
	outcomes                             map[callback.Outcome]int
	lived                                time.Duration
}

func (s *tally) add(d *day) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.outcomes == nil {
		s.outcomes = map[callback.Outcome]int{}
	}
	s.days++
	s.wishes += len(d.made)
	s.deaths += len(d.deaths)
	s.callers += d.answered
	s.calls += len(d.carrier.Ledger())
	s.lived += time.Since(d.began)
	for cb := range d.made {
		if c, err := d.disk.now().Callback(context.Background(), "", cb); err == nil {
			s.outcomes[c.Outcome]++
		}
	}
}

func (s *tally) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprintf("%d days (%v lived), %d wishes and calls taken, %d of them called us, %d calls, %d deaths, outcomes %v", s.days, s.lived.Round(time.Minute), s.wishes, s.callers, s.calls,
		s.deaths, s.outcomes)
}

func seeded(seed uint64) io.Reader {
	var s [32]byte
	for i := range 8 {
		s[i] = byte(seed >> (8 * i))
	}
	return rand.NewChaCha8(s)
}

// trouble notes what must not be; it may be called from anywhere.
func (d *day) trouble(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wrong = append(d.wrong, fmt.Sprintf(format, args...))
}

// begin sets everything up and starts the first process.
func (d *day) begin() {
	_, book := d.disk.open(nil)
	if _, err := book.Apply(context.Background(), setup(), directory.Options{}); err != nil {
		d.Fatalf("apply: %v", err)
	}
	d.p = assemble(d, d.rand, false)
	for _, slug := range []string{"ann", "bob", "cleo", "dan"} {
		d.agents = append(d.agents, id.Agent(d.p.c.Directory().ID(directory.Agent, slug)))
	}
}

// lives lets visitors come, agents come and go, and processes die and rise, until all that was promised is over.
func (d *day) lives() {
	ctx, stop := context.WithCancel(context.Background())
	var people, fates sync.WaitGroup
	for i := range wishes {
		v := d.visitor(i)
		people.Go(func() { v.lives(d) })
	}
	d.comeIn(&people, rand.New(rand.NewPCG(d.seed, 0x63616c6c)))
	presence, death := rand.New(rand.NewPCG(d.rand.Uint64(), 3)), rand.New(rand.NewPCG(d.rand.Uint64(), 4))
	fates.Go(func() { d.comeAndGo(ctx, presence) })
	fates.Go(func() { d.dieAndRise(ctx, death) })
	people.Wait()
	<-time.After(5 * time.Second) // who has just called is on disk
	limit := time.After(dayEnd)
	for !d.over() {
		select {
		case <-time.After(15 * time.Second):
		case <-limit:
			d.trouble("I1: the day does not end")
			stop()
			fates.Wait()
			d.last()
			return
		}
	}
	stop()
	fates.Wait()
	<-time.After(grace)
	d.last()
}

// last ends the last process; what it left up would be on record in the ledger by now.
func (d *day) last() {
	<-time.After(grace) // for BYEs that were lost
	d.p.bury()
}

// over says whether all that was promised has ended.
func (d *day) over() bool {
	d.calledIn()
	d.mu.Lock()
	defer d.mu.Unlock()
	for cb := range d.made {
		if d.done[cb] {
			continue
		}
		c, err := d.disk.now().Callback(context.Background(), "", cb)
		if err != nil || c.Live() {
			return false
		}
		d.done[cb] = true
	}
	return true
}

// process is the one that runs, nil while none does.
func (d *day) process() *process {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.p
}

// dieAndRise arms a death now and then, and starts a new process a few seconds after each.
func (d *day) dieAndRise(ctx context.Context, r *rand.Rand) {
	for {
		p := d.p
		next := time.After(30*time.Second + upTo(r, 15*time.Minute))
	wait:
		for {
			select {
			case <-ctx.Done():
				if p.disarm() {
					return
				}
				// It died in the last instant: the day is not over without a living process.
			case <-p.dying:
			case <-next:
				if time.Since(p.born) < grace+5*time.Second {
					next = time.After(grace)
					continue
				}
				p.arm(1 + r.IntN(40))
				next = time.After(time.Minute + upTo(r, 15*time.Minute))
				continue
			}
			break wait
		}
		at := time.Now()
		d.mu.Lock()
		d.p = nil
		d.mu.Unlock()
		p.bury()
		<-time.After(upTo(r, 8*time.Second))
		q := assemble(d, r, ctx.Err() == nil)
		d.mu.Lock()
		d.p = q
		d.deaths = append(d.deaths, death{at, time.Now(), p.last})
		d.mu.Unlock()
	}
}

// comeAndGo lets agents pause and come back.
func (d *day) comeAndGo(ctx context.Context, r *rand.Rand) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(20*time.Second + upTo(r, 4*time.Minute)):
		}
		who := d.agents[r.IntN(len(d.agents))]
		wanted := []agent.Presence{agent.Ready, agent.Ready, agent.Ready, agent.Paused, agent.Finishing}[r.IntN(5)]
		if p := d.process(); p != nil {
			_, _ = p.c.SetPresence(ctx, who, wanted, "") // refused where it does not fit, lost with a process that dies
		}
	}
}

// visitor is one wish and what its visitor does afterwards.
type visitor struct {
	at      time.Duration
	request callback.Request
	cancels time.Duration // 0 = does not
}

func (d *day) visitor(i int) *visitor {
	r := d.rand
	button := []string{"acme", "acme", "birch", "birch", "cedar"}[r.IntN(5)] + []string{"-a", "-v"}[r.IntN(2)]
	v := &visitor{at: upTo(r, dayLength)}
	if r.IntN(100) < 20 {
		v.cancels = time.Second + upTo(r, 40*time.Second)
	}
	answer := func(m *callback.Made) callback.Kept { return callback.Kept{Status: 201, Body: []byte(m.Callback.ID)} }
	v.request = callback.Request{Button: button, Number: fmt.Sprintf("+12025550%d", 100+r.IntN(40)), By: &login.Principal{Role: login.Operator},
		SkipLimits: true, Answer: answer, Once: &callback.Once{Principal: "sim", Route: "POST /callbacks", Key: fmt.Sprint(i), Request: "x"}}
	return v
}

func (v *visitor) lives(d *day) {
	<-time.After(v.at)
	cb, ok := v.asks(d)
	if !ok || v.cancels == 0 {
		return
	}
	<-time.After(v.cancels)
	for range 30 {
		if p := d.process(); p != nil {
			_, err := p.c.Cancel(context.Background(), cb, callback.ByVisitor)
			var f *fault.Fault
			if err == nil || errors.As(err, &f) && f.Code != fault.Draining {
				return
			}
		}
		<-time.After(time.Second)
	}
}

// asks posts the wish, and again with the same key until somebody answers; false = turned away.
func (v *visitor) asks(d *day) (id.Callback, bool) {
	for {
		if p := d.process(); p != nil {
			m, err := p.c.Request(context.Background(), v.request)
			var again *callback.Replayed
			var f *fault.Fault
			switch {
			case p.isDead(): // whatever it said, nobody heard it
			case err == nil:
				return d.acknowledged(m.Callback.ID)
			case errors.As(err, &again):
				return d.acknowledged(id.Callback(bytes.TrimSpace(again.Kept.Body)))
			case errors.As(err, &f) && f.Code != fault.Draining:
				return "", false
			}
		}
		<-time.After(time.Second)
	}
}

func (d *day) acknowledged(cb id.Callback) (id.Callback, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.made[cb]; !ok {
		d.made[cb] = time.Now()
	}
	return cb, true
}
