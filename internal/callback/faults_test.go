package callback_test

import (
	"slices"
	"testing"
)

// faultRows is the fault model: what goes wrong, what is wanted, and where it is played. A row "here" needs a story that
// names it; "crash" rows are the tests of crash_test.go; "wire" rows are below the CTI link: the switch's own tests and
// simulated days play them.
var faultRows = []struct{ fault, wanted, where string }{
	{"rings for ever", "given up at the ring limit, then the retry plan", "here"},
	{"silence, or 100 and nothing more", "given up at the hard stop, then the retry plan", "here"},
	{"486, 603, 600", "busy is tried again; declined never", "here"},
	{"503", "another trunk, else tried again soon", "here"},
	{"302", "nobody is called elsewhere", "here"},
	{"CANCEL crosses the answer", "let go at once, ended as decided, nobody else is called", "here"},
	{"early media", "no answer, not counted as talk", "here"},
	{"one-way audio", "in the journal within 3 s, the call lives", "here"},
	{"the far end dies in mid call", "both ended within 25 s, said to be lost", "here"},
	{"hold", "half an hour of it ends no call", "here"},
	{"trunk down", "tried again soon, then told", "here"},
	{"agent hangs up while the visitor rings", "the visitor's telephone stops, the next agent is asked", "here"},
	{"visitor hangs up while the agent rings", "the agent's telephone stops", "here"},
	{"agent does not answer", "the next agent; the waiting visitor hears that it goes on, then an apology", "here"},
	{"disk full, failing fsync", "nothing acknowledged, calls go on", "here"},
	{"clock jumps, daylight saving", "what is measured does not jump, bookings stay wall time", "here"},
	{"the process stands still for half a minute", "its late orders are refused", "here"},
	{"killed at each step", "one outcome, never two telephones, nothing left up", "crash"},
	{"lost ACK, lost BYE, doubled INVITE, loss, reorder", "one call", "wire"},
	{"forked answers, many provisionals, glare", "first answer wins, rings on, both converge", "wire"},
}

// Every fault has a story, and every story's faults are in the model.
func TestFaultRowsHaveStories(t *testing.T) {
	played := map[string]bool{}
	for _, s := range slices.Concat(stories, deeds) {
		for _, f := range s.faults {
			played[f] = true
		}
	}
	for _, r := range faultRows {
		if r.where == "here" && !played[r.fault] {
			t.Errorf("no story plays %q", r.fault)
		}
		delete(played, r.fault)
	}
	for f := range played {
		t.Errorf("a story plays %q, which is no row", f)
	}
	if n := len(stories) + len(deeds); n < 25 {
		t.Errorf("%d stories, want 25", n)
	}
	names := map[string]bool{}
	for _, s := range slices.Concat(stories, deeds) {
		if names[s.name] {
			t.Errorf("two stories are called %q", s.name)
		}
		names[s.name] = true
	}
}
