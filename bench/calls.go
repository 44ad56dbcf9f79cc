package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ringback/bench/phones"
	"ringback/bench/proc"
)

// calls: what a call that is up takes, of the switch, of the product, and of a process that only forwards.
func (b *bench) calls(ctx context.Context) error {
	b.report.part("calls that are up, 50 packets/s each way")
	s, err := startSwitch(ctx, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(b.held(ctx, "switch", s), s.close()); err != nil {
		return err
	}
	w, err := startWhole(ctx, b.binary, nil)
	if err != nil {
		return err
	}
	if err := errors.Join(b.held(ctx, "product", w), w.close()); err != nil {
		return err
	}
	return b.floor(ctx)
}

// process is a system that is one process.
type process interface {
	system
	pid() int
}

// steps of calls that are held; memory is the slope between the first and the last.
var steps = []int{200, 400}

func (b *bench) held(ctx context.Context, name string, s process) error {
	p, err := phones.New(phones.Options{Media: true})
	if err != nil {
		return err
	}
	defer p.Close()
	var up []*phones.Call
	empty := proc.MemoryOf(s.pid())
	var mem []proc.Memory
	var last load
	for _, n := range steps {
		more, err := b.raise(ctx, s, p, n-len(up))
		if err != nil {
			return fmt.Errorf("%s, %d calls: %w", name, n, err)
		}
		up = append(up, more...)
		pause(ctx, 2*time.Second)
		last = b.watch(ctx, name, s, p, n)
		mem = append(mem, proc.MemoryOf(s.pid()))
	}
	n := float64(steps[1] - steps[0])
	b.report.tell("  %s: PSS %d kB empty, %d kB with %d, %d kB with %d calls", name, empty.PSS, mem[0].PSS, steps[0], mem[1].PSS, steps[1])
	goal := 0.0
	if name == "switch" {
		goal = 30
	}
	b.report.add(figure{Name: "memory of the " + name + " a bridged call", Value: float64(mem[1].PSS-mem[0].PSS) / n, Unit: "kB", Goal: goal, Foreign: last.foreign})
	if left := p.HangUpAll(up, 200, 10*time.Second); left > 0 {
		return fmt.Errorf("%s: %d of %d calls did not end", name, left, len(up))
	}
	return nil
}

// raise brings n more calls up.
func (b *bench) raise(ctx context.Context, s system, p *phones.Pair, n int) ([]*phones.Call, error) {
	tick := time.NewTicker(time.Second / 50)
	defer tick.Stop()
	var calls []*phones.Call
	for range n {
		c := p.NewCall()
		calls = append(calls, c)
		ask(ctx, s, p, c)
		<-tick.C
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	for _, c := range calls {
		select {
		case <-c.Up:
		case <-late.C:
			return nil, fmt.Errorf("not all came up: %+v", c.Seen())
		}
	}
	return calls, nil
}

const watchTime = 6 * time.Second

// watch measures for a while what n calls take.
func (b *bench) watch(ctx context.Context, name string, s system, p *phones.Pair, n int) load {
	calm(ctx, s, 10*time.Second)
	p.Reset()
	clock := begin(s)
	pause(ctx, watchTime)
	l := clock.end(n)
	m := p.Since()
	lost := 0.0
	if m.Sent > m.Heard {
		lost = 100 * float64(m.Sent-m.Heard) / float64(m.Sent)
	}
	b.report.tell("  %s, %d calls: %.0f %% of a core (generator %.0f %%, others %.0f %%), %d packets/s sent, %.2f %% lost, delay p99 %.1f ms",
		name, n, 100*l.share, 100*l.generator, 100*l.foreign, m.Sent/uint64(watchTime/time.Second), lost, ms(m.Delay99))
	if n == steps[len(steps)-1] {
		goal := 0.0
		if name == "switch" {
			goal = 900
		}
		b.report.add(figure{Name: "bridged calls a core, " + name, Value: float64(n) / max(l.share, 0.001), Unit: "calls", Goal: goal, Least: true, Foreign: l.foreign,
			Note: fmt.Sprintf("%d calls, %.2f %% of packets lost, delay p99 %.1f ms", n, lost, ms(m.Delay99))})
	}
	return l
}

// floor is the same sound through a process that only forwards.
func (b *bench) floor(ctx context.Context) error {
	p, err := phones.New(phones.Options{Media: true})
	if err != nil {
		return err
	}
	defer p.Close()
	f, err := startForwarder(ctx)
	if err != nil {
		return err
	}
	n := steps[len(steps)-1]
	if err := f.join(p, n); err != nil {
		return errors.Join(err, f.close())
	}
	pause(ctx, time.Second)
	b.watch(ctx, "bare forwarder (the floor)", f, p, n)
	return f.close()
}

// place is never called: a forwarder has no signalling.
func (f *forwarder) place(context.Context, *phones.Pair, *phones.Call) error {
	return errors.ErrUnsupported
}
