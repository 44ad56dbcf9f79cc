package callback_test

import (
	"strings"
	"testing"

	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisim"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/letter"
	"ringback/internal/schedule"
	"ringback/internal/subscriber"
)

// missedGoTo lets cards of missed visitors go to the business, which has a telephone of its own.
func missedGoTo(n subscriber.Notify, set func(*directory.Setup)) func(*directory.Setup) {
	return func(s *directory.Setup) {
		set(s)
		s.Subscribers[0].Notify, s.Subscribers[0].Destination = n, telephones["shop"]
	}
}

// TestLead: who was not served is told of by one card to each address, and by none who was.
func TestLead(t *testing.T) {
	both := subscriber.Notify{Mail: "joe@acme.example", SMS: "+12025550140", Missed: true}
	miss := people{"ann": {ctisim.RingsForEver()}, "vera": one(ctisim.Answers(s(3), minute))}
	for name, row := range map[string]struct {
		to    subscriber.Notify
		who   people
		sends []letter.Kind
		want  []letter.Kind
	}{
		"nobody takes it":     {both, miss, []letter.Kind{letter.Mail, letter.SMS}, []letter.Kind{letter.Mail, letter.SMS}},
		"only mail is set up": {both, miss, []letter.Kind{letter.Mail}, []letter.Kind{letter.Mail}},
		"it wants none":       {subscriber.Notify{Mail: "joe@acme.example"}, miss, []letter.Kind{letter.Mail}, nil},
		"they talk":           {both, people{"ann": one(ctisim.Answers(s(1), 0)), "vera": one(ctisim.Answers(s(3), minute))}, []letter.Kind{letter.Mail}, nil},
		"the visitor is busy": {both, people{"ann": {ctisim.Answers(s(1), 0)}, "vera": {ctisim.Busy()}}, []letter.Kind{letter.Mail}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, missedGoTo(row.to, only("ann")), row.who, func(w *world) {
				w.c.Post, w.c.URL = &doorstep{kinds: row.sends}, "https://call.example"
				cb := w.ask("vera", func(r *callback.Request) { r.Name = "Vera Visitor" })
				w.reaches(cb, callback.Ended)
				pass(s(10))
				store := w.border.inner.(kept)
				all, err := store.TakeLetters(w.ctx, w.now(), w.now(), 10)
				if err != nil || len(all) != len(row.want) {
					t.Fatalf("letters: %v %+v", err, all)
				}
				for _, l := range all {
					says, token, found := strings.Cut(l.Text, "https://call.example/l/")
					if !found || l.Callback != cb || strings.Contains(says+l.Subject, "Vera") || strings.Contains(says, "2025550100") {
						t.Errorf("%+v", l)
					}
					link, err := store.Companion(w.ctx, id.TokenHash(token))
					c := w.stored(cb)
					if err != nil || link == nil || link.Agent != "" || !link.OpenLead(c, c.EndedAt.Add(callback.LeadTime-1)) || link.OpenLead(c, c.EndedAt.Add(callback.LeadTime)) {
						t.Errorf("the link opens %+v %v", link, err)
					}
				}
				w.invariants()
			})
		})
	}
}

// TestLeadConnected: by the card the business's own telephone is rung, where a person must press a key, then the visitor; also
// after hours, but not twice at once and not at night.
func TestLeadConnected(t *testing.T) {
	who := people{"ann": {ctisim.RingsForEver()}, "shop": one(ctisim.Takes(s(2), s(9), 0)), "vera": one(ctisim.Answers(s(3), minute))}
	play(t, missedGoTo(subscriber.Notify{Mail: "joe@acme.example", Missed: true}, only("ann")), who, func(w *world) {
		cb := w.ask("vera")
		w.reaches(cb, callback.Ended)
		closed, err := schedule.ParseHours(map[string][]string{"daily": {}})
		if err != nil {
			t.Fatal(err)
		}
		set := setup()
		missedGoTo(subscriber.Notify{Mail: "joe@acme.example", Missed: true}, only("ann"))(&set)
		set.Subscribers[0].Hours = closed
		w.apply(set)
		if err := w.c.Reload(w.ctx); err != nil {
			t.Fatal(err)
		}
		again, err := w.c.ConnectLead(w.ctx, cb)
		if err != nil || again.State != callback.RingingAgent || again.Destination != telephones["shop"] || again.Order != subscriber.AgentFirst {
			t.Fatalf("connected: %+v %v", again, err)
		}
		if again.Confirm.Agent != string(cti.ConfirmKey) {
			t.Errorf("the shop's voicemail may take it: %+v", again.Confirm)
		}
		if _, err := w.c.ConnectLead(w.ctx, cb); !fault.Is(err, fault.NumberBusy) {
			t.Errorf("twice at once: %v", err)
		}
		if c := w.reaches(again.ID, callback.Ended); c.Outcome != callback.Completed {
			t.Errorf("it ended as %s (%s)", c.Outcome, c.Reason)
		}
		if _, err := w.c.ConnectLead(w.ctx, again.ID); !fault.Is(err, fault.TooLate) {
			t.Errorf("who was talked with was missed: %v", err)
		}
		pass(s(30))
		w.invariants()
	})
}
