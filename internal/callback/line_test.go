package callback_test

import (
	"testing"
	"time"

	"ringback/internal/callback"
	"ringback/internal/cti/ctisim"
	"ringback/internal/directory"
	"ringback/internal/fault"
)

// A telephone has one live callback, and is not both ends of one, however its address is spelled.
func TestOneTelephoneInAllSpellings(t *testing.T) {
	play(t, nil, talkers, func(w *world) {
		at := func(e, dest string) callback.Request {
			return wish("vera", func(r *callback.Request) { r.Number, r.Endpoint, r.Destination = "", e, dest })
		}
		if _, err := w.c.Request(w.ctx, at("sip:vera@192.0.2.9", "sip:vera@192.0.2.9:5060;transport=udp")); !fault.Is(err, fault.NumberOwn) {
			t.Errorf("both ends: %v", err)
		}
		if _, err := w.c.Request(w.ctx, at("sip:vera@192.0.2.9", "")); err != nil {
			t.Fatal(err)
		}
		if _, err := w.c.Request(w.ctx, at("sip:vera@192.0.2.9:5060;transport=udp", "")); !fault.Is(err, fault.NumberBusy) {
			t.Errorf("a second one: %v", err)
		}
	})
}

// A call that goes back to wait for its next try frees the telephone it held: who is next is served at once, not when
// something else happens to move.
func TestARetryLetsTheNextOneIn(t *testing.T) {
	set := func(s *directory.Setup) {
		s.Agents, s.Representations = nil, nil
		s.Subscribers[0].Destination, s.Subscribers[0].Limits.Concurrent = telephones["shop"], 1
	}
	who := people{"shop": one(ctisim.Takes(s(2), s(1), 0)), "vera": one(ctisim.Busy()), "walt": one(ctisim.Answers(s(1), s(10)))}
	play(t, set, who, func(w *world) {
		began := time.Now()
		w.ask("vera")
		pass(time.Millisecond)
		next := w.ask("walt")
		w.reaches(next, callback.Connected)
		if took := time.Since(began); took > s(10) {
			t.Errorf("the next one was served after %s", took)
		}
	})
}
