package ctisip

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/dialog"
	"ringback/internal/cti/ctisip/locate"
	"ringback/internal/ladder"
)

// try is one INVITE of a leg: over one trunk, or to a sip: address. Several are open only after silence (callflow 1.1).
type try struct {
	l         *leg
	n         int        // numbers the tries of a leg
	key       int        // the Call-ID derives from it; n unless it is a registered telephone
	fork      *branchOff // one of several telephones that ring together; nil = not so
	line      *line      // nil = a sip: address
	dest      netip.AddrPort
	transport string
	call      farCall
	theirs    bool // it came in
	counted   bool // it holds a place on its trunk
	loser     bool // it is to be cancelled, unless it is answered
	alive     bool // its trunk answered OPTIONS
	silence   *dialog.Timer
	over      bool // it has failed
	secret    secrets
	early     []byte // description of a provisional answer
}

// After silence: OPTIONS asks whether the trunk is there at all, then another trunk is tried.
const (
	askAfter  = 2 * time.Second
	moveAfter = 4 * time.Second
)

// tryNext sends the next INVITE and says whether there was a way left.
func (l *leg) tryNext() bool {
	t := &try{l: l, n: len(l.tries), key: len(l.tries)}
	if l.o.To.Kind() == cti.SIP {
		return t.n == 0 && l.find(t)
	} else if !l.nextLine(t) {
		return false
	}
	l.tries = append(l.tries, t)
	if wait := l.turn(t); wait > 0 {
		l.lane.After(wait, t.invite)
		return true
	}
	t.invite()
	return true
}

// find looks a sip: telephone up, away from the lane where a name server must be asked, and sends the INVITE.
func (l *leg) find(t *try) bool {
	q, err := locate.Ask(l.o.To, cti.FamilyBoth)
	if to, literal := q.Literal(); err != nil || literal {
		l.found(t, to, err)
		return true
	}
	return l.sw.stack.Go(func() {
		to, err := l.sw.resolve(l.sw.ctx, l.o.To)
		l.lane.Do(func() { l.found(t, to, err) })
	})
}

func (l *leg) found(t *try, to locate.Target, err error) {
	switch {
	case l.ended:
	case l.end != nil:
		l.finish(*l.end)
	case err != nil:
		l.sw.c.Log.Warn("sip address not found", "leg", l.o.Leg, "error", err)
		l.finish(ending{cti.InvalidNumber, cti.ByNetwork, 0})
	default:
		t.dest, t.transport = to.Addr, to.Transport
		l.tries = append(l.tries, t)
		t.invite()
	}
}

// nextLine gives the try the next address of a trunk that has room and does not rest.
func (l *leg) nextLine(t *try) bool {
	l.sw.mu.Lock()
	defer l.sw.mu.Unlock()
	c, to := l.nextWay(t.n > 0)
	if c == nil {
		return false
	}
	if t.n > 0 { // the first one's place was taken when the order was
		c.calls++
	}
	t.line, t.counted = c, true
	t.dest, t.transport = to.Addr, to.Transport
	return true
}

// nextWay is the next trunk, and its address, that this leg has not tried; nil when there is none. With room the trunk must
// take one more call. The switch's lock is held.
func (l *leg) nextWay(room bool) (*line, *target) {
	now := time.Now()
	for ; l.next < len(l.carriers); l.next++ {
		c := l.sw.lines.current(l.carriers[l.next])
		if room && (now.Before(c.rests) || c.MaxCalls > 0 && c.calls >= c.MaxCalls) {
			continue
		}
		for _, to := range c.health.usable(now) {
			if !slices.ContainsFunc(l.tries, func(t *try) bool {
				return t.line != nil && t.line.ID == c.ID && t.dest == to.Addr && t.transport == to.Transport
			}) {
				return c, to
			}
		}
	}
	return nil, nil
}

// more says whether there is another way after this one.
func (l *leg) more() bool {
	l.sw.mu.Lock()
	defer l.sw.mu.Unlock()
	at := l.next
	c, _ := l.nextWay(true)
	l.next = at
	return c != nil
}

func (l *leg) turn(t *try) time.Duration {
	if t.line == nil {
		return 0
	}
	l.sw.mu.Lock()
	defer l.sw.mu.Unlock()
	return t.line.turn(time.Now())
}

