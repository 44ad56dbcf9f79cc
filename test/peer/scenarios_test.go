package peer_test

import (
	"fmt"
	"net"
	"strconv"
	"testing"
	"time"

	"ringback/internal/simcarrier"
)

// stage is one service, an ordinary network, and a SIPp for each row, reached over a trunk of its own prefix.
type stage struct {
	*service
	net *simcarrier.Carrier
}

// row is a scenario of testdata and what must be on record. As a carrier SIPp is the visitor's line, as an agent the
// telephone of the destination.
type row struct {
	scenario string
	limit    time.Duration // until the callback has ended
	act      func(t testing.TB, st *stage, cb string, party string)
	outcome  string
	asAgent  string // outcome with SIPp as agent, where it is another
	missed   string // result of the attempt when SIPp is an agent who may be rung again: then the wish is cancelled
	cause    string
	code     int
	by       string // "person" = the party that SIPp plays
	check    func(t testing.TB, st *stage, r *record, l *leg, s *sipp)
}

const soon = 25 * time.Second

var rows = []row{
	{scenario: "ringforever", limit: 45 * time.Second, outcome: "visitor_no_answer", missed: "agent_no_answer", cause: "no_answer", by: "us",
		check: func(t testing.TB, _ *stage, _ *record, l *leg, _ *sipp) {
			ring := map[string]time.Duration{"visitor": 30 * time.Second, "agent": 25 * time.Second}[l.Party]
			between(t, "ringing", l.RingingAt, l.EndedAt, ring-200*time.Millisecond, ring+700*time.Millisecond)
		}},
	{scenario: "noanswer_trying", limit: 60 * time.Second, outcome: "visitor_no_answer", missed: "agent_no_answer", cause: "no_answer", by: "us",
		check: func(t testing.TB, _ *stage, _ *record, l *leg, _ *sipp) {
			hard := map[string]time.Duration{"visitor": 45 * time.Second, "agent": 40 * time.Second}[l.Party]
			between(t, "waiting", l.SentAt, l.EndedAt, hard-200*time.Millisecond, hard+700*time.Millisecond)
			if l.RingingAt != nil {
				t.Error("100 Trying was taken for ringing")
			}
		}},
	{scenario: "busy486", limit: soon, outcome: "visitor_busy", missed: "agent_busy", cause: "user_busy", code: 486, by: "person"},
	{scenario: "decline603", limit: soon, outcome: "visitor_declined", asAgent: "no_agent", cause: "call_rejected", code: 603, by: "person"},
	{scenario: "redirect302", limit: soon, outcome: "failed", missed: "network", cause: "network_out_of_order", code: 302, by: "network"},
	{scenario: "answer_after_cancel", limit: soon, act: cancelRinging, outcome: "cancelled", cause: "cancelled", by: "us",
		check: func(t testing.TB, _ *stage, _ *record, l *leg, _ *sipp) {
			if l.BridgedAt != nil {
				t.Error("it was joined")
			}
		}},
	{scenario: "early_media_183", limit: soon, outcome: "completed", cause: "normal_clearing", by: "person", check: earlyMedia},
	{scenario: "bye_from_peer", limit: soon, outcome: "completed", cause: "normal_clearing", by: "person",
		check: func(t testing.TB, st *stage, r *record, l *leg, _ *sipp) {
			talked(t, st, r, 1)
			between(t, "talk", l.AnsweredAt, l.EndedAt, 1900*time.Millisecond, 3*time.Second)
		}},
	{scenario: "no_rtp", limit: 60 * time.Second, act: cancelAfter(30 * time.Second), outcome: "completed", cause: "cancelled", by: "us", check: quiet},
	{scenario: "no_rtp_dead", limit: 45 * time.Second, outcome: "completed", cause: "media_lost", by: "network",
		check: func(t testing.TB, st *stage, r *record, l *leg, s *sipp) {
			quiet(t, st, r, l, s)
			between(t, "the dead call", l.BridgedAt, l.EndedAt, 18*time.Second, 25*time.Second)
		}},
	{scenario: "reinvite", limit: soon, outcome: "completed", cause: "normal_clearing", by: "person",
		check: func(t testing.TB, st *stage, r *record, _ *leg, _ *sipp) { talked(t, st, r, 1) }},
	{scenario: "many_180", limit: soon, outcome: "completed", cause: "normal_clearing", by: "person",
		check: func(t testing.TB, st *stage, r *record, l *leg, _ *sipp) {
			talked(t, st, r, 1)
			between(t, "ringing", l.RingingAt, l.AnsweredAt, 2500*time.Millisecond, 5*time.Second)
		}},
	{scenario: "se90", limit: soon, outcome: "completed", cause: "normal_clearing", by: "person",
		check: func(t testing.TB, st *stage, r *record, _ *leg, _ *sipp) { talked(t, st, r, 1) }},
}

