package callback_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ringback/internal/callback"
	"ringback/internal/cti/ctisim"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/letter"
)

// doorstep is a way out for some kinds of letters.
type doorstep struct {
	kinds  []letter.Kind
	posted atomic.Int32
}

func (d *doorstep) Posted() { d.posted.Add(1) }

func (d *doorstep) Sends(k letter.Kind) bool {
	for _, have := range d.kinds {
		if have == k {
			return true
		}
	}
	return false
}

// kept is what a store keeps of letters and links.
type kept interface {
	letter.Outbox
	Companion(ctx context.Context, tokenHash string) (*callback.Companion, error)
}

// notified sets where ann's and joe's links go.
func notified(set func(*directory.Setup), to letter.Address) func(*directory.Setup) {
	return func(s *directory.Setup) {
		set(s)
		for i := range s.Agents {
			s.Agents[i].Notify = to
		}
	}
}

// Who takes a call on a telephone gets a link to its page, once, when she has taken it; whoever lets it ring gets none.
func TestCompanion(t *testing.T) {
	mobile := letter.Address{Kind: letter.SMS, To: "+12025550140"}
	key := presses(s(2), "1", s(3), 0)
	for name, row := range map[string]struct {
		set   func(*directory.Setup)
		to    letter.Address
		who   people
		sends []letter.Kind
		to1   string // who gets the one letter; "" = none is written
	}{
		"joe takes it":               {only("joe"), mobile, people{"joe": {key}, "vera": one(ctisim.Answers(s(3), minute))}, []letter.Kind{letter.SMS}, "joe"},
		"joe lets it ring, bob not":  {only("joe", "bob"), mobile, people{"joe": one(ctisim.Person{}), "bob": one(ctisim.Answers(s(1), 0)), "vera": one(ctisim.Answers(s(3), minute))}, []letter.Kind{letter.SMS}, "bob"},
		"SMS is not set up":          {only("joe"), mobile, people{"joe": {key}, "vera": one(ctisim.Answers(s(3), minute))}, []letter.Kind{letter.Mail}, ""},
		"he wants none":              {only("joe"), letter.Address{}, people{"joe": {key}, "vera": one(ctisim.Answers(s(3), minute))}, []letter.Kind{letter.SMS, ""}, ""},
		"his voicemail is no answer": {only("joe"), mobile, people{"joe": one(ctisim.Answers(s(5), s(30))), "vera": one(ctisim.Answers(s(3), minute))}, []letter.Kind{letter.SMS}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, notified(row.set, row.to), row.who, func(w *world) {
				post := &doorstep{kinds: row.sends}
				w.c.Post, w.c.URL = post, "https://call.example"
				cb := w.ask("vera", func(r *callback.Request) { r.Name, r.Topic = "Vera Visitor", "boiler" })
				pass(s(120))
				store := w.border.inner.(kept)
				all, err := store.TakeLetters(w.ctx, w.now(), w.now(), 10)
				if err != nil || len(all) > 1 || (len(all) == 1) != (row.to1 != "") || int(post.posted.Load()) != len(all) {
					t.Fatalf("letters: %v %+v, %d times told", err, all, post.posted.Load())
				}
				if row.to1 == "" {
					return
				}
				l := all[0]
				says, token, found := strings.Cut(l.Text, "https://call.example/a/")
				if !found || !strings.HasPrefix(token, "a_") || l.Address != row.to || l.Callback != cb || l.Subscriber != w.acme || !strings.HasPrefix(l.Subject, "Acme Plumbing") {
					t.Errorf("%+v", l)
				}
				for _, no := range []string{"Vera", "boiler", "2025550100"} {
					if strings.Contains(says+l.Subject, no) {
						t.Errorf("it tells of the visitor: %q", l.Text)
					}
				}
				link, err := store.Companion(w.ctx, id.TokenHash(token))
				if err != nil || link == nil || link.Agent != w.agents[row.to1] || link.Callback != cb {
					t.Fatalf("the link opens %+v %v", link, err)
				}
				c := w.stored(cb)
				taken := c.Attempts[len(c.Attempts)-1].Legs[0].ConfirmedAt
				if wait := link.CreatedAt.Sub(taken); wait < 0 || wait > time.Second {
					t.Errorf("it was made %v after the call was taken", wait)
				}
				if !link.Open(c, c.EndedAt.Add(callback.CompanionTime-1)) || link.Open(c, c.EndedAt.Add(callback.CompanionTime)) {
					t.Error("it opens too long, or not long enough")
				}
				w.invariants()
			})
		})
	}
}