// invite sends the INVITE.
func (t *try) invite() {
	l := t.l
	if l.ended || l.end != nil {
		if l.end != nil && !l.ended {
			l.finish(*l.end)
		}
		return
	}
	if !l.sw.stack.Speaks(t.transport, t.dest.Addr()) || t.insists() && !t.mayBeSecure() {
		t.Failed(nil, dialog.Failure{Transport: true})
		return
	}
	if !t.openSound() {
		if !l.ended {
			t.Failed(nil, dialog.Failure{Transport: true})
		}
		return
	}
	l.openDoor(t.dest.Addr())
	i := t.invitation()
	if unreachable(t.ownSDP().Addr, t.dest.Addr()) {
		l.sw.c.Log.Warn("no address of ours can be told to a far end outside: set public.ip6", "leg", l.o.Leg, "ours", t.ownSDP().Addr, "far", t.dest)
		t.Failed(nil, dialog.Failure{Transport: true})
		return
	}
	l.sw.c.Ladder.Name(i.CallID, ladder.Leg{Callback: l.o.Callback, ID: l.o.Leg, Party: string(l.o.Party)})
	t.call = l.sw.stack.Invite(l.lane, i, t)
	t.call.Describe(i.Body)
	l.sw.mu.Lock()
	l.fact.CallID = i.CallID
	if t.line != nil {
		l.fact.Trunk = t.line.ID
	}
	l.sw.mu.Unlock()
	if l.hard == nil {
		l.hard = l.lane.After(l.o.Ring+hardStop, l.unanswered)
		l.tell(cti.LegSent, func(e *cti.Event) { e.Note = t.lastResort() })
	}
	t.silence = l.lane.After(askAfter, t.ask)
}

// lastResort says that the trunk of a first try is known to be down, "" when it is not.
func (t *try) lastResort() string {
	if t.line == nil {
		return ""
	}
	t.l.sw.mu.Lock()
	defer t.l.sw.mu.Unlock()
	if h := t.l.sw.lines.current(t.line).health; h.is == cti.LineDown {
		return fmt.Sprintf("trunk %s is down (%s), and no other carries this number", t.line.Slug, h.reason)
	}
	return t.l.skipped
}

func (l *leg) openDoor(a netip.Addr) {
	l.sw.doors.open(a)
	l.doors = append(l.doors, a)
}

// unanswered is the end of the ring time.
func (l *leg) unanswered() {
	if l.talk == nil && !l.ended {
		if l.o.Party == cti.Visitor && l.o.To.Kind() == cti.Web {
			l.why = noPage
		}
		l.stop(ending{cti.NoAnswer, cti.ByUs, 0}, "")
	}
}

// ask is two seconds of silence: is the trunk there at all?
func (t *try) ask() {
	if t.heard() || t.call == nil || t.line == nil || !t.line.SilentFailover || !t.l.more() {
		return
	}
	q := t.l.sw.request(t.line, locate.Target{Addr: t.dest, Transport: t.transport}, "OPTIONS")
	t.l.sw.stack.Ask(t.l.lane, q, pingPatience, func(a dialog.Reply) { t.alive = t.alive || a.Code != 0 })
	t.silence = t.l.lane.After(moveAfter-askAfter, t.move)
}

// move is four seconds of silence, also to OPTIONS: another trunk is tried beside this one.
func (t *try) move() {
	l := t.l
	if t.heard() || t.alive || l.ended || l.end != nil || l.talk != nil {
		return
	}
	why := t.dest.String() + " did not answer a call, nor OPTIONS, for 4 s"
	l.sw.missed(t.line, t.dest, true, why)
	if l.moveOn(t, why) {
		l.sw.c.Counters.SilentFailovers.Add(1)
	}
}

func (t *try) heard() bool { return t.call == nil || t.call.Heard() || t.call.Over() }

// moveOn tries the next way beside or after t, and tells that it does.
func (l *leg) moveOn(t *try, why string) bool {
	if !l.tryNext() {
		return false
	}
	n := l.tries[len(l.tries)-1]
	if n.line != nil {
		l.tell(cti.LegMoved, func(e *cti.Event) {
			e.Trunk, e.CallID = n.line.ID, derive(l.o.Leg, n.n, "call", 32)
			e.Note = fmt.Sprintf("trunk %s: %s; trunk %s is tried", t.line.Slug, why, n.line.Slug)
			if n.line.ID == t.line.ID {
				e.Note = fmt.Sprintf("trunk %s: %s; its address %s is tried", t.line.Slug, why, n.dest)
			}
		})
	}
	return true
}

// open says whether the INVITE may still be answered.
func (t *try) open() bool { return t.call != nil && !t.call.Over() && !t.call.Up() }

// signOfLife decides between two open INVITEs: the first that rings stays (whatever was silent until then loses), and an
// older one that is heard of before; an answer beats both.
func (t *try) signOfLife(rings bool) {
	t.silence.Stop()
	for _, o := range t.l.tries {
		switch {
		case o == t || !o.open() || o.loser || t.loser:
		case t.n < o.n || rings:
			o.lose()
		}
	}
}

