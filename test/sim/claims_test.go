package sim

import (
	"context"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisim"
	"ringback/internal/id"
	"ringback/internal/web/status"
	"ringback/internal/words"
)

// claim is a sentence that was shown to a visitor, as what it says of the world: what happens in [from, to].
type claim struct {
	cb       id.Callback
	at       time.Time
	kind     string
	text     string
	from, to time.Time
}

// claims are all that was shown, and what was seen of each callback.
type claims struct {
	mu     sync.Mutex
	all    []claim
	last   map[id.Callback]string // shown last
	shown  map[id.Callback]*callback.Callback
	acts   map[id.Callback][]time.Time // of the visitor: what was promised before is not held to
	unread []string                    // sentences that say nothing that could be judged
}

func newClaims() claims {
	return claims{last: map[id.Callback]string{}, shown: map[id.Callback]*callback.Callback{}, acts: map[id.Callback][]time.Time{}}
}

func (b *claims) acted(cb id.Callback) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.acts[cb] = append(b.acts[cb], time.Now())
}

func (b *claims) live() (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.shown {
		if c.Live() {
			n++
		}
	}
	return n
}

// overdue are those that wait and whose time was before t.
func (b *claims) overdue(t time.Time) (out []*callback.Callback) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.shown {
		if (c.State == callback.Scheduled || c.State == callback.Queued) && c.DueAt.Before(t) {
			out = append(out, c)
		}
	}
	return out
}

// Publish is the live page: what it shows after each step.
func (m *month) Publish(c *callback.Callback, _ []callback.Line) {
	m.book.mu.Lock()
	m.book.shown[c.ID] = c
	m.book.mu.Unlock()
	m.show(c)
}

// look is a page that is loaded.
func (m *month) look(cb id.Callback) *callback.Callback {
	c, err := m.store.Callback(context.Background(), "", cb)
	if err != nil {
		m.Fatal(err)
	}
	m.show(c)
	return c
}

// show writes down what the page of a callback says.
func (m *month) show(c *callback.Callback) {
	now := time.Now()
	v := status.Of(c, m.c, now, words.English())
	k, ok := m.read(c, v, now)
	b := &m.book
	b.mu.Lock()
	defer b.mu.Unlock()
	if !ok {
		if !slices.Contains(b.unread, v.Message) && len(b.unread) < 20 {
			b.unread = append(b.unread, v.Message)
		}
		return
	}
	if k.kind != "wait" && b.last[c.ID] == v.Message {
		return // it was said before
	}
	b.last[c.ID] = v.Message
	b.all = append(b.all, k)
}

var (
	onDay   = regexp.MustCompile(`(We will call you on|Next try:) (\w{3}, \w{3} \d+ at \d\d:\d\d) \(New York time\)\.$`)
	takes   = regexp.MustCompile(`^You are (next|number \d+ in line)\. It takes about (a minute|\d+ minutes)\.$`)
	inLine  = regexp.MustCompile(`^You are (next|number \d+ in line)\. We call you as soon as somebody is free\.$`)
	atPhone = regexp.MustCompile(`^The telephone of (\w+) is ringing\. Yours is next\.$`)
	rings   = regexp.MustCompile(`Your phone rings now\.`)
	about   = regexp.MustCompile(`Your phone is about to ring\.`)
	talks   = regexp.MustCompile(`^You are talking with (\w+)\.$`)
)

