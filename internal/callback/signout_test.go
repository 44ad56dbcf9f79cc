package callback_test

import (
	"testing"
	"testing/synctest"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/cti/ctisim"
	"ringback/internal/directory"
)

// Who signs out is not there any more: her desk is disconnected, and what rang or waited there is the next agent's. A talk
// she finishes first.
func TestSignOut(t *testing.T) {
	for _, c := range []struct {
		name   string
		until  callback.State // when she signs out; "" = before anybody asks
		accept bool
		then   agent.Presence
		want   string
	}{
		{"while nobody calls", "", false, agent.SignedOut, "bob"},
		{"while her desk rings", callback.RingingAgent, false, agent.SignedOut, "bob"},
		{"while the visitor's telephone rings", callback.RingingVisitor, true, agent.SignedOut, "bob"},
		{"while she talks", callback.Connected, true, agent.Finishing, "ann"},
	} {
		t.Run(c.name, func(t *testing.T) {
			play(t, atDesks, people{"vera": one(ctisim.Answers(s(10), s(30)))}, func(w *world) {
				ann := w.agents["ann"]
				w.connect(string(ann))
				w.desk("bob", ctisim.Answers(s(2), 0))
				leaves := func() {
					if err := w.c.SignOut(w.ctx, ann); err != nil {
						t.Fatal(err)
					}
					synctest.Wait() // what rang there has ended
					if st := w.c.Agents()[ann]; st.Presence != c.then {
						t.Errorf("she is %s, want %s", st.Presence, c.then)
					}
				}
				if c.until == "" {
					leaves()
				}
				cb := w.ask("vera")
				if c.until != "" {
					l := w.offered(cb, "ann")
					if c.accept {
						if err := w.c.Accept(w.ctx, cb, l.ID, callback.ByAgent); err != nil {
							t.Fatal(err)
						}
					}
					w.reaches(cb, c.until)
					pass(s(1))
					leaves()
				}
				got := w.reaches(cb, callback.Connected)
				if who := w.answeredBy(got); who != c.want {
					t.Errorf("answered by %q", who)
				}
				end := w.reaches(cb, callback.Ended)
				w.rungOnce(end)
				if end.TalkTime < s(29) {
					t.Errorf("they talked %v", end.TalkTime)
				}
				if p := w.presence("ann"); p != agent.SignedOut {
					t.Errorf("in the end she is %s", p)
				}
				_ = w.sw.Disconnect(w.ctx, string(ann))
				w.invariants()
			})
		})
	}
}

// The page of a desk is no telephone of an agent who has only telephones.
func TestSignOutOfWhoHasATelephone(t *testing.T) {
	play(t, func(d *directory.Setup) { only("ann")(d) }, talkers, func(w *world) {
		if err := w.c.SignOut(w.ctx, w.agents["ann"]); err != nil {
			t.Fatal(err)
		}
		if p := w.presence("ann"); p != agent.Ready {
			t.Errorf("she is %s", p)
		}
	})
}
