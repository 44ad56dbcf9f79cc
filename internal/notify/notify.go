// Package notify takes letters out of the house: mail to a server, short messages to a gateway. Each is sent at least once,
// under one name, so that whoever gets it twice can tell.
package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"ringback/internal/letter"
)

// Sender hands one letter on. What it returns says nothing of what the letter says: a *Trouble, or any other error, which
// means that it may be tried again.
type Sender interface {
	Send(ctx context.Context, l *letter.Letter) error
}

// Trouble is why a letter did not leave.
type Trouble struct {
	Say   string // for staff
	Final bool   // trying again would bring the same
	Heard string // what the far side said, for a test message only: it may repeat what it was sent
}

func (t *Trouble) Error() string { return t.Say }

// Way is how letters of one kind leave.
type Way struct {
	Sender
	PerDay int // so many in any 24 hours for each business; 0 = no limit
}

// Deps is what a Post needs.
type Deps struct {
	Outbox  letter.Outbox
	Ways    map[letter.Kind]Way
	Refuses func(l *letter.Letter) string      // why a letter may not go to its address; "" = it may
	Settled func(k letter.Kind, result string) // counts: sent, failed, given_up
	Now     func() time.Time
	Chance  func() float64 // in [0, 1)
	Log     *slog.Logger
}

// Post empties the outbox.
type Post struct {
	Deps
	kicked chan struct{}
}

// New makes a post; Run makes it work.
func New(d Deps) *Post { return &Post{Deps: d, kicked: make(chan struct{}, 1)} }

// Sends says whether letters of a kind leave at all.
func (p *Post) Sends(k letter.Kind) bool { return p.Ways[k].Sender != nil }

// Posted says that letters are in the outbox. It never blocks.
func (p *Post) Posted() {
	select {
	case p.kicked <- struct{}{}:
	default:
	}
}

const (
	hands   = 8                // letters that are on their way at once
	rest    = time.Second      // between two looks into the outbox
	patient = 30 * time.Second // for one try, within the lease
)

// Run sends until ctx ends, and waits for what is on its way: that is cut short, and tried again by the next start.
func (p *Post) Run(ctx context.Context) {
	var busy sync.WaitGroup
	defer busy.Wait()
	free := make(chan struct{}, hands)
	t := time.NewTicker(rest)
	defer t.Stop()
	for {
		for p.round(ctx, free, &busy) {
		}
		select {
		case <-ctx.Done():
			return
		case <-p.kicked:
		case <-t.C:
		}
	}
}

// round takes as many letters as hands are free; true = there may be more.
func (p *Post) round(ctx context.Context, free chan struct{}, busy *sync.WaitGroup) bool {
	n := hands - len(free) // only this goroutine fills it
	if n == 0 || ctx.Err() != nil {
		return false
	}
	now := p.Now().UTC()
	all, err := p.Outbox.TakeLetters(ctx, now, now.Add(letter.Lease), n)
	if err != nil {
		if ctx.Err() == nil {
			p.Log.ErrorContext(ctx, "outbox", "err", err)
		}
		return false
	}
	for _, l := range all {
		free <- struct{}{}
		busy.Go(func() {
			defer func() { <-free; p.Posted() }()
			p.deliver(ctx, l)
		})
	}
	return len(all) == n
}

// deliver makes one try and writes what came of it.
func (p *Post) deliver(ctx context.Context, l letter.Letter) {
	err := p.try(ctx, &l)
	if ctx.Err() != nil {
		return // it is due again when its lease is over
	}
	now, result := p.Now().UTC(), "sent"
	var t *Trouble
	switch errors.As(err, &t); {
	case err == nil:
		l.SentAt, l.Trouble = now, ""
	default:
		l, result = l.Failed(now, err.Error(), t != nil && t.Final, p.Chance()), "failed"
		if l.Done() {
			result = "given_up"
		}
	}
	if p.Settled != nil {
		p.Settled(l.Kind, result)
	}
	log := p.Log.InfoContext
	if err != nil {
		log = p.Log.WarnContext
	}
	log(ctx, "letter", "letter", l.ID, "kind", l.Kind, "callback", l.Callback, "to", l.Shown, "try", l.Tries, "result", result, "trouble", l.Trouble)
	if err := p.Outbox.SettleLetter(ctx, l); err != nil && ctx.Err() == nil {
		p.Log.ErrorContext(ctx, "a letter's end is not on record: it is sent again", "letter", l.ID, "err", err)
	}
}

func (p *Post) try(ctx context.Context, l *letter.Letter) (err error) {
	defer func() {
		if x := recover(); x != nil { // what a far side answers is read in there
			p.Log.ErrorContext(ctx, "a letter made the sender panic", "letter", l.ID, "panic", fmt.Sprint(x))
			err = &Trouble{Say: "a fault of ours; the log says more"}
		}
	}()
	way := p.Ways[l.Kind]
	if way.Sender == nil {
		return &Trouble{Say: fmt.Sprintf("%s is not set up any more", l.Kind), Final: true}
	}
	if p.Now().After(l.Ends()) {
		return &Trouble{Say: "it is of no use any more", Final: true}
	}
	if why := p.Refuses(l); why != "" {
		return &Trouble{Say: why, Final: true}
	}
	if way.PerDay > 0 {
		n, err := p.Outbox.LettersSent(ctx, l.Subscriber, l.Kind, p.Now().Add(-24*time.Hour))
		if err != nil {
			return err
		}
		if n > way.PerDay { // this one is among them
			return &Trouble{Say: fmt.Sprintf("more than %d in a day (%s.per_day)", way.PerDay, l.Kind), Final: true}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, patient)
	defer cancel()
	return way.Send(ctx, l)
}
