//go:build fault

package fault

import (
	"context"
	"net/http"
	"syscall"
	"testing"
	"time"

	"ringback/bench/service"
)

// A machine that stands still for 30 s while telephones ring calls nobody twice, and everything acknowledged ends, or is
// tried again later by the plan: who picked up meanwhile and heard nobody has hung up.
func TestPause(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	defer cancel()
	w := begin(ctx, t, service.Options{Database: "sqlite"})
	p := newPosters(w, 150*time.Millisecond)
	soft, done := context.WithCancel(ctx)
	defer done()
	over := make(chan struct{})
	go func() { defer close(over); p.run(ctx, soft) }()
	watching, blind := context.WithCancel(ctx)
	blinded := make(chan struct{})
	go func() { defer close(blinded); p.watch(watching) }()
	defer func() { blind(); <-blinded }()

	if !until(ctx, 20*time.Millisecond, func() bool { return p.flying() >= 2*wanted }) {
		t.Fatal("nothing flies")
	}
	n := p.flying()
	if err := w.svc.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	moment(ctx, 30*time.Second) // the pause itself
	if err := w.svc.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	done()
	<-over
	k := kills{settle: 180 * time.Second, late: true}
	took := k.await(ctx, p)
	v := judge(p.acked, w.everything(ctx, t), w.quiet(ctx, t), k.late)
	for _, b := range append(p.wrong, v.broken...) {
		t.Error(b)
	}
	t.Logf("paused for 30 s with %d callbacks in flight: %d acknowledged, all ended %.0f s after it went on; %d completed, %d put off; %v; %d violations",
		n, v.acked, took.Seconds(), v.completed, v.putOff, v.outcomes, len(v.broken))
}

// SIGTERM: calls that are up finish, new requests are told to come later, then the program ends by itself with status 0.
func TestDrain(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	w := begin(ctx, t, service.Options{Database: "sqlite"})
	cb := w.must(ctx, t, 1, w.wish(1, agentDigits, nil))
	w.becomes(ctx, t, cb, "connected", 20*time.Second)
	if err := w.svc.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	refused := false
	soon, stop := context.WithTimeout(ctx, 2*time.Second)
	defer stop()
	last := service.Answer{}
	until(soon, 20*time.Millisecond, func() bool {
		got, err := w.api.Make(ctx, key(2), w.wish(2, agentDigits, nil))
		if err != nil {
			return false
		}
		last = got
		refused = got.Status == http.StatusServiceUnavailable && got.Code == "draining"
		return refused
	})
	if !refused {
		t.Errorf("a request while it drains was answered %d %s, want 503 draining", last.Status, last.Body)
	}
	began := time.Now()
	if err := w.svc.Wait(); err != nil {
		t.Errorf("the drained service ended with %v", err)
	}
	took := time.Since(began)
	for _, e := range w.calls(ctx, t, cb) {
		if e.To == "a1"+agentDigits && (e.ByeBy != "us" || e.ByeAt.Sub(e.AnsweredAt) < 3900*time.Millisecond) {
			t.Errorf("the call that was up did not finish: %s", times(e))
		}
	}
	if _, err := w.svc.Start(ctx); err != nil {
		t.Fatal(err)
	}
	c := w.becomes(ctx, t, cb, "ended", 5*time.Second)
	if c.Outcome != "completed" || c.Reason.Code == "interrupted" {
		t.Errorf("the call that was up is on record as %s %s", c.Outcome, c.Reason.Code)
	}
	t.Logf("ended %.1f s after the signal: %s %s", took.Seconds(), c.Outcome, c.Reason.Code)
}
