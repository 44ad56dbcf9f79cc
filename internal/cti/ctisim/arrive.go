package ctisim

import (
	"context"
	"fmt"
	"time"

	"ringback/internal/cti"
	"ringback/internal/id"
)

// Patience is how long a caller lets an unanswered call ring.
const Patience = time.Minute

// Arrive is somebody who calls from a telephone: the person's times count from our answer. It returns the Call-ID.
func (s *Switch) Arrive(trunk id.Trunk, from, to string, who Person) string {
	p := s.phones
	p.mu.Lock()
	defer p.mu.Unlock()
	c := &call{phones: p, person: who, Call: Call{In: true, Party: cti.Visitor, To: cti.Endpoint("tel:" + from), From: to, InviteAt: time.Now()}}
	p.calls = append(p.calls, c)
	callID := fmt.Sprintf("in-%d", len(p.calls))
	c.at(Patience, func() {
		if c.AnsweredAt.IsZero() {
			delete(s.arrivals, callID)
			c.gone("them")
		}
	})
	if s.down || !s.fence.Open() {
		c.Code = 503
		c.gone("us")
		return callID
	}
	s.arrivals[callID] = &arrived{c, trunk}
	s.out.put(cti.Event{At: s.now(), Kind: cti.LegArrived, Party: cti.Visitor, Trunk: trunk, CallID: callID, Ref: []byte("ref " + callID),
		Arrival: cti.Arrival{From: from, To: to}})
	return callID
}

// Takes is a telephone of a name's that calls to take the place of a leg in talk. It returns the Call-ID.
func (s *Switch) Takes(of id.Leg, user string, who Person) string {
	p := s.phones
	p.mu.Lock()
	defer p.mu.Unlock()
	c := &call{phones: p, person: who, Call: Call{In: true, Party: cti.Agent, To: cti.Endpoint("sip:" + user), InviteAt: time.Now()}}
	p.calls = append(p.calls, c)
	callID := fmt.Sprintf("in-%d", len(p.calls))
	l := s.legs[of]
	if l == nil || l.in == nil || l.ending || l.refers || l.order.Party == cti.Visitor || l.order.To.Kind() != cti.SIP {
		c.Code = 481
		c.gone("us")
		return callID
	}
	s.arrivals[callID] = &arrived{c, ""}
	l.refers, l.taker = true, callID
	l.tell(cti.Event{Kind: cti.LegRefer, Target: cti.Endpoint("sip:" + user), Takes: callID})
	return callID
}

// notTaken refuses who wanted the leg's place, unless it was taken.
func (l *leg) notTaken() {
	if a := l.sw.arrivals[l.taker]; a != nil {
		delete(l.sw.arrivals, l.taker)
		a.Code = 603
		a.gone("us")
	}
	l.taker = ""
}

// arrived is a call that waits for our answer.
type arrived struct {
	*call
	trunk id.Trunk
}

// take answers an arrived call for an order.
func (s *Switch) take(o cti.Order) error {
	a := s.arrivals[o.Answers]
	if a == nil || !a.GoneAt.IsZero() {
		return cti.ErrNoLeg
	}
	delete(s.arrivals, o.Answers)
	l := &leg{sw: s, order: o, trunk: a.trunk, state: cti.Created, call: a.call, ringStop: time.NewTimer(time.Hour)}
	l.ringStop.Stop()
	a.Callback, a.Attempt, a.Leg, a.by = o.Callback, o.Attempt, o.Leg, l
	s.legs[o.Leg] = l
	a.answer()
	return nil
}

// Reject: see cti.Switch.
func (s *Switch) Reject(ctx context.Context, callID string, h cti.HangUp) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.phones.mu.Unlock()
	a := s.arrivals[callID]
	if a == nil {
		return nil
	}
	delete(s.arrivals, callID)
	if !h.Say.IsZero() {
		a.hears("say "+h.Say.String(), SayTime)
	}
	a.Code = map[cti.Cause]int{cti.UnallocatedNumber: 404, cti.UserBusy: 486, cti.Congestion: 503, cti.NoAnswer: 480}[h.Cause]
	if a.Code == 0 {
		a.Code = 603
	}
	a.gone("us")
	s.phones.tell("", "", nil, "reject %s", h.Cause)
	return nil
}
