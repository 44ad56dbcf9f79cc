package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"ringback/bench/phones"
	"ringback/bench/proc"
)

// system is something that calls two telephones and joins them.
type system interface {
	// place asks for a call between the two telephones of c. It returns when that is taken or refused.
	place(ctx context.Context, p *phones.Pair, c *phones.Call) error
	// cpu is the processor time that all its processes have taken.
	cpu() time.Duration
}

// load is what came of a run.
type load struct {
	rate          float64
	asked, failed int
	tried         int // asked, and asked in an earlier run of the same rate
	errs          map[string]int
	setup         []time.Duration // asked -> both telephones acknowledged, sorted
	invite        []time.Duration // asked -> first INVITE at a telephone
	taken         []time.Duration // answered yes -> first INVITE; negative: the INVITE was there first
	cpu           time.Duration   // of the system, a callback
	share         float64         // of one core that the system took
	generator     float64         // of one core that this process took
	foreign       float64         // of one core that everything else on the machine took
}

// patience is how long a call may take beyond its hold before it counts as failed.
const patience = 8 * time.Second

// atRate places calls at a fixed rate for a while (open loop: a slow system does not slow the arrivals down) and waits
// for the end of each.
func atRate(ctx context.Context, s system, p *phones.Pair, rate float64, lasts, hold time.Duration) load {
	clock := begin(s)
	var asking sync.WaitGroup
	var calls []*phones.Call
	gap := time.Duration(float64(time.Second) / rate)
	next, end := time.Now(), time.Now().Add(lasts)
	for next.Before(end) && ctx.Err() == nil {
		c := p.NewCall()
		calls = append(calls, c)
		asking.Go(func() { ask(ctx, s, p, c) })
		next = next.Add(gap)
		pause(ctx, time.Until(next)) // one that is late is made up for
	}
	late := time.NewTimer(hold + patience)
	defer late.Stop()
	for _, c := range calls {
		select {
		case <-c.Over:
		case <-late.C:
			late.Reset(0)
		}
	}
	l := clock.end(len(calls))
	asking.Wait()
	l.rate = rate
	l.judge(calls)
	for _, c := range calls {
		p.Forget(c)
	}
	return l
}

func ask(ctx context.Context, s system, p *phones.Pair, c *phones.Call) {
	c.Asked()
	if err := s.place(ctx, p, c); err != nil {
		c.Taken(err.Error())
		return
	}
	c.Taken("")
}

func (l *load) judge(calls []*phones.Call) {
	l.asked, l.tried, l.errs = len(calls), len(calls), map[string]int{}
	for _, c := range calls {
		got := c.Seen()
		switch {
		case got.Why != "":
			l.fail(got.Why)
		case got.Invited.IsZero():
			l.fail("no INVITE")
		case got.UpAt.IsZero():
			l.fail("not both up")
		case !got.Ended:
			l.fail("not both hung up")
		default:
			l.setup = append(l.setup, got.UpAt.Sub(got.Asked))
			l.invite = append(l.invite, got.Invited.Sub(got.Asked))
			l.taken = append(l.taken, got.Invited.Sub(got.Taken))
		}
	}
	for _, d := range [][]time.Duration{l.setup, l.invite, l.taken} {
		slices.Sort(d)
	}
}

func (l *load) fail(why string) {
	l.failed++
	l.errs[why]++
}

func (l *load) String() string {
	s := fmt.Sprintf("%g/s: %d callbacks, %d failed, set-up p50 %.1f ms p99 %.1f ms, %.2f ms processor each; system %.0f %%, generator %.0f %%, others %.0f %% of a core",
		l.rate, l.asked, l.failed, ms(quantile(l.setup, .5)), ms(quantile(l.setup, .99)), ms(l.cpu), 100*l.share, 100*l.generator, 100*l.foreign)
	if l.failed > 0 {
		s += fmt.Sprint(" ", l.errs)
	}
	return s
}

// good is the condition of the goals: no failure, and 99 of 100 set up within 100 ms.
func (l *load) good() bool { return l.failed == 0 && quantile(l.setup, .99) < 100*time.Millisecond }

// quantile of sorted durations: the smallest that the share p does not exceed.
func quantile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	i := int(float64(len(sorted))*p+0.999999) - 1
	return sorted[min(max(i, 0), len(sorted)-1)]
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// stopwatch measures processor time of the system, of this process and of the machine.
type stopwatch struct {
	s               clocked
	at              time.Time
	sys, self, busy time.Duration
}

// clocked is what takes processor time.
type clocked interface{ cpu() time.Duration }

func begin(s clocked) stopwatch {
	return stopwatch{s, time.Now(), s.cpu(), proc.CPU(os.Getpid()), proc.Busy()}
}

func (w stopwatch) end(callbacks int) load {
	wall := time.Since(w.at)
	sys, self, busy := w.s.cpu()-w.sys, proc.CPU(os.Getpid())-w.self, proc.Busy()-w.busy
	of := func(d time.Duration) float64 { return float64(d) / float64(wall) }
	return load{cpu: sys / time.Duration(max(1, callbacks)), share: of(sys), generator: of(self), foreign: max(0, of(busy-sys-self))}
}

// calm waits until the rest of the machine takes less than a quarter of a core, at most so long: what others do in the
// meantime is not the system's doing.
func calm(ctx context.Context, s clocked, most time.Duration) {
	for end := time.Now().Add(most); time.Now().Before(end) && ctx.Err() == nil; {
		w := begin(s)
		pause(ctx, 500*time.Millisecond)
		if w.end(1).foreign < 0.25 {
			return
		}
	}
}

// highest looks for the highest rate of a rising list that is carried well: without failure and with 99 of 100 set up
// within 100 ms. A rate that fails is tried once more, for the machine is not ours alone; the best one is confirmed with
// a longer run, and if it does not hold, the one below it.
func highest(ctx context.Context, s system, p *phones.Pair, rates []float64, hold time.Duration, tell func(string, ...any), check func(load) error) (load, error) {
	good := -1
	for i, r := range rates {
		l := atRate(ctx, s, p, r, 3*time.Second, hold)
		tell("  %v", &l)
		if !l.good() {
			calm(ctx, s, 10*time.Second)
			first := l.asked
			l = atRate(ctx, s, p, r, 3*time.Second, hold)
			l.tried += first
			tell("  again %v", &l)
		}
		if err := check(l); err != nil {
			return l, err
		}
		if !l.good() {
			break
		}
		good = i
	}
	for ; good >= 0; good-- {
		calm(ctx, s, 10*time.Second)
		l := atRate(ctx, s, p, rates[good], 10*time.Second, hold)
		tell("  confirm %v", &l)
		if err := check(l); err != nil {
			return l, err
		}
		if l.good() {
			return l, ctx.Err()
		}
	}
	return load{}, ctx.Err()
}
