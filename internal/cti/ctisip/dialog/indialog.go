package dialog

import (
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// serving is an INVITE of theirs within the dialog: its 200 is repeated until the ACK comes (RFC 3261 section 13.3.1.4).
type serving struct {
	open   *sip.ServerTx
	seq    uint32
	answer *sip.Response
	late   bool // the offer is ours, theirs comes with the ACK
	repeat *Timer
	wait   time.Duration
	until  time.Time
}

// request takes a request from the network, on a goroutine of the library, and waits until the lane has answered it.
func (s *Stack) request(r *sip.Request, tx *sip.ServerTx) {
	defer s.recovered()
	defer tx.TerminateGracefully()
	if s.stranger(r.Source(), r.Method == sip.REGISTER) {
		return
	}
	if r.CallID() == nil || r.From() == nil || r.To() == nil || r.CSeq().MethodName != r.Method {
		s.refuse(r, tx, 400, "Bad Request")
		return
	}
	if v, ok := s.held.LoadAndDelete(r); ok {
		h := v.(*held)
		h.tx <- tx
		if <-h.done; h.took {
			return
		}
	}
	c := s.call(string(*r.CallID()))
	if c == nil {
		s.outside(r, tx)
		return
	}
	done := make(chan struct{})
	c.lane.Do(func() {
		defer close(done)
		c.request(r, tx)
	})
	<-done
}

// outside answers requests of no dialog that we know.
func (s *Stack) outside(r *sip.Request, tx *sip.ServerTx) {
	switch {
	case r.IsAck():
	case r.IsCancel():
		s.first(cancelKey(r)) // its INVITE may be behind it
		s.refuse(r, tx, 481, "Call/Transaction Does Not Exist")
	case r.To().Params.Has("tag"):
		s.refuse(r, tx, 481, "Call/Transaction Does Not Exist")
	case r.Method == sip.OPTIONS:
		s.respond(tx, s.capable(r))
	case r.Method == sip.REGISTER && s.c.Register != nil:
		switch a, known := s.c.Register(r); {
		case !known:
			s.refuseMethod(r, tx)
		case a != nil:
			s.respond(tx, a)
		}
	case r.Method == sip.INVITE && s.c.Invited != nil:
		s.invited(r, tx)
	case r.Method == sip.INVITE:
		s.refuse(r, tx, 603, "Decline") // nobody is to be called here yet
	default:
		s.refuseMethod(r, tx)
	}
}

// refuseMethod says 405 to what we know and do not do, 501 to what we do not know.
func (s *Stack) refuseMethod(r *sip.Request, tx *sip.ServerTx) {
	switch r.Method {
	case sip.REGISTER, sip.SUBSCRIBE, sip.NOTIFY, sip.MESSAGE, sip.PUBLISH, sip.PRACK, sip.REFER, sip.INFO, sip.UPDATE, sip.BYE:
		s.refuse(r, tx, 405, "Method Not Allowed")
	default:
		s.refuse(r, tx, 501, "Not Implemented")
	}
}

func (s *Stack) refuse(r *sip.Request, tx *sip.ServerTx, code int, reason string) {
	if r.IsAck() {
		return
	}
	a := sip.NewResponseFromRequest(r, code, reason, nil)
	if code == 405 {
		a.AppendHeader(sip.NewHeader("Allow", allow))
	}
	s.respond(tx, a)
}

func (s *Stack) respond(tx *sip.ServerTx, a *sip.Response) {
	s.traceStream(true, a)
	if err := tx.Respond(a); err != nil {
		s.c.Log.Debug("answer not sent", "error", err)
	}
}

func (s *Stack) capable(r *sip.Request) *sip.Response {
	a := sip.NewResponseFromRequest(r, 200, "OK", nil)
	a.AppendHeader(sip.NewHeader("Allow", allow))
	a.AppendHeader(sip.NewHeader("Accept", "application/sdp, application/dtmf-relay, application/dtmf"))
	return a
}

// request answers a request of this call, on its lane.
func (c *Call) request(r *sip.Request, tx *sip.ServerTx) {
	if !c.mine(r) {
		c.s.refuse(r, tx, 481, "Call/Transaction Does Not Exist")
		return
	}
	if r.IsAck() {
		c.acked(r)
		return
	}
	if r.IsCancel() { // what it was for has been answered
		c.s.refuse(r, tx, 481, "Call/Transaction Does Not Exist")
		return
	}
	if !c.follows(r) {
		c.s.refuse(r, tx, 500, "Old CSeq")
		return
	}
	if un := c.unsupported(r); un != "" {
		a := sip.NewResponseFromRequest(r, 420, "Bad Extension", nil)
		a.AppendHeader(sip.NewHeader("Unsupported", un))
		c.s.respond(tx, a)
		return
	}
	switch r.Method {
	case sip.BYE:
		c.s.respond(tx, sip.NewResponseFromRequest(r, 200, "OK", nil))
		c.gone(true, header(r, "Reason"))
	case sip.INVITE:
		c.invited(r, tx)
	case sip.UPDATE:
		if c.state == inviting {
			c.earlyUpdated(r, tx)
			return
		}
		c.updated(r, tx)
	case sip.OPTIONS:
		c.s.respond(tx, c.s.capable(r))
	case sip.INFO:
		c.informed(r, tx)
	case sip.REFER:
		c.referred(r, tx)
	default:
		c.s.refuseMethod(r, tx)
	}
}

// follows says whether a request comes after what was seen of its dialog, early ones each for itself.
func (c *Call) follows(r *sip.Request) bool {
	last := &c.remoteSeq
	if c.state == inviting {
		tag, _ := r.From().Params.Get("tag")
		e := c.earlyOf(tag)
		if e == nil {
			return true
		}
		last = &e.remoteSeq
	}
	if r.CSeq().SeqNo < *last {
		return false
	}
	*last = r.CSeq().SeqNo
	return true
}

// mine compares tags. Before the answer any remote tag is that of an early dialog.
func (c *Call) mine(r *sip.Request) bool {
	to, _ := r.To().Params.Get("tag")
	from, _ := r.From().Params.Get("tag")
	switch c.state {
	case answered, leaving:
		return to == c.inv.FromTag && from == c.remoteTag
	case inviting:
		return to == c.inv.FromTag && r.Method != sip.BYE && r.Method != sip.INVITE
	}
	return false
}

// unsupported returns what of Require we do not understand, or do not do on this call.
func (c *Call) unsupported(r *sip.Request) string {
	var out []string
	for _, h := range r.GetHeaders("Require") {
		for t := range strings.SplitSeq(h.Value(), ",") {
			if t = strings.TrimSpace(t); t != "" && t != "replaces" && (t != "timer" || c.inv.NoTimer) {
				out = append(out, t)
			}
		}
	}
	return strings.Join(out, ", ")
}

// invited answers a re-INVITE.
func (c *Call) invited(r *sip.Request, tx *sip.ServerTx) {
	switch {
	case c.state != answered:
		c.s.refuse(r, tx, 481, "Call/Transaction Does Not Exist")
		return
	case c.pending != nil: // glare
		c.s.refuse(r, tx, 491, "Request Pending")
		return
	case c.open != nil && c.late: // their last one waits for the answer in its ACK
		c.notYet(r, tx)
		return
	case c.tooShort(r, tx):
		return
	}
	offer, ok := c.offerOf(r, tx)
	if !ok {
		return
	}
	if c.open != nil { // they go on, so they have our answer to their last one; its ACK was lost
		c.unserve()
	}
	body, refused := c.on.Offered(c, offer)
	if refused != 0 {
		c.s.refuse(r, tx, refused, "Not Acceptable Here")
		return
	}
	c.retarget(r.Contact())
	c.renewed(r)
	a := c.accept(r, body)
	c.serving = serving{open: tx, seq: r.CSeq().SeqNo, answer: a, late: offer == nil, wait: sip.T1, until: time.Now().Add(64 * sip.T1)}
	c.s.respond(tx, a)
	c.repeat = c.lane.After(c.wait, c.repeated)
}

// notYet answers a request that came before the last one was settled (RFC 3261 section 14.2).
func (c *Call) notYet(r *sip.Request, tx *sip.ServerTx) {
	a := sip.NewResponseFromRequest(r, 500, "Server Internal Error", nil)
	a.AppendHeader(sip.NewHeader("Retry-After", strconv.Itoa(c.s.c.Random(10))))
	c.s.respond(tx, a)
}

// offerOf returns the offer of a request; it has refused the request when it is of a kind that we do not read.
func (c *Call) offerOf(r *sip.Request, tx *sip.ServerTx) ([]byte, bool) {
	offer := sdpOf(r)
	if offer == nil && len(r.Body()) > 0 {
		a := sip.NewResponseFromRequest(r, 415, "Unsupported Media Type", nil)
		a.AppendHeader(sip.NewHeader("Accept", "application/sdp"))
		c.s.respond(tx, a)
		return nil, false
	}
	return offer, true
}

// accept is the 200 to a re-INVITE or UPDATE. A session timer is kept as it was asked for; who refreshes stays so.
func (c *Call) accept(r *sip.Request, body []byte) *sip.Response {
	a := sip.NewResponseFromRequest(r, 200, "OK", body)
	a.AppendHeader(c.s.contact(c.inv))
	a.AppendHeader(sip.NewHeader("Allow", allow))
	if len(body) > 0 {
		ct := sip.ContentTypeHeader("application/sdp")
		a.AppendHeader(&ct)
	}
	every, by := sessionOf(r)
	if every == 0 || c.inv.NoTimer {
		return a
	}
	if by != "uas" {
		by = "uac" // they asked, they go on asking
	}
	a.AppendHeader(sip.NewHeader("Session-Expires", strconv.Itoa(int(every/time.Second))+";refresher="+by))
	a.AppendHeader(sip.NewHeader("Require", "timer"))
	a.AppendHeader(sip.NewHeader("Supported", "timer"))
	return a
}

// repeated sends the 200 again, at growing distance, until the ACK comes; without one the dialog is ended.
func (c *Call) repeated() {
	if c.open == nil {
		return
	}
	if time.Now().After(c.until) {
		c.unserve()
		c.Bye("")
		return
	}
	c.s.respond(c.open, c.answer)
	c.wait = min(2*c.wait, sip.T2)
	c.repeat = c.lane.After(c.wait, c.repeated)
}

func (c *Call) acked(r *sip.Request) {
	if c.open == nil || r.CSeq().SeqNo != c.seq {
		return
	}
	late := c.late
	c.unserve()
	if late {
		c.on.Counter(c, sdpOf(r))
	}
}

func (c *Call) unserve() {
	c.repeat.Stop()
	c.serving = serving{}
}

func (c *Call) updated(r *sip.Request, tx *sip.ServerTx) {
	offer, ok := c.offerOf(r, tx)
	switch {
	case !ok:
		return
	case c.state != answered:
		c.s.refuse(r, tx, 481, "Call/Transaction Does Not Exist")
		return
	case offer != nil && c.pending != nil:
		c.s.refuse(r, tx, 491, "Request Pending")
		return
	case offer != nil && c.open != nil:
		c.notYet(r, tx)
		return
	case c.tooShort(r, tx):
		return
	}
	body, ok := c.answers(r, tx, offer)
	if !ok {
		return
	}
	c.retarget(r.Contact())
	c.renewed(r)
	c.s.respond(tx, c.accept(r, body))
}

// answers gives the owner's answer to the offer of an UPDATE, none to none; false: it was refused.
func (c *Call) answers(r *sip.Request, tx *sip.ServerTx, offer []byte) (body []byte, ok bool) {
	if offer == nil {
		return nil, true
	}
	body, refused := c.on.Offered(c, offer)
	if refused != 0 {
		c.s.refuse(r, tx, refused, "Not Acceptable Here")
	}
	return body, refused == 0
}

func (c *Call) informed(r *sip.Request, tx *sip.ServerTx) {
	ct := strings.ToLower(header(r, "Content-Type"))
	ct, _, _ = strings.Cut(ct, ";")
	ct = strings.TrimSpace(ct)
	switch {
	case len(r.Body()) == 0:
	case ct == "application/dtmf-relay" || ct == "application/dtmf":
		c.on.Info(c, ct, r.Body())
	default:
		c.s.refuse(r, tx, 415, "Unsupported Media Type")
		return
	}
	c.s.respond(tx, sip.NewResponseFromRequest(r, 200, "OK", nil))
}
