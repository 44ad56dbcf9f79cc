package notify

import (
	"context"
	"crypto/rand"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/callback"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/letter"
	"ringback/internal/subscriber"
)

// TestDigests: over four days, in which clocks go forward, a mail leaves each day at the business's time by its own clock, once,
// also when the service starts again or the outbox does not take it at first; who wants none gets none.
func TestDigests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		loc, err := time.LoadLocation("America/New_York")
		if err != nil {
			t.Fatal(err)
		}
		began := time.Date(2027, 3, 12, 9, 0, 0, 0, loc) // a Friday; the bubble's own clock runs from 2000 on
		apart := time.Until(began)
		now := func() time.Time { return time.Now().Add(apart) }
		dir := &directory.Directory{Subscribers: map[id.Subscriber]*subscriber.Subscriber{
			"sub_a": {ID: "sub_a", Name: "Acme", TimeZone: "America/New_York", Notify: subscriber.Notify{Mail: "joe@acme.example", Digest: "18:00"}},
			"sub_b": {ID: "sub_b", Name: "Birch", TimeZone: "UTC", Notify: subscriber.Notify{Mail: "birch@birch.example", Missed: true}},
		}}
		var mu sync.Mutex
		sent := map[string]time.Time{}
		fails := 3
		d := &Digests{DigestDeps{Directory: func() *directory.Directory { return dir }, Mint: id.NewMint(now, rand.Reader), Now: now, Log: slog.New(slog.DiscardHandler),
			Callbacks: func(context.Context, id.Subscriber, callback.Filter) ([]callback.Callback, error) { return nil, nil },
			Send: func(_ context.Context, l letter.Letter) (bool, error) {
				mu.Lock()
				defer mu.Unlock()
				if fails--; fails > 0 {
					return false, context.DeadlineExceeded
				}
				if _, known := sent[l.Key]; !known {
					sent[l.Key] = now()
				}
				return true, nil
			}}}
		live := func(until time.Time) {
			ctx, stop := context.WithCancel(t.Context())
			var running sync.WaitGroup
			running.Go(func() { d.Run(ctx) })
			time.Sleep(until.Sub(now()))
			stop()
			running.Wait()
		}
		live(time.Date(2027, 3, 13, 19, 0, 0, 0, loc))
		time.Sleep(26 * time.Hour) // nobody runs on Sunday at six
		live(time.Date(2027, 3, 15, 23, 0, 0, 0, loc))
		want := map[string]string{"2027-03-12": "18:02", "2027-03-13": "18:00", "2027-03-14": "22:00", "2027-03-15": "18:00"}
		for day, at := range want {
			if got := sent["digest/sub_a/"+day].In(loc).Format("2006-01-02 15:04"); got != day+" "+at {
				t.Errorf("the mail of %s left at %s, want %s", day, got, at)
			}
		}
		if len(sent) != len(want) {
			t.Errorf("%d mails left: %v", len(sent), sent)
		}
	})
}

// TestDigestSays: what a day's mail tells, page after page of callbacks.
func TestDigestSays(t *testing.T) {
	at := time.Date(2026, 12, 1, 18, 0, 0, 0, time.UTC)
	made := func(n int, ago time.Duration, c callback.Callback) callback.Callback {
		c.ID, c.CreatedAt, c.Number = id.Callback("cb_"+string(rune('a'+n))), at.Add(-ago), "+12025550100"
		return c
	}
	all := []callback.Callback{
		made(0, -time.Minute, callback.Callback{State: callback.Queued}), // after the day's end
		made(1, time.Hour, callback.Callback{State: callback.Ended, Outcome: callback.Completed, EndedAt: at.Add(-50 * time.Minute)}),
		made(2, 2*time.Hour, callback.Callback{State: callback.Ended, Outcome: callback.NoAgent, Reason: callback.ReasonNobodyReady, EndedAt: at.Add(-100 * time.Minute)}),
		made(3, 3*time.Hour, callback.Callback{State: callback.Scheduled, DueAt: at.Add(15 * time.Hour)}),
		made(4, 4*time.Hour, callback.Callback{State: callback.Ended, Outcome: callback.Cancelled, Reason: callback.ReasonCancelled, EndedAt: at.Add(-200 * time.Minute)}),
		made(5, 72*time.Hour, callback.Callback{State: callback.Ended, Outcome: callback.Expired, Reason: callback.ReasonExpired, EndedAt: at.Add(-23 * time.Hour)}),
		made(6, 73*time.Hour, callback.Callback{State: callback.Ended, Outcome: callback.NoAgent, EndedAt: at.Add(-72 * time.Hour)}),
	}
	d := &Digests{DigestDeps{Mint: id.NewMint(time.Now, rand.Reader), Callbacks: func(_ context.Context, _ id.Subscriber, f callback.Filter) ([]callback.Callback, error) {
		if f.After == "" {
			return all, nil
		}
		return nil, nil
	}}}
	s := &subscriber.Subscriber{ID: "sub_a", Name: "Acme", TimeZone: "UTC", Notify: subscriber.Notify{Mail: "joe@acme.example", Digest: "18:00"}}
	l, err := d.letter(t.Context(), s, at, at)
	if err != nil {
		t.Fatal(err)
	}
	if l.Subject != "Acme: 4 asked, 1 talked, 2 missed" || l.To != "joe@acme.example" {
		t.Errorf("to %s: %s", l.To, l.Subject)
	}
	for _, want := range []string{"- Mon 19:00  +12•••••0100: The time for this callback has passed.\n- Tue 16:20  +12•••••0100: Nobody was ready", "To be called next:\n- Wed, Dec 2 at 09:00  +12•••••0100\n"} {
		if !strings.Contains(l.Text, want) {
			t.Errorf("no %q in\n%s", want, l.Text)
		}
	}
}
