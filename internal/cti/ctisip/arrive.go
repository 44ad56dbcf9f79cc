package ctisip

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/dialog"
	"ringback/internal/ladder"
	"ringback/internal/phone"
)

// arrival is a call that has come in over a trunk, until an order takes it or it is rejected. It runs on the call's lane.
type arrival struct {
	deskCall       // its sound before the answer, for a sentence that says why it is refused
	line     *line // nil = a telephone that takes another one's place
	late     *dialog.Timer
	over     bool
	leg      *leg   // that has taken it
	gone     func() // told when it is over and nobody has taken it; nil = nobody
}

// arrive tells the application of a call from a trunk; false = it is from nobody who may call us. A trunk that is full
// takes none: those that it has in hand are of the same lines.
func (sw *Switch) arrive(in *dialog.Incoming) bool {
	sw.mu.Lock()
	l := sw.lines.at(in.Source().Addr(), in.Dialled())
	a := &arrival{line: l, deskCall: deskCall{sw: sw, in: in}}
	full, closed := false, sw.draining || !sw.fence.Open()
	if l != nil && !closed {
		if full = l.MaxCalls > 0 && l.calls >= l.MaxCalls; !full {
			l.calls++
			sw.arrivals[in.CallID()] = a
		}
	}
	sw.mu.Unlock()
	switch {
	case l == nil:
		return false
	case closed:
		in.Take(a)
		in.Refuse(503, "Service Unavailable", sip.NewHeader("Retry-After", "10"))
		return true
	case full:
		sw.c.Counters.Arrived.Add("full", 1)
		in.Take(a)
		in.Refuse(486, "Busy Here")
		return true
	}
	in.Take(a)
	sw.c.Counters.Arrived.Add("taken", 1)
	a.late = in.Lane().After(cti.ArrivalPatience, func() { a.refuse(cti.Congestion) })
	sw.c.Sink(cti.Event{At: time.Now(), Kind: cti.LegArrived, Party: cti.Visitor, Trunk: l.ID, CallID: in.CallID(), Ref: in.Ref(),
		Arrival: cti.Arrival{To: calledNumber(in, l), From: callerNumber(in, l)}})
	return true
}

// at finds the trunk whose address a call comes from; of several the one whose account was dialled, then by name.
func (ls lines) at(a netip.Addr, dialled string) *line {
	var found []*line
	for _, l := range ls {
		if l.isAt(a.Unmap()) {
			found = append(found, l)
		}
	}
	if len(found) == 0 {
		return nil
	}
	return slices.MinFunc(found, func(a, b *line) int {
		mine := func(l *line) int {
			if slices.ContainsFunc(l.Logins(), func(u cti.Account) bool { return u.Username == dialled }) {
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(mine(a), mine(b)), cmp.Compare(a.Slug, b.Slug), cmp.Compare(a.ID, b.ID))
	})
}

// isAt says whether the trunk may speak from an address.
func (l *line) isAt(a netip.Addr) bool {
	for _, s := range l.AcceptFrom {
		if p, err := prefix(s); err == nil && p.Contains(a) {
			return true
		}
	}
	return slices.ContainsFunc(l.health.targets, func(t *target) bool { return t.Addr.Addr().Unmap() == a })
}

// calledNumber is what was dialled: the Request-URI names it, unless that is only the account that we have registered.
func calledNumber(in *dialog.Incoming, l *line) string {
	for _, s := range []string{in.Dialled(), userOf(in.Header("P-Called-Party-ID")), userOf(in.Header("To"))} {
		if slices.ContainsFunc(l.Logins(), func(u cti.Account) bool { return u.Username == s }) {
			continue
		}
		if n := numberFrom(s, l); n != "" {
			return n
		}
	}
	return ""
}

// callerNumber is what the network vouches for, else what From says; "" when the caller wants it kept.
func callerNumber(in *dialog.Incoming, l *line) string {
	if p := strings.ToLower(in.Header("Privacy")); p != "" && p != "none" {
		return ""
	}
	for _, s := range []string{userOf(in.Header("P-Asserted-Identity")), in.Caller()} {
		if n := numberFrom(s, l); n != "" {
			return n
		}
	}
	return ""
}

// userOf is the user part of a header that names somebody: "Ann" <sip:+49301234567;x=y@carrier>, or tel:+49301234567.
func userOf(header string) string {
	if i := strings.IndexByte(header, '<'); i >= 0 {
		header, _, _ = strings.Cut(header[i+1:], ">")
	}
	for _, scheme := range []string{"sips:", "sip:", "tel:"} {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(header), scheme); ok {
			user, _, _ := strings.Cut(rest, "@")
			return user
		}
	}
	return ""
}

