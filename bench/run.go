package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"ringback/bench/phones"
	"ringback/bench/proc"
	"ringback/bench/service"
)

// bench is one run of everything.
type bench struct {
	binary, root string
	report       *report
}

// hold is how long both telephones talk where calls come and go.
const hold = time.Second

// idle: how soon the program is ready on an empty folder, and what it takes when nothing happens.
func (b *bench) idle(ctx context.Context) error {
	b.report.part("ready and idle")
	binary, err := filepath.Abs(b.binary)
	if err != nil {
		return err
	}
	var took []time.Duration
	var mem proc.Memory
	for range 5 {
		dir, err := os.MkdirTemp("", "ringback-bench-")
		if err != nil {
			return err
		}
		s, err := service.New(service.Options{Binary: binary, Dir: dir, Database: "sqlite"})
		if err != nil {
			return err
		}
		d, err := s.Start(ctx)
		if err != nil {
			return err
		}
		took = append(took, d)
		if len(took) == 5 {
			pause(ctx, 3*time.Second)
			mem = proc.MemoryOf(s.PID())
		}
		if err := errors.Join(s.Kill(), os.RemoveAll(dir)); err != nil {
			return err
		}
	}
	slices.Sort(took)
	b.report.add(figure{Name: "ready after exec on an empty folder, median of 5", Value: took[2].Seconds(), Unit: "s", Goal: 1})
	b.report.add(figure{Name: "idle memory of the product, resident", Value: float64(mem.RSS) / 1024, Unit: "MB", Goal: 80})
	return nil
}

// pause lets the system under test come to rest.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// latency: from the request to the first INVITE at a telephone, at 20 a second.
func (b *bench) latency(ctx context.Context) error {
	b.report.part("accepted to first INVITE, SQLite, 20 callbacks a second")
	w, err := startWhole(ctx, b.binary, nil)
	if err != nil {
		return err
	}
	defer w.close()
	p, err := phones.New(phones.Options{Hold: hold})
	if err != nil {
		return err
	}
	defer p.Close()
	l := atRate(ctx, w, p, 20, 2*time.Second, hold) // warm
	calm(ctx, w, 20*time.Second)
	l = atRate(ctx, w, p, 20, 15*time.Second, hold)
	b.report.tell("  %v", &l)
	if err := w.recorded(ctx, l.asked-l.failed); err != nil {
		return err
	}
	b.report.add(figure{Name: "request sent -> first INVITE, p50", Value: ms(quantile(l.invite, .5)), Unit: "ms", Goal: 15, Foreign: l.foreign})
	b.report.add(figure{Name: "request sent -> first INVITE, p99", Value: ms(quantile(l.invite, .99)), Unit: "ms", Goal: 60, Foreign: l.foreign})
	b.report.add(figure{Name: "answer 201 received -> first INVITE, p50", Value: ms(quantile(l.taken, .5)), Unit: "ms", Foreign: l.foreign})
	b.report.add(figure{Name: "processor of the product a callback at 20/s", Value: ms(l.cpu), Unit: "ms", Foreign: l.foreign})
	return nil
}

var productRates = []float64{20, 60, 100, 150, 200, 250, 300, 350, 400, 500, 600}

// asterisk is what bare Asterisk 22 (AMI) originates a second on such a machine, measured with the same generator.
const asterisk = 160

// rates: the most callbacks a second that the product carries, on both databases.
func (b *bench) rates(ctx context.Context) error {
	if err := b.rate(ctx, "SQLite", nil); err != nil {
		return err
	}
	pg, err := service.StartPostgres(ctx, b.root, true)
	if errors.Is(err, service.ErrNoPostgres) {
		b.report.tell("NOT RUN: product on PostgreSQL: %v", err)
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(b.rate(ctx, "PostgreSQL", pg), pg.Close())
}

func (b *bench) rate(ctx context.Context, name string, pg *service.Postgres) error {
	b.report.part("callbacks a second of the product on " + name + ": HTTP, both legs up, hung up, on record")
	w, err := startWhole(ctx, b.binary, pg)
	if err != nil {
		return err
	}
	defer w.close()
	p, err := phones.New(phones.Options{Hold: hold})
	if err != nil {
		return err
	}
	defer p.Close()
	var was, done stored
	n := 1
	l, err := highest(ctx, w, p, productRates, hold, b.report.tell, func(l load) error {
		if l.failed == 0 {
			if err := w.recorded(ctx, l.asked); err != nil {
				return err
			}
		}
		now, err := w.stored(ctx)
		done, was, n = now.since(was), now, l.tried
		b.report.tell("    %.1f steps a callback, %.1f steps a commit, %.1f ms a commit", done.steps/float64(n), done.steps/done.commits, 1000*done.seconds/done.commits)
		return err
	})
	if err != nil {
		return err
	}
	b.report.add(figure{Name: "callbacks/s of the product, " + name + ", no failure, p99 < 100 ms", Value: l.rate, Unit: "/s", Goal: 2 * asterisk, Least: true, Foreign: l.foreign})
	b.report.add(figure{Name: "processor of the product a callback, " + name + ", at that rate", Value: ms(l.cpu), Unit: "ms", Foreign: l.foreign})
	b.report.add(figure{Name: "steps stored a callback, " + name, Value: done.steps / float64(n), Unit: "steps", Foreign: l.foreign})
	b.report.add(figure{Name: "steps that share a commit, " + name, Value: done.steps / max(1, done.commits), Unit: "steps", Foreign: l.foreign})
	b.report.add(figure{Name: "a commit, " + name, Value: 1000 * done.seconds / max(1, done.commits), Unit: "ms", Foreign: l.foreign})
	return nil
}

var linkRates = []float64{100, 200, 300, 400, 500, 600, 700, 800, 1000, 1200, 1500}

// link: the switch alone.
func (b *bench) link(ctx context.Context) error {
	b.report.part("the switch alone, led over the CTI link")
	p, err := phones.New(phones.Options{Hold: hold})
	if err != nil {
		return err
	}
	defer p.Close()
	s, err := startSwitch(ctx, 1)
	if err != nil {
		return err
	}
	l := atRate(ctx, s, p, 100, 2*time.Second, hold) // warm
	calm(ctx, s, 20*time.Second)
	l = atRate(ctx, s, p, 100, 10*time.Second, hold)
	b.report.tell("  %v %v", &l, s.told())
	b.report.add(figure{Name: "switch processor a callback at 100/s, two legs up and down", Value: ms(l.cpu), Unit: "ms", Goal: 5.2 / 6, Foreign: l.foreign})
	best, err := highest(ctx, s, p, linkRates, hold, b.report.tell, func(load) error { return nil })
	if err != nil {
		return errors.Join(err, s.close())
	}
	b.report.add(figure{Name: "callbacks/s of the switch on one core, no failure, p99 < 100 ms", Value: best.rate, Unit: "/s", Goal: 5 * asterisk, Least: true, Foreign: best.foreign})
	if why := s.told(); len(why) > 0 {
		b.report.tell("  the switch complained: %v", why)
	}
	return s.close()
}

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