// TestSIPp plays every scenario, once as the visitor's carrier and once as the agent's telephone.
func TestSIPp(t *testing.T) {
	needSIPp(t)
	t.Parallel()
	net := carrier(t)
	person(t, net, "0180", simcarrier.Person{Does: "answers", After: 200 * time.Millisecond, Talk: 2 * time.Minute})
	trunks := []string{fmt.Sprintf(`{id: net, address: "sip:%s", prefixes: ["+1202"]}`, net.Addr())}
	ports := map[string]int{}
	for i, r := range rows {
		ports[r.scenario] = freePort(t)
		trunks = append(trunks, fmt.Sprintf(`{id: sipp%d, ping: 0s, address: "sip:127.0.0.1:%d", prefixes: ["+1212555%d"]}`, i, ports[r.scenario], 10+i))
	}
	st := &stage{serve(t, config{}, seed(trunks...)), net}
	t.Run("rows", func(t *testing.T) {
		for i, r := range rows {
			t.Run(r.scenario+"/visitor", func(t *testing.T) {
				t.Parallel()
				r.run(t, st, "visitor", ports[r.scenario], map[string]any{"button": "once", "number": fmt.Sprintf("+1212555%d80", 10+i),
					"destination": fmt.Sprintf("sip:desk%d-0180@%s", i, net.Addr())})
			})
			t.Run(r.scenario+"/agent", func(t *testing.T) {
				t.Parallel()
				port := freePort(t)
				r.run(t, st, "agent", port, map[string]any{"button": "once", "number": fmt.Sprintf("+12025%d0180", 10+i),
					"destination": fmt.Sprintf("sip:ann@127.0.0.1:%d", port)})
			})
		}
	})
}

func (r row) run(t *testing.T, st *stage, party string, port int, wish map[string]any) {
	elsewhere := sink(t)
	s := play(t, r.scenario, port, "elsewhere", strconv.Itoa(elsewhere.LocalAddr().(*net.UDPAddr).Port))
	cb := st.request(t, wish)
	if r.act != nil {
		r.act(t, st, cb, party)
	}
	outcome := r.outcome
	if party == "agent" && r.asAgent != "" {
		outcome = r.asAgent
	}
	if party == "agent" && r.missed != "" {
		outcome = "cancelled"
		st.agentMisses(t, cb, r)
	}
	rec := st.await(t, cb, r.limit, "ended", func(rec *record) bool { return rec.State == "ended" && rec.last(party).EndedAt != nil })
	l := rec.last(party)
	by := r.by
	if by == "person" {
		by = party
	}
	code := 0
	if l.SIPCode != nil {
		code = *l.SIPCode
	}
	if rec.Outcome != outcome || l.Cause != r.cause || l.By != by || r.code != 0 && code != r.code {
		t.Errorf("on record: %s; leg %s by %s with %d; want %s; leg %s by %s with %d", rec.Outcome, l.Cause, l.By, code, outcome, r.cause, by, r.code)
	}
	inOrder(t, l)
	if r.check != nil {
		r.check(t, st, rec, l, s)
	}
	s.satisfied(10 * time.Second)
	if n := s.received("INVITE"); n != 1 { // loopback loses nothing: no second call, no retransmission
		t.Errorf("%d INVITEs", n)
	}
	if err := elsewhere.SetReadDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	if n, _, err := elsewhere.ReadFrom(make([]byte, 2000)); err == nil {
		t.Errorf("%d bytes went to where the 302 pointed", n)
	}
}