// numberFrom reads a number as the trunk writes it; "" = it is none. It need not be one that could be called.
func numberFrom(user string, l *line) string {
	user, _, _ = strings.Cut(user, ";") // parameters of a telephone number
	digits, plus := strings.CutPrefix(user, "+")
	if len(digits) < 3 || len(digits) > 20 || strings.Trim(digits, "0123456789") != "" {
		return ""
	}
	if l.TechPrefix != "" && !plus {
		digits = strings.TrimPrefix(digits, l.TechPrefix)
	}
	rest, zeros := strings.CutPrefix(digits, "00")
	switch {
	case plus:
	case zeros:
		digits = rest
	case l.NumberFormat == cti.NationalNF:
		n, err := phone.Parse(digits, l.Country)
		if err != nil {
			return ""
		}
		return n.E164()
	}
	if len(digits) < 3 || len(digits) > 15 || digits[0] == '0' {
		return ""
	}
	return "+" + digits
}

// takeArrival takes the arrival that an order means. The switch's lock is held.
func (sw *Switch) takeArrival(o cti.Order) *arrival {
	a := sw.arrivals[o.Answers]
	delete(sw.arrivals, o.Answers)
	return a
}

// forget takes the arrival from those that may be answered, once; false = it was.
func (a *arrival) forget() bool {
	a.sw.mu.Lock()
	defer a.sw.mu.Unlock()
	if a.sw.arrivals[a.in.CallID()] != a {
		return false
	}
	delete(a.sw.arrivals, a.in.CallID())
	if a.line == nil {
		return true
	}
	c := a.sw.lines.current(a.line)
	c.calls = max(0, c.calls-1)
	return true
}

// Reject refuses a call that has arrived.
func (sw *Switch) Reject(ctx context.Context, callID string, h cti.HangUp) error {
	sw.mu.Lock()
	a := sw.arrivals[callID]
	sw.mu.Unlock()
	if a != nil {
		a.in.Lane().Do(func() { a.reject(h) })
	}
	return nil
}

// earlyMost bounds a sentence before the answer: nobody pays for the call meanwhile.
const earlyMost = 20 * time.Second

// reject lets the caller hear why, before any answer, and refuses. What cannot hear early media has the code.
func (a *arrival) reject(h cti.HangUp) {
	if a.over || a.leg != nil || a.stream != nil {
		return
	}
	samples, err := a.sw.sounds.Prompt(h.Say, "")
	if err != nil {
		a.sw.c.Log.Warn("prompt not played", "err", err)
	}
	body, ok := []byte(nil), false
	if len(samples) > 0 && a.in.Offer() != nil {
		body, ok = a.open()
	}
	if !ok {
		a.refuse(h.Cause)
		return
	}
	lane := a.in.Lane()
	a.late.Stop()
	a.late = lane.After(earlyMost, func() { a.refuse(h.Cause) })
	a.in.Progress(183, "Session Progress", body)
	a.stream.Say(samples, func(bool) { lane.Do(func() { a.refuse(h.Cause) }) })
}

// refuse ends it unanswered.
func (a *arrival) refuse(c cti.Cause) {
	if a.over || !a.forget() {
		return
	}
	code, reason := 603, "Decline"
	var more []sip.Header
	switch c {
	case cti.UnallocatedNumber, cti.InvalidNumber:
		code, reason = 404, "Not Found"
	case cti.UserBusy:
		code, reason = 486, "Busy Here"
	case cti.Congestion, cti.NetworkOutOfOrder:
		code, reason = 503, "Service Unavailable"
		more = append(more, sip.NewHeader("Retry-After", "10"))
	case cti.NoAnswer:
		code, reason = 480, "Temporarily Unavailable"
	}
	a.in.Refuse(code, reason, more...)
	a.close()
}

