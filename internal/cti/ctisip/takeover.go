package ctisip

import (
	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/dialog"
)

// takesOver is an INVITE by which a registered telephone wants the place of another one in its call (RFC 3891): the last
// step of a transfer between two telephones, or a call that is fetched from the next desk. Which telephones may is the
// application's to say; here it must be in talk, and no trunk's and no visitor's. False = it names no call.
func (sw *Switch) takesOver(in *dialog.Incoming, user string) bool {
	r, named, err := in.Replaces()
	if !named {
		return false
	}
	a := &arrival{deskCall: deskCall{sw: sw, in: in, user: user}}
	in.Take(a)
	if err != nil {
		in.Refuse(400, "Bad Replaces")
		return true
	}
	l := sw.legOf(r.CallID)
	if l == nil {
		in.Refuse(481, "Call/Transaction Does Not Exist")
		return true
	}
	sw.mu.Lock()
	sw.arrivals[in.CallID()] = a
	sw.mu.Unlock()
	a.late = in.Lane().After(cti.ArrivalPatience, func() { a.refuse(cti.Congestion) })
	l.lane.Do(func() {
		if code, reason := l.replacedBy(a, r); code != 0 {
			in.Lane().Do(func() { a.turnAway(code, reason) })
		}
	})
	return true
}

// legOf finds the leg of a telephone of ours by its Call-ID.
func (sw *Switch) legOf(callID string) *leg {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	for _, l := range sw.legs {
		if l.fact.CallID == callID && l.o.Party != cti.Visitor && l.o.To.Kind() == cti.SIP {
			return l
		}
	}
	return nil
}

// replacedBy asks the application whether a telephone may take this leg's place, or says what to refuse it with.
func (l *leg) replacedBy(a *arrival, r dialog.Replaces) (code int, reason string) {
	switch {
	case l.ended || l.talk == nil || !l.talk.call.Is(r):
		return 481, "Call/Transaction Does Not Exist"
	case r.EarlyOnly:
		return 486, "Busy Here"
	case l.saying || l.refers || !l.joined():
		return 603, "Decline"
	}
	l.refers, l.taker = true, a
	l.tell(cti.LegRefer, func(e *cti.Event) { e.Target, e.Takes = cti.Endpoint("sip:"+a.user), a.in.CallID() })
	return 0, ""
}

// turnAway refuses it before the application has heard of it.
func (a *arrival) turnAway(code int, reason string) {
	if !a.over && a.forget() {
		a.in.Refuse(code, reason)
		a.close()
	}
}

// notTaken refuses the telephone that wanted this leg's place, unless it has it.
func (l *leg) notTaken(how cti.Progress) {
	a := l.taker
	if a == nil || how == cti.ReferTrying || how == cti.ReferRinging {
		return
	}
	l.taker = nil
	if how != cti.ReferDone {
		a.in.Lane().Do(func() { a.refuse(cti.CallRejected) })
	}
}
