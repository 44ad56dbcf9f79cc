package callback_test

import (
	"testing"
	"time"

	"ringback/internal/callback"
	"ringback/internal/cti/ctisim"
	"ringback/internal/directory"
)

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
