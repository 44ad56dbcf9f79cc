package storetest

import (
	"reflect"
	"testing"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/id"
)

// remarks come with steps: they stand with their callback in order, a later disposition takes the place of an earlier
// one, and a step that fails leaves none.
func remarks(t *testing.T, h *House) {
	c, other := h.Made("+12025550177"), h.Made("+12025550178")
	now := h.Clock.Now().UTC().Truncate(time.Microsecond)
	ann := callback.Author{Actor: callback.ByAgent, Agent: h.Ann}
	first := callback.Note{ID: h.Mint.Note(), At: now, By: ann, Text: "wants a quote, \"soon\""}
	h.Clock.Pass(time.Millisecond)
	second := callback.Note{ID: h.Mint.Note(), At: now.Add(time.Second), By: callback.Author{Actor: callback.ByStaff}, Text: "sent"}
	spam := &callback.Disposition{Code: "spam", By: ann, At: now}
	sold := &callback.Disposition{Code: "sold", Note: "two", By: callback.Author{Actor: callback.ByStaff}, At: now.Add(time.Second)}
	step := func(r callback.Remarks, fails bool) {
		t.Helper()
		_, err := h.Step(t.Context(), c.ID, func(*callback.Callback) (callback.Change, error) {
			ch := callback.Change{Lines: []callback.Line{{At: h.Clock.Now()}}, Remarks: r}
			if fails {
				ch.Agents = []callback.Move{{Agent: h.Ann, From: []agent.Presence{agent.Talking}}}
			}
			return ch, nil
		})
		if (err != nil) != fails {
			t.Fatalf("step: %v", err)
		}
	}
	is := func(want map[id.Callback]callback.Remarks) {
		t.Helper()
		got, err := h.Remarks(t.Context(), []id.Callback{c.ID, other.ID, "cb_unknown"})
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("remarks %v %+v\nwant %+v", err, got, want)
		}
	}
	step(callback.Remarks{Notes: []callback.Note{first}, Disposition: spam}, true)
	is(map[id.Callback]callback.Remarks{})
	step(callback.Remarks{Notes: []callback.Note{first}, Disposition: spam}, false)
	is(map[id.Callback]callback.Remarks{c.ID: {Notes: []callback.Note{first}, Disposition: spam}})
	step(callback.Remarks{Notes: []callback.Note{second}}, false)
	step(callback.Remarks{Disposition: sold}, false)
	h.Store = h.Again()
	is(map[id.Callback]callback.Remarks{c.ID: {Notes: []callback.Note{first, second}, Disposition: sold}})
}

// What an agent may list: of what she represents, what is under way and what was hers.
func desks(t *testing.T, h *House) {
	live, hers, theirs := h.Made("+12025550171"), h.Made("+12025550172"), h.Made("+12025550173")
	for _, c := range []*callback.Callback{hers, theirs} {
		_, err := h.Step(t.Context(), c.ID, func(now *callback.Callback) (callback.Change, error) {
			who := h.Bob
			if c == hers {
				who = h.Ann
			}
			now.Attempts = append(now.Attempts, callback.Attempt{N: len(now.Attempts) + 1, Agent: who, Result: callback.ResultConnected, StartedAt: h.Clock.Now()})
			now.State, now.Outcome, now.EndedAt, now.DueAt = callback.Ended, callback.Completed, h.Clock.Now(), time.Time{}
			return callback.Change{Lines: []callback.Line{{At: h.Clock.Now()}}}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	all := false
	list := func(represents []id.Subscriber, want ...id.Callback) {
		t.Helper()
		found, err := h.Callbacks(t.Context(), "", callback.Filter{Desk: &callback.Desk{Agent: h.Ann, Represents: represents, All: all}})
		if err != nil {
			t.Fatal(err)
		}
		var got []id.Callback
		for _, c := range found {
			got = append(got, c.ID)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("of %v: %v, want %v", represents, got, want)
		}
	}
	list([]id.Subscriber{h.Zen, h.Acme}, hers.ID, live.ID)
	list([]id.Subscriber{h.Zen})
	list(nil)
	all = true
	list([]id.Subscriber{h.Acme}, theirs.ID, hers.ID, live.ID)
	list(nil)
	same, err := h.Callbacks(t.Context(), h.Acme, callback.Filter{NumberHash: hers.NumberHash})
	if err != nil || len(same) != 1 || same[0].ID != hers.ID {
		t.Errorf("of one number: %v %v", same, err)
	}
}
