package fault

import (
	"fmt"
	"sort"
	"strings"
	"time"

	"ringback/bench/service"
	"ringback/internal/simcarrier"
)

// verdict is what became of everything that was acknowledged, and what may never be.
type verdict struct {
	acked, completed int
	outcomes         map[string]int
	putOff           int // will be tried again later
	calls            int // rows of the ledger
	broken           []string
}

// judge holds what was acknowledged against the API and the ledger. It promises:
//   - every acknowledged callback is there and ended, exactly once; with late it may still wait for a try that was put off;
//   - no request made two callbacks;
//   - I2: no two telephones rang or talked for one number at the same instant, and of one attempt not two visitors'
//     legs were answered;
//   - every call in the ledger is a leg in the API, under the same Call-ID, and none is up any more.
func judge(acked map[string]asked, all []service.Callback, ledger []simcarrier.Entry, late bool) verdict {
	v := verdict{acked: len(acked), outcomes: map[string]int{}, calls: len(ledger)}
	v.everyEnded(acked, all, late)
	v.oneForEach(all)
	v.oneTelephone(acked, ledger)
	v.known(all, ledger)
	sort.Strings(v.broken)
	return v
}

func (v *verdict) violation(format string, args ...any) {
	v.broken = append(v.broken, fmt.Sprintf(format, args...))
}

func (v *verdict) everyEnded(acked map[string]asked, all []service.Callback, late bool) {
	byID := map[string]*service.Callback{}
	for i := range all {
		byID[all[i].ID] = &all[i]
	}
	for cb := range acked {
		c := byID[cb]
		if c == nil {
			v.violation("%s was acknowledged and is not there", cb)
			continue
		}
		if late && c.State == "scheduled" {
			v.putOff++
			continue
		}
		if c.State != "ended" {
			v.violation("%s is still %s (%s): %s", cb, c.State, c.Reason.Code, story(c))
			continue
		}
		v.outcomes[strings.TrimSuffix(c.Outcome+" "+c.Reason.Code, " ")]++
		if c.Outcome == "completed" {
			v.completed++
		}
		ends := 0
		for _, l := range c.Journal {
			if l.To == "ended" && l.From != "ended" {
				ends++
			}
		}
		if ends != 1 {
			v.violation("%s ended %d times in its journal", cb, ends)
		}
	}
}

// story is the journal in short, in seconds of the minute.
func story(c *service.Callback) string {
	var b strings.Builder
	for _, l := range c.Journal {
		fmt.Fprintf(&b, "%s %s %s>%s %s; ", l.At.Format("05.000"), l.Event, l.From, l.To, l.Reason)
	}
	return strings.TrimSuffix(b.String(), "; ")
}

func (v *verdict) oneForEach(all []service.Callback) {
	made := map[string]string{}
	for _, c := range all {
		n := c.Metadata["n"]
		if old, twice := made[n]; twice {
			v.violation("request %s made two callbacks: %s and %s", n, old, c.ID)
		}
		made[n] = c.ID
	}
}

func (v *verdict) oneTelephone(acked map[string]asked, ledger []simcarrier.Entry) {
	visitors := map[string]bool{}
	for _, a := range acked {
		visitors[a.number] = true
	}
	answered := map[string]int{}
	for i, e := range ledger {
		if e.Overlap > 0 {
			v.violation("%s: %d other calls rang or talked at %s at the same instant (attempt %d, %s)", e.Callback, e.Overlap, e.To, e.Attempt, times(e))
		}
		if !visitors[e.To] {
			continue
		}
		if !e.AnsweredAt.IsZero() {
			answered[fmt.Sprintf("%s attempt %d", e.Callback, e.Attempt)]++
		}
		for _, o := range ledger[:i] {
			if o.To == e.To && meet(o, e) {
				v.violation("%s: %s rang twice at the same instant (attempts %d and %d)", e.Callback, e.To, o.Attempt, e.Attempt)
			}
		}
	}
	for what, n := range answered {
		if n > 1 {
			v.violation("%s: %d visitors' legs were answered", what, n)
		}
	}
}

// up says whether a call rings or talks.
func up(e simcarrier.Entry) bool {
	if e.AnsweredAt.IsZero() {
		return e.Final == 0
	}
	return e.ByeAt.IsZero()
}

// times tells when a call rang and talked, in seconds of the minute.
func times(e simcarrier.Entry) string {
	at := func(t time.Time) string {
		if t.IsZero() {
			return "-"
		}
		return t.Format("05.000")
	}
	return fmt.Sprintf("invite %s ringing %s-%s answered %s acked %s cancel %s bye %s by %s", at(e.InviteAt), at(e.RingingFrom), at(e.RingingUntil),
		at(e.AnsweredAt), at(e.AckedAt), at(e.CancelAt), at(e.ByeAt), e.ByeBy)
}

// meet says whether two calls rang or talked at the same instant.
func meet(a, b simcarrier.Entry) bool {
	from, to, rang := span(a)
	from2, to2, rang2 := span(b)
	return rang && rang2 && from.Before(to2) && from2.Before(to)
}

// span is when a call rang or talked; the end of a call that is still up is far away.
func span(e simcarrier.Entry) (from, to time.Time, rang bool) {
	from, to = e.RingingFrom, e.ByeAt
	if from.IsZero() {
		from = e.AnsweredAt
	}
	if e.AnsweredAt.IsZero() {
		to = e.RingingUntil
	}
	if to.IsZero() {
		to = from.Add(24 * time.Hour)
	}
	return from, to, !from.IsZero()
}

func (v *verdict) known(all []service.Callback, ledger []simcarrier.Entry) {
	callID := map[string]string{}
	for _, c := range all {
		for _, a := range c.Attempts {
			for _, l := range a.Legs {
				callID[l.ID] = l.CallID
			}
		}
	}
	for _, e := range ledger {
		id, ok := callID[e.Leg]
		switch {
		case !ok:
			v.violation("%s: leg %s was called at %s and has no row", e.Callback, e.Leg, e.To)
		case id != e.CallID:
			v.violation("%s: leg %s has Call-ID %q in its row, the ledger has %q", e.Callback, e.Leg, id, e.CallID)
		}
		if up(e) {
			v.violation("%s: leg %s is still up at %s: %s", e.Callback, e.Leg, e.To, times(e))
		}
	}
}