// read says what a page claims.
func (m *month) read(c *callback.Callback, v status.View, now time.Time) (k claim, ok bool) {
	k = claim{cb: c.ID, at: now, text: v.Message, from: now, to: now}
	if v.Place == nil && v.WaitS != nil {
		m.trouble("%s has a wait and no place", c.ID)
	}
	switch s := v.Message; {
	case onDay.MatchString(s):
		at, err := time.ParseInLocation("2006 Mon, Jan 2 at 15:04", strconv.Itoa(c.DueAt.In(m.loc).Year())+" "+onDay.FindStringSubmatch(s)[2], m.loc)
		if err != nil {
			m.trouble("a time that cannot be read: %q: %v", s, err)
		}
		k.kind, k.from, k.to = "time", at, at.Add(time.Minute+callback.MaxWait)
		switch {
		case c.Tried() > 0:
		case c.When == `{"now":true}`:
			k.to = at.Add(time.Minute + callback.OpeningWait)
		default:
			k.to = at.Add(time.Minute + shopWindow)
		}
		if v.Wall == nil || at.Format("2006-01-02T15:04") != *v.Wall {
			m.trouble("%q, and wall is %v", s, v.Wall)
		}
	case takes.MatchString(s):
		k.kind, k.to = "wait", now.Add(minutes(takes.FindStringSubmatch(s)[2]))
		if v.WaitS == nil || k.to.Sub(now) < time.Duration(*v.WaitS)*time.Second || k.to.Sub(now) > time.Duration(*v.WaitS)*time.Second+time.Minute {
			m.trouble("%q, and wait_s is %v", s, v.WaitS)
		}
		if !m.c.Diary(m.c.Directory().Subscribers[c.Subscriber], m.c.Directory().Buttons[c.Button]).Open(now.Add(time.Duration(*v.WaitS) * time.Second)) {
			m.trouble("%q, and it is closed then", s)
		}
	case inLine.MatchString(s):
		k.kind = "line"
	case atPhone.MatchString(s):
		k.kind = "agent rings"
	case rings.MatchString(s):
		k.kind = "rings"
	case about.MatchString(s):
		k.kind, k.to = "about to ring", now.Add(2*time.Second)
	case talks.MatchString(s):
		k.kind = "talking"
	case c.State == callback.Ended:
		k.kind = "ended"
	default:
		return k, false
	}
	return k, true
}

func minutes(s string) time.Duration {
	n, err := strconv.Atoi(strings.TrimSuffix(s, " minutes"))
	if err != nil {
		n = 1
	}
	return time.Duration(n) * time.Minute
}

// verdicts on a claim.
const (
	kept   = "kept"
	void   = "given up by the visitor"
	broken = "broken, with a reason that she was told"
	late   = "late"
)

// judge holds every claim against what happened.
func (m *month) judge() {
	calls := map[id.Callback][]ctisim.Call{}
	for _, c := range m.phones.Calls() {
		calls[c.Callback] = append(calls[c.Callback], c)
	}
	b := &m.book
	b.mu.Lock()
	defer b.mu.Unlock()
	tally := map[string]map[string]int{}
	for _, k := range b.all {
		v := m.verdict(k, calls[k.cb])
		if tally[k.kind] == nil {
			tally[k.kind] = map[string]int{}
		}
		tally[k.kind][v]++
		if v != kept && v != void && v != broken && v != late {
			m.trouble("%s was told at %s: %q: %s", k.cb, k.at.In(m.loc).Format("Jan 2 15:04:05"), k.text, v)
		}
	}
	outcomes := map[callback.Outcome]int{}
	for _, c := range b.shown {
		if outcomes[c.Outcome]++; c.State == callback.Ended && (c.Reason == "" || c.Outcome == "") {
			m.trouble("%s ended without a reason", c.ID)
		}
	}
	m.Logf("%d visitors, outcomes %v", m.n, outcomes)
	for _, kind := range slices.Sorted(maps.Keys(tally)) {
		m.Logf("%-14s %v", kind, tally[kind])
	}
	m.Logf("not judged: %q", b.unread)
	w := tally["wait"]
	share := 90
	if os.Getenv("RINGBACK_TEST_LONG") == "" {
		share = 75 // of some days: what nine in ten means needs a month
	}
	if told := w[kept] + w[late]; told < 20 || w[kept]*100 < told*share {
		m.Errorf("a wait is told %d times, and holds %d times", told, w[kept])
	}
	if t := tally["time"]; t[kept] < 20 || t[broken]*10 > t[kept] {
		m.Errorf("a time is kept %d times and not kept %d times", t[kept], t[broken])
	}
}