// inOrder wants the times of a leg to follow each other.
func inOrder(t testing.TB, l *leg) {
	t.Helper()
	var before time.Time
	for i, at := range []*time.Time{l.SentAt, l.RingingAt, l.AnsweredAt, l.ConfirmedAt, l.BridgedAt, l.EndedAt} {
		if at != nil && at.Before(before) {
			t.Errorf("time %d of the leg is before the one in front of it: %+v", i, *l)
		}
		if at != nil {
			before = *at
		}
	}
	if l.SentAt == nil || l.EndedAt == nil {
		t.Errorf("sent at %v, ended at %v", l.SentAt, l.EndedAt)
	}
}

// agentMisses waits for the end of the first attempt and withdraws the wish: the telephone would be rung again.
func (st *stage) agentMisses(t testing.TB, cb string, r row) {
	t.Helper()
	rec := st.await(t, cb, r.limit, "missed", func(rec *record) bool { return len(rec.Attempts) > 0 && rec.Attempts[0].Result != "" })
	if got := rec.Attempts[0].Result; got != r.missed || rec.State == "ended" {
		t.Errorf("attempt: %s, callback %s; want %s, and not given up", got, rec.State, r.missed)
	}
	st.cancel(t, cb)
}

// sink is an address at which nothing may arrive.
func sink(t testing.TB) net.PacketConn {
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func cancelRinging(t testing.TB, st *stage, cb, party string) {
	st.await(t, cb, soon, "ringing", func(r *record) bool { return r.last(party).RingingAt != nil })
	st.cancel(t, cb)
}

// cancelAfter hangs up when the two have been joined for a while.
func cancelAfter(d time.Duration) func(testing.TB, *stage, string, string) {
	return func(t testing.TB, st *stage, cb, party string) {
		st.await(t, cb, d+soon, "joined for a while", func(r *record) bool {
			at := r.last(party).BridgedAt
			return r.State == "ended" || at != nil && time.Since(*at) > d
		})
		st.cancel(t, cb)
	}
}

// talked wants the other telephone to have heard SIPp's tone for some seconds, itself not at all, over one stream.
func talked(t testing.TB, st *stage, r *record, seconds float64) {
	t.Helper()
	calls := st.net.Calls(r.ID)
	if len(calls) != 1 {
		t.Errorf("the network has %d calls of %s", len(calls), r.ID)
		return
	}
	e := calls[0]
	if heard := toneOf(e, sippTone); heard < seconds || e.OwnEcho > 0 || e.SilenceMax > 2 || len(e.SSRCs) != 1 {
		t.Errorf("%s heard SIPp for %.1f s, itself for %.1f s, nothing for %.1f s, %d senders", e.To, heard, e.OwnEcho, e.SilenceMax, len(e.SSRCs))
	}
	if r.TalkS < seconds {
		t.Errorf("talk_s is %.1f", r.TalkS)
	}
}

// toneOf is for how many seconds a tone was heard.
func toneOf(e simcarrier.Entry, hz int) (seconds float64) {
	for _, h := range e.TonesHeard {
		if h.Hz == hz {
			seconds += h.Seconds
		}
	}
	return seconds
}

// earlyMedia: what the network plays is no answer; an agent who waits hears it.
func earlyMedia(t testing.TB, st *stage, r *record, l *leg, _ *sipp) {
	between(t, "early media", l.RingingAt, l.AnsweredAt, 2400*time.Millisecond, 4*time.Second)
	least := 1.5
	if l.Party == "visitor" {
		least = 4 // 2.5 s before the answer, 2.5 s after it; the network's tone has to be told apart from our own at first
	}
	talked(t, st, r, 1)
	for _, e := range st.net.Calls(r.ID) {
		if heard := toneOf(e, sippTone); heard < least {
			t.Errorf("heard for %.1f s, want %.1f", heard, least)
		}
	}
	if r.TalkS > 3.5 {
		t.Errorf("talk_s is %.1f: early media is no talk", r.TalkS)
	}
}

// quiet wants the silence to be told after three seconds.
func quiet(t testing.TB, _ *stage, r *record, l *leg, _ *sipp) {
	for _, j := range r.Journal {
		if j.Event == "leg_quiet" && l.AnsweredAt != nil {
			at := j.At
			between(t, "silence seen", l.AnsweredAt, &at, 2500*time.Millisecond, 4500*time.Millisecond)
			return
		}
	}
	t.Errorf("no line about silence in %+v", r.Journal)
}