// lose cancels the INVITE as soon as it may be.
func (t *try) lose() {
	t.loser = true
	if t.call.Heard() {
		t.call.Cancel("")
	}
}

// Progress is a provisional answer.
func (t *try) Progress(_ *dialog.Call, p dialog.Provisional) {
	l, code := t.l, p.Code
	if t.loser {
		t.call.Cancel("")
		return
	}
	if t.line != nil {
		l.sw.heardOf(t.line, t.dest)
	}
	if t.silence.Stop(); t.fork == nil {
		t.signOfLife(code == 180 || code == 183)
	}
	if t.loser || l.talk != nil || l.end != nil {
		return
	}
	if code == 180 || code == 183 {
		if !l.rang {
			l.rang = true
			l.sw.mu.Lock()
			l.fact.CallID = t.call.CallID()
			if t.line != nil {
				l.fact.Trunk = t.line.ID
			}
			l.sw.mu.Unlock()
			l.ring = l.lane.After(l.o.Ring, l.unanswered)
			l.tell(cti.LegRinging)
		}
	}
	if p.Forwarded != "" && !l.hinted {
		l.hinted = true
		l.tell(cti.LegForwarded, func(e *cti.Event) { e.Note = p.Forwarded })
	}
	if len(p.Body) > 0 {
		if t.early = p.Body; t.fork == nil {
			l.earlyMedia(t, p.Body)
		}
	}
}

// Failed is the end of an INVITE that was not answered.
func (t *try) Failed(_ *dialog.Call, f dialog.Failure) {
	l := t.l
	t.silence.Stop()
	t.over = true
	if t.theirs { // they have hung up before the answer
		l.finish(ending{cti.NormalClearing, l.o.Party.Person(), f.Code})
		return
	}
	t.learn(f)
	t.drop()
	if t.fork != nil {
		t.hush()
		t.forkFailed(f)
	}
	if l.ended || l.talk != nil {
		return
	}
	if l.end != nil && l.end.code == 0 {
		l.end.code = f.Code
	}
	if l.end == nil && !t.loser && l.mayMove(t, f) && l.moveOn(t, whyOf(f)) {
		return
	}
	if e := endingOf(f, l.o.Party); !t.loser && (l.last == nil || t.fork != nil && betterEnding(e, *l.last)) {
		if c := reasonCause(f.Reason); c != "" && e.by == cti.ByNetwork && e.cause == cti.NetworkOutOfOrder {
			e.cause = c
		}
		l.last = &e
	}
	for _, o := range l.tries {
		if o != t && (o.open() || o.call == nil && !o.over) {
			return
		}
	}
	switch {
	case l.end != nil:
		l.finish(*l.end)
	case l.last != nil:
		l.finish(*l.last)
	default:
		l.finish(endingOf(f, l.o.Party))
	}
}

// mayMove says whether another trunk may be tried after f. Silence counts only where the trunk allows it.
func (l *leg) mayMove(t *try, f dialog.Failure) bool {
	return t.line != nil && failsOver(f) && (!f.Timeout || t.line.SilentFailover)
}

// whyOf is why an INVITE failed, in words.
func whyOf(f dialog.Failure) string {
	switch {
	case f.Transport:
		return "it could not be sent"
	case f.Timeout || f.Code == 0:
		return "no answer"
	}
	return fmt.Sprintf("answered %d", f.Code)
}

// learn keeps what a failure says of the trunk: it asked for a rest, or it is there, or it is not.
func (t *try) learn(f dialog.Failure) {
	if t.line == nil {
		return
	}
	switch {
	case f.Code == 503 && f.RetryAfter > 0:
		t.l.sw.heardOf(t.line, t.dest)
		t.l.sw.rest(t.line, f.RetryAfter)
	case f.Code != 0:
		t.l.sw.heardOf(t.line, t.dest)
	case f.Transport || f.Timeout && t.call != nil && !t.call.Heard() && t.l.end == nil:
		t.l.sw.missed(t.line, t.dest, true, t.dest.String()+": "+whyOf(f))
	}
}

// drop gives back the try's place on its trunk.
func (t *try) drop() {
	t.silence.Stop()
	if !t.counted {
		return
	}
	t.counted = false
	t.l.sw.mu.Lock()
	defer t.l.sw.mu.Unlock()
	c := t.l.sw.lines.current(t.line)
	c.calls = max(0, c.calls-1)
	if t.call != nil && !t.theirs {
		up := t.l.talk == t
		c.figures.add(outcome{answered: up, short: up && time.Since(t.l.upAt) <= cti.ShortCall})
	}
}

func (t *try) nat() cti.NAT {
	if t.line == nil {
		return cti.NATAuto
	}
	return t.line.NAT
}