// Ring lets who calls hear that it rings, and keeps the call for patience. gone is told, once, if it is over before anybody
// takes it. False: there is no such call. The switch of a desk needs none of it: there a call is answered at once.
func (sw *Switch) Ring(callID string, patience time.Duration, gone func()) bool {
	sw.mu.Lock()
	a := sw.arrivals[callID]
	sw.mu.Unlock()
	if a == nil {
		return false
	}
	a.in.Lane().Do(func() {
		if a.over {
			gone()
			return
		}
		a.gone = gone
		a.in.Progress(180, "Ringing", nil)
		a.late.Stop()
		a.late = a.in.Lane().After(patience, func() { a.refuse(cti.NoAnswer) })
	})
	return true
}

// close ends the sound and the timer.
func (a *arrival) close() {
	if a.gone != nil && !a.over && a.leg == nil {
		a.gone()
	}
	a.over = true
	a.late.Stop()
	a.deskCall.over()
}

// Failed is the caller's CANCEL.
func (a *arrival) Failed(*dialog.Call, dialog.Failure) {
	a.forget()
	a.close()
}

// Gone is the end of a call that nobody had taken.
func (a *arrival) Gone(*dialog.Call, bool, string) {
	a.forget()
	a.close()
}

// takeUp answers an arrived call: the leg's first and only try is an INVITE of theirs.
func (l *leg) takeUp(a *arrival) {
	a.leg = l
	a.late.Stop()
	a.deskCall.over()
	t := &try{l: l, line: a.line, dest: a.in.Source(), transport: a.in.Transport(), call: a.in.Call, counted: a.line != nil, theirs: true}
	l.tries = append(l.tries, t)
	a.traced(l)
	l.sw.mu.Lock()
	if l.fact.CallID = a.in.CallID(); a.line != nil {
		l.fact.Trunk = a.line.ID
	}
	l.sw.mu.Unlock()
	if a.over || a.in.Over() {
		l.finish(ending{cti.NormalClearing, l.o.Party.Person(), 487})
		return
	}
	a.in.Take(t)
	if out, ok := t.accept(a.in.Offer()); ok {
		a.in.Answer(out)
		l.up(t)
		return
	}
	a.in.Refuse(488, "Not Acceptable Here")
	l.finish(ending{cti.NetworkOutOfOrder, cti.ByUs, 488})
}

// traced lets the ladder know whose call it is. The INVITE came before that could be known.
func (a *arrival) traced(l *leg) {
	keep := a.sw.c.Ladder
	if keep == nil {
		return
	}
	keep.Name(a.in.CallID(), ladder.Leg{Callback: l.o.Callback, ID: l.o.Leg, Party: string(l.o.Party)})
	far := a.in.Source()
	keep.Message(ladder.Entry{At: a.in.Asked().UTC(), Proto: a.in.Transport(), Local: a.sw.stack.Local(a.in.Transport(), far.Addr()), Far: far}, a.in.Message())
}

// accept reads their offer and writes our answer to it; without an offer ours is one, and theirs comes with the ACK.
func (t *try) accept(offer []byte) ([]byte, bool) {
	l := t.l
	if !t.openSound() {
		return nil, false
	}
	l.local.Codecs, l.local.Addr = l.codecs(t), t.localTo()
	if p := l.sw.public[t.dest.Addr().Is4()]; p.IsValid() && (t.line == nil && outside(t.dest.Addr()) || t.line != nil && t.line.Local != cti.LocalPrivate) {
		l.local.Addr = p
	}
	if offer == nil {
		t.offerSecrets(&l.local)
		return l.local.Offer(), true
	}
	out, m, codec, ok := t.answerTo(offer)
	if !ok {
		return nil, false
	}
	from, natted := t.call.Remote()
	l.stream.Remote(l.remote(m, codec, t, from.Addr(), natted))
	l.held = holds(m.Direction)
	l.sw.mu.Lock()
	l.codec = codec.Name
	l.sw.mu.Unlock()
	return out, true
}

// up is the leg answered by us.
func (l *leg) up(t *try) {
	l.talk, l.upAt = t, time.Now()
	l.openDoor(t.call.Next().Addr())
	l.stream.Answered()
	l.sw.mu.Lock()
	l.sound = l.stream
	l.sw.mu.Unlock()
	if t.line != nil {
		l.sw.heardOf(t.line, t.dest)
	}
	ref := t.call.Ref()
	l.tell(cti.LegAnswered, func(e *cti.Event) { e.Ref, e.SIPCode = ref, 200 })
	l.answered()
}
