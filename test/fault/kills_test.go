package fault

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"ringback/bench/service"
	"ringback/internal/simcarrier"
)

// kills is one run: the service is ended by kill -9 again and again while callbacks are in flight.
type kills struct {
	seed   uint64
	times  int
	gap    time.Duration // between two requests
	most   time.Duration // a process lives this long at most once it is busy
	busy   int           // so many kills must find 10 or more callbacks in flight
	settle time.Duration // after the last one, until everything acknowledged must have ended
	late   bool          // a try that was put off because of a kill is not waited for
	o      service.Options
}

// wanted is how many callbacks shall be in flight at a kill.
const wanted = 10

// figures are what a run tells.
type figures struct {
	busy    int
	flying  []int
	restart []time.Duration
	settled time.Duration
	repeat  int
}

func (k kills) run(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	w := begin(ctx, t, k.o)
	p := newPosters(w, k.gap)
	soft, done := context.WithCancel(ctx)
	watching, blind := context.WithCancel(ctx)
	var asking, looking sync.WaitGroup
	looking.Go(func() { p.watch(watching) })
	asking.Go(func() { p.run(ctx, soft) })
	f := k.strike(ctx, t, w, p)
	done()
	asking.Wait()
	f.settled = k.await(ctx, p)
	blind()
	looking.Wait()
	f.repeat = p.repeat

	all := w.everything(ctx, t)
	v := judge(p.acked, all, w.quiet(ctx, t), k.late)
	k.report(t, f, v)
	k.check(t, p, f, v)
}

// strike kills and starts the service at seeded moments.
func (k kills) strike(ctx context.Context, t *testing.T, w *world, p *posters) (f figures) {
	r := rand.New(rand.NewPCG(k.seed, 0x6b696c6c))
	for i := range k.times {
		full, stop := context.WithTimeout(ctx, 10*time.Second)
		until(full, 20*time.Millisecond, func() bool { return p.flying() >= wanted+2 })
		stop()
		moment(ctx, time.Duration(r.Int64N(int64(k.most))))
		if i%2 == 0 { // half of the blows fall into requests that are being stored
			p.burst(ctx, 6)
			moment(ctx, time.Duration(r.Int64N(int64(10*time.Millisecond))))
		}
		n := p.flying()
		if err := w.svc.Kill(); err != nil {
			t.Fatalf("seed %d, kill %d: %v", k.seed, i+1, err)
		}
		f.flying = append(f.flying, n)
		if n >= wanted {
			f.busy++
		}
		moment(ctx, time.Duration(r.Int64N(int64(300*time.Millisecond))))
		took, err := w.svc.Start(ctx)
		if err != nil {
			t.Fatalf("seed %d, after kill %d: %v", k.seed, i+1, err)
		}
		f.restart = append(f.restart, took)
	}
	return f
}

// moment lets time pass: the seed says when the blow falls.
func moment(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// await waits until everything acknowledged has ended, and returns how long that took.
func (k kills) await(ctx context.Context, p *posters) time.Duration {
	began := time.Now()
	ctx, stop := context.WithTimeout(ctx, k.settle)
	defer stop()
	until(ctx, 500*time.Millisecond, func() bool {
		live := 0
		for _, state := range []string{"scheduled", "queued", "ringing_agent", "ringing_visitor", "connected"} {
			if k.late && state == "scheduled" {
				continue
			}
			found, _, err := p.w.api.Newest(ctx, state, "")
			if err != nil {
				return false
			}
			live += len(found)
		}
		return live == 0
	})
	return time.Since(began)
}

// everything is all that the API knows.
func (w *world) everything(ctx context.Context, t *testing.T) []service.Callback {
	t.Helper()
	heads, err := w.api.All(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var all []service.Callback
	for _, h := range heads {
		c, err := w.api.Callback(ctx, h.ID)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, *c)
	}
	return all
}

// quiet is the ledger once no call is up any more, at most 35 s from now (I4).
func (w *world) quiet(ctx context.Context, t *testing.T) []simcarrier.Entry {
	t.Helper()
	ctx, stop := context.WithTimeout(ctx, 35*time.Second)
	defer stop()
	var rows []simcarrier.Entry
	until(ctx, time.Second, func() bool {
		got, err := w.carrier.Ledger(ctx)
		if err != nil {
			return false
		}
		rows = got
		return !slices.ContainsFunc(rows, up)
	})
	if rows == nil {
		t.Fatal("the carrier does not answer")
	}
	return rows
}

func (k kills) report(t *testing.T, f figures, v verdict) {
	slices.Sort(f.restart)
	t.Logf("seed %d, %s: %d kills, %d of them with %d or more callbacks in flight (%v)", k.seed, k.o.Database, k.times, f.busy, wanted, f.flying)
	t.Logf("%d requests acknowledged, %d sent again; %d completed (%.1f %%), %d put off; %v", v.acked, f.repeat, v.completed,
		100*float64(v.completed)/float64(max(1, v.acked-v.putOff)), v.putOff, v.outcomes)
	t.Logf("all ended %.0f s after the last kill; restart to ready: median %d ms, longest %d ms; %d calls in the ledger; %d violations",
		f.settled.Seconds(), f.restart[len(f.restart)/2].Milliseconds(), f.restart[len(f.restart)-1].Milliseconds(), v.calls, len(v.broken))
}

func (k kills) check(t *testing.T, p *posters, f figures, v verdict) {
	for _, what := range [][]string{p.wrong, v.broken} {
		for i, b := range what {
			if i == 20 {
				t.Errorf("seed %d: and %d more", k.seed, len(what)-i)
				break
			}
			t.Errorf("seed %d: %s", k.seed, b)
		}
	}
	if f.busy < k.busy {
		t.Errorf("seed %d: only %d of %d kills found %d callbacks in flight, want %d", k.seed, f.busy, k.times, wanted, k.busy)
	}
	if v.completed*100 < (v.acked-v.putOff)*95 {
		t.Errorf("seed %d: %d of %d completed, want 95 %%", k.seed, v.completed, v.acked-v.putOff)
	}
}

// Ten kills, as quickly as it goes. The long run is behind the build tag fault.
func TestTenKills(t *testing.T) {
	kills{seed: uint64(setting("SEED", 1)), times: 10, gap: 120 * time.Millisecond, most: 3 * time.Second, busy: 7, settle: 30 * time.Second, late: true,
		o: service.Options{Database: "sqlite"}}.run(t)
}
