package main

import (
	"context"
	"errors"
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
