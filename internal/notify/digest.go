package notify

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"ringback/internal/callback"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/letter"
	"ringback/internal/subscriber"
)

// Digests are the mails of the day: how many asked, who was missed, who is to be called next. One leaves for each business
// that wants it, at its time by its clock; a service that was away then sends it when it is back on the same day.
type Digests struct{ DigestDeps }

// DigestDeps is what they need.
type DigestDeps struct {
	Directory func() *directory.Directory
	Callbacks func(ctx context.Context, sub id.Subscriber, f callback.Filter) ([]callback.Callback, error)
	Send      func(ctx context.Context, l letter.Letter) (bool, error) // one with a known key is left out
	Mint      *id.Mint
	Now       func() time.Time
	Log       *slog.Logger
}

// Run looks each minute whose time has come, until ctx ends.
func (d *Digests) Run(ctx context.Context) {
	done := map[id.Subscriber]string{} // the day of the last
	t := time.NewTicker(time.Minute)
	defer t.Stop()
	for {
		for _, s := range d.Directory().Subscribers {
			d.due(ctx, s, done)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

func (d *Digests) due(ctx context.Context, s *subscriber.Subscriber, done map[id.Subscriber]string) {
	now := d.Now()
	at, wanted := s.DigestAt(now)
	day := at.Format("2006-01-02")
	if !wanted || s.Suspended || now.Before(at) || done[s.ID] == day {
		return
	}
	l, err := d.letter(ctx, s, at, now)
	if err == nil {
		_, err = d.Send(ctx, l)
	}
	if err == nil {
		done[s.ID] = day
	} else if ctx.Err() == nil {
		d.Log.Error("the mail of the day is not written", "subscriber", s.ID, "err", err)
	}
}

func (d *Digests) letter(ctx context.Context, s *subscriber.Subscriber, at, now time.Time) (letter.Letter, error) {
	from := at.AddDate(0, 0, -1)
	all, err := d.recent(ctx, s.ID, from)
	if err != nil {
		return letter.Letter{}, err
	}
	t := tally(all, from, at)
	return letter.Letter{ID: d.Mint.Letter(), Key: fmt.Sprintf("digest/%s/%s", s.ID, at.Format("2006-01-02")), Address: letter.Address{Kind: letter.Mail, To: s.Notify.Mail},
		Subject:    fmt.Sprintf("%s: %d asked, %d talked, %d missed", s.Name, t.asked, t.talked, len(t.missed)),
		Text:       t.text(s, at),
		Subscriber: s.ID, CreatedAt: now, DueAt: now, LastAt: now.Add(12 * time.Hour)}, nil
}

// furthest is how long before a day what ended on it was asked for, at most; mostRead bounds what is read for it.
const (
	furthest = 31 * 24 * time.Hour
	mostRead = 5000
)

// recent are the callbacks that may have ended since from, or are still to come, the newest first.
func (d *Digests) recent(ctx context.Context, sub id.Subscriber, from time.Time) (out []callback.Callback, err error) {
	f := callback.Filter{Limit: 200}
	for len(out) < mostRead {
		page, err := d.Callbacks(ctx, sub, f)
		if err != nil {
			return nil, err
		}
		out = append(out, page...)
		if len(page) < f.Limit || page[len(page)-1].CreatedAt.Before(from.Add(-furthest)) {
			return out, nil
		}
		f.After = page[len(page)-1].ID
	}
	return out, nil
}

// dayTally is what a day was: from its beginning, which counts, to its end, which does not.
type dayTally struct {
	asked, talked  int
	missed, coming []callback.Callback // by time
}

func tally(all []callback.Callback, from, to time.Time) (t dayTally) {
	in := func(at time.Time) bool { return !at.Before(from) && at.Before(to) }
	for _, c := range all {
		if in(c.CreatedAt) {
			t.asked++
		}
		switch {
		case c.State == callback.Scheduled:
			t.coming = append(t.coming, c)
		case c.State != callback.Ended || !in(c.EndedAt):
		case c.Outcome == callback.Completed:
			t.talked++
		case c.Missed():
			t.missed = append(t.missed, c)
		}
	}
	slices.SortFunc(t.missed, func(a, b callback.Callback) int { return a.EndedAt.Compare(b.EndedAt) })
	slices.SortFunc(t.coming, func(a, b callback.Callback) int { return a.DueAt.Compare(b.DueAt) })
	return t
}

// mostListed of each kind stand in a mail.
const mostListed = 50

func (t dayTally) text(s *subscriber.Subscriber, at time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, the day to %s\n\n%d asked to be called, %d calls were talked, %d visitors were missed.\n", s.Name, at.Format("Mon, Jan 2 at 15:04"), t.asked, t.talked, len(t.missed))
	list := func(title string, all []callback.Callback, line func(*callback.Callback) string) {
		if len(all) == 0 {
			return
		}
		fmt.Fprintf(&b, "\n%s\n", title)
		for i := range all[:min(len(all), mostListed)] {
			fmt.Fprintf(&b, "- %s\n", line(&all[i]))
		}
		if more := len(all) - mostListed; more > 0 {
			fmt.Fprintf(&b, "- and %d more\n", more)
		}
	}
	list("Missed:", t.missed, func(c *callback.Callback) string {
		return c.EndedAt.In(at.Location()).Format("Mon 15:04") + "  " + who(c) + ": " + c.Reason.Words().Staff
	})
	list("To be called next:", t.coming, func(c *callback.Callback) string {
		return c.DueAt.In(at.Location()).Format("Mon, Jan 2 at 15:04") + "  " + who(c)
	})
	return b.String()
}

// who is a visitor in a mail, which goes through other people's hands: by a masked number.
func who(c *callback.Callback) string {
	number := "in the browser"
	if c.Number != "" {
		number = c.Number.Mask()
	}
	return number
}
