package fault

import (
	"strings"
	"testing"
	"time"

	"ringback/bench/service"
	"ringback/internal/simcarrier"
)

// The judge itself is on trial: it must find each thing that may never be, and nothing in a good run.
func TestJudge(t *testing.T) {
	at := func(s float64) time.Time {
		return time.Unix(1_800_000_000, 0).Add(time.Duration(s * float64(time.Second)))
	}
	rows := []struct {
		name string
		bend func(all []service.Callback, ledger []simcarrier.Entry) ([]service.Callback, []simcarrier.Entry)
		want string
	}{
		{"a good run", func(a []service.Callback, l []simcarrier.Entry) ([]service.Callback, []simcarrier.Entry) { return a, l }, ""},
		{"a lost one", func(a []service.Callback, l []simcarrier.Entry) ([]service.Callback, []simcarrier.Entry) {
			return nil, nil
		}, "is not there"},
		{"one that never ends", func(a []service.Callback, l []simcarrier.Entry) ([]service.Callback, []simcarrier.Entry) {
			a[0].State = "queued"
			return a, l
		}, "still queued"},
		{"one that ended twice", func(a []service.Callback, l []simcarrier.Entry) ([]service.Callback, []simcarrier.Entry) {
			a[0].Journal = append(a[0].Journal, a[0].Journal[0])
			return a, l
		}, "ended 2 times"},
		{"two of one request", func(a []service.Callback, l []simcarrier.Entry) ([]service.Callback, []simcarrier.Entry) {
			twin := a[0]
			twin.ID = "cb_2"
			return append(a, twin), l
		}, "made two callbacks"},
		{"two telephones at once, told by the network", func(a []service.Callback, l []simcarrier.Entry) ([]service.Callback, []simcarrier.Entry) {
			l[0].Overlap = 1
			return a, l
		}, "1 other calls"},
		{"two telephones at once, told by the times", func(a []service.Callback, l []simcarrier.Entry) ([]service.Callback, []simcarrier.Entry) {
			twin := l[0]
			twin.Attempt, twin.RingingFrom, twin.AnsweredAt, twin.RingingUntil = 2, at(3), time.Time{}, at(4)
			return a, append(l, twin)
		}, "rang twice at the same instant"},
		{"one after the other is allowed", func(a []service.Callback, l []simcarrier.Entry) ([]service.Callback, []simcarrier.Entry) {
			next := l[0]
			next.Attempt, next.RingingFrom, next.AnsweredAt, next.ByeAt = 2, at(20), at(21), at(22)
			return a, append(l, next)
		}, ""},
		{"two answers of one attempt", func(a []service.Callback, l []simcarrier.Entry) ([]service.Callback, []simcarrier.Entry) {
			twin := l[0]
			twin.RingingFrom, twin.AnsweredAt, twin.ByeAt = at(20), at(21), at(22)
			return a, append(l, twin)
		}, "2 visitors' legs were answered"},
		{"a call without a row", func(a []service.Callback, l []simcarrier.Entry) ([]service.Callback, []simcarrier.Entry) {
			l[0].Leg = "leg_9"
			return a, l
		}, "has no row"},
		{"a call under another name", func(a []service.Callback, l []simcarrier.Entry) ([]service.Callback, []simcarrier.Entry) {
			l[0].CallID = "other"
			return a, l
		}, "the ledger has"},
		{"a call that nobody ended", func(a []service.Callback, l []simcarrier.Entry) ([]service.Callback, []simcarrier.Entry) {
			l[0].ByeAt = time.Time{}
			return a, l
		}, "still up"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			acked := map[string]asked{"cb_1": {n: 1, number: "+12022000100"}}
			all := []service.Callback{{ID: "cb_1", State: "ended", Outcome: "completed", Metadata: map[string]string{"n": "1"},
				Attempts: []service.Attempt{{N: 1, Legs: []service.Leg{{ID: "leg_1", CallID: "x"}}}},
				Journal:  []service.Line{{From: "connected", To: "ended"}}}}
			ledger := []simcarrier.Entry{{CallID: "x", Callback: "cb_1", Attempt: 1, Leg: "leg_1", To: "+12022000100",
				RingingFrom: at(0), AnsweredAt: at(1), RingingUntil: at(1), ByeAt: at(10)}}
			all, ledger = r.bend(all, ledger)
			got := strings.Join(judge(acked, all, ledger, false).broken, "; ")
			if r.want == "" && got != "" || !strings.Contains(got, r.want) {
				t.Errorf("judge says %q, want %q", got, r.want)
			}
		})
	}
}

// Each request has a number of its own.
func TestNumbers(t *testing.T) {
	seen := map[string]int{}
	for n := 1; n < 15000; n++ {
		s := number(n)
		if len(s) != 12 || seen[s] != 0 {
			t.Fatalf("number %d is %s, as %d", n, s, seen[s])
		}
		seen[s] = n
	}
}