// verdict on one claim, from the telephones' own record.
func (m *month) verdict(k claim, calls []ctisim.Call) string {
	c := m.book.shown[k.cb]
	rung := func(from, to time.Time) bool {
		return slices.ContainsFunc(calls, func(x ctisim.Call) bool {
			return x.Party == cti.Visitor && !x.InviteAt.Before(from) && !x.InviteAt.After(to)
		})
	}
	acted := func(to time.Time) bool {
		return slices.ContainsFunc(m.book.acts[k.cb], func(t time.Time) bool { return !t.Before(k.at) && !t.After(to) })
	}
	const moment = 2 * time.Second
	at := func(p cti.Party, is func(ctisim.Call) bool) bool {
		return slices.ContainsFunc(calls, func(x ctisim.Call) bool {
			return (x.Party == cti.Visitor) == (p == cti.Visitor) && is(x) && !x.InviteAt.After(k.at) && (x.GoneAt.IsZero() || x.GoneAt.After(k.at.Add(-moment)))
		})
	}
	ringing := func(x ctisim.Call) bool { return !x.RingingAt.IsZero() && !x.RingingAt.After(k.at) }
	up := func(x ctisim.Call) bool { return !x.AnsweredAt.IsZero() && !x.AnsweredAt.After(k.at) }
	if (k.kind == "time" || k.kind == "wait") && acted(k.to) {
		return void
	}
	switch k.kind {
	case "time":
		switch end := c.EndedAt; {
		case rung(k.at.Add(time.Millisecond), k.from.Add(-time.Second)):
			return "she was rung before"
		case rung(k.from, k.to):
			return kept
		case acted(k.to.Add(shopWindow)):
			return void
		case c.State == callback.Ended && !end.After(k.to.Add(time.Minute)) && c.Outcome != callback.Completed:
			return broken
		}
		return "she was not rung, and not told why"
	case "wait":
		if rung(k.from, k.to) {
			return kept
		}
		return late
	case "line":
		return kept
	case "agent rings":
		if at(cti.Agent, ringing) {
			return kept
		}
		return "no telephone of an agent's rings"
	case "rings":
		if at(cti.Visitor, ringing) {
			return kept
		}
		return "her telephone does not ring"
	case "about to ring":
		if rung(k.at.Add(-moment), k.to) || at(cti.Visitor, func(ctisim.Call) bool { return true }) {
			return kept
		}
		return "her telephone is not rung"
	case "talking":
		if at(cti.Visitor, up) && at(cti.Agent, up) {
			return kept
		}
		return "not both are on the line"
	}
	return m.howItEnded(k, c, calls)
}

// howItEnded holds the last sentence against all calls to her.
func (m *month) howItEnded(k claim, c *callback.Callback, calls []ctisim.Call) string {
	hers := slices.DeleteFunc(slices.Clone(calls), func(x ctisim.Call) bool { return x.Party != cti.Visitor })
	answered := slices.ContainsFunc(hers, func(x ctisim.Call) bool { return !x.AnsweredAt.IsZero() })
	last := ctisim.Call{}
	if len(hers) > 0 {
		last = hers[len(hers)-1]
	}
	ok := false
	switch t := k.text; {
	case strings.HasPrefix(t, "Thank you for talking with us"):
		ok = answered && c.TalkTime > 0
	case strings.HasPrefix(t, "You cancelled"):
		ok = len(m.book.acts[k.cb]) > 0
	case strings.HasPrefix(t, "The call was ended as you asked"):
		ok = len(m.book.acts[k.cb]) > 0 && answered
	case strings.HasPrefix(t, "Your line was busy when we rang last"):
		ok = last.Code == 486
	case strings.HasPrefix(t, "We rang and nobody answered"):
		ok = len(hers) > 0 && last.AnsweredAt.IsZero() && last.Code == 0
	case strings.HasPrefix(t, "The call was declined"):
		ok = last.Code == 603 || !last.AnsweredAt.IsZero()
	case strings.HasPrefix(t, "An answering machine"), strings.HasPrefix(t, "The call was answered, but"), strings.HasPrefix(t, "You hung up"):
		ok = !last.AnsweredAt.IsZero()
	case strings.HasPrefix(t, "Nobody was free"), strings.HasPrefix(t, "We could not call you in time"):
		ok = c.TalkTime == 0
	default:
		return "an ending that is not known"
	}
	if !ok {
		return "that is not what happened"
	}
	return kept
}
