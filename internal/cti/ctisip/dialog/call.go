package dialog

import (
	"errors"
	"net/netip"
	"strconv"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Invitation is an INVITE to be sent.
type Invitation struct {
	Dest       netip.AddrPort
	Transport  string    // udp, tcp or tls
	Identity   *Identity // for tls: who must be there; nil = only a stream that is open already will do
	URI        sip.Uri
	From, To   sip.Uri
	Name       string // display name in From
	CallID     string
	FromTag    string
	Branch     func(cseq uint32) string // of the INVITE with this CSeq
	Public     netip.Addr               // our address as they see it, when it is not the socket's
	Headers    []sip.Header
	Body       []byte
	Otherwise  func() []byte // on the lane: another Body to be tried once when the far end refuses the first (488); nil = none
	User, Pass string        // digest credentials; "" = none
	Flow       bool          // requests of the dialog go to Dest too, whatever the far end's Contact says (RFC 5626)
	Replaced   bool          // another telephone may take this one's place (RFC 3891): it is told so
	NoTimer    bool          // session timers (RFC 4028) are neither taken nor offered
}

// Owner is told what becomes of a Call. Its methods run on the call's lane.
type Owner interface {
	// Progress is a provisional answer: 100 to 199. A reliable one is told once.
	Progress(c *Call, p Provisional)
	// Answered is a 2xx; the ACK has left. An owner that cannot take the SDP calls Bye.
	Answered(c *Call, body []byte)
	// Failed is the end of a call that was not answered, exactly once.
	Failed(c *Call, f Failure)
	// Offered asks for an answer to a new offer in the dialog, or in an early one before Answered (body nil: for our own
	// description), or a status to refuse it with.
	Offered(c *Call, body []byte) (answer []byte, refuse int)
	// Counter is the far end's answer to a description that Offered gave without an offer.
	Counter(c *Call, body []byte)
	// Info is a key sent by INFO.
	Info(c *Call, contentType string, body []byte)
	// Referred is the far end's wish to be replaced: 202 takes it, any other status refuses it. The owner tells how it
	// goes by Notify.
	Referred(c *Call, r Refer) (status int, reason string)
	// Expired: the session was not refreshed in time. The owner calls Bye.
	Expired(c *Call)
	// Gone is the end of an answered call, exactly once. byThem: they sent BYE; else our BYE was answered, or not in 32 s.
	Gone(c *Call, byThem bool, reason string)
}

// Failure is why a call was not answered.
type Failure struct {
	Code       int           // the final status; 0 = none came
	Reason     string        // the Reason header, "" = none
	RetryAfter time.Duration // of a 503
	Timeout    bool          // nothing came: Timer B, or no final answer to our CANCEL
	Transport  bool          // it could not be sent
	Late       bool          // it was answered after we had given up; the answer got ACK and BYE
}

type state int

const (
	inviting state = iota
	answered
	leaving // our BYE is out
	over
)

// Call is one INVITE of ours and the dialog that grows from it. Its methods are called on its lane.
type Call struct {
	s    *Stack
	lane *Lane
	on   Owner
	inv  Invitation

	state  state
	tx     *transaction
	req    *sip.Request // the INVITE on its way
	cseq   uint32       // of our last request
	heard  bool         // a provisional answer came
	cancel bool         // it is to be cancelled
	theirs *Incoming    // they began it
	keep   bool         // an answer that crosses the CANCEL is told to the owner
	asked  bool         // CANCEL is out
	reason string       // Reason header of our CANCEL or BYE
	giveUp *Timer
	tried  int    // answers to a challenge
	raised bool   // 422 was met once
	recut  bool   // its stream was cut once
	invSeq uint32 // CSeq of the newest INVITE, then of the one that was answered
	invAt  time.Time

	earlies  []*early // early.go: dialogs of provisional answers
	attested string

	seen    // order.go: their newest requests
	dialog  // peer.go: what of the far end is learned by its answer
	serving // indialog.go: an INVITE of theirs that waits for its ACK
	refresh // refresh.go: our own re-INVITEs

	told *subscription // refer.go: of a REFER of theirs; nil = none is under way
}

// Invite sends an INVITE. The owner is told on lane, on which Invite is called.
func (s *Stack) Invite(lane *Lane, i Invitation, on Owner) *Call {
	c := &Call{s: s, lane: lane, on: on, inv: i, invAt: time.Now()}
	s.mu.Lock()
	s.calls[i.CallID] = c
	s.mu.Unlock()
	c.send(nil)
	return c
}

// CallID returns the call's Call-ID header.
func (c *Call) CallID() string { return c.inv.CallID }

// Sent returns when the first INVITE left.
func (c *Call) Sent() time.Time { return c.invAt }

// Heard says whether any answer came.
func (c *Call) Heard() bool { return c.heard }

// Up says whether the call was answered and has not ended.
func (c *Call) Up() bool { return c.state == answered }

// Over says whether the owner was told the end.
func (c *Call) Over() bool { return c.state == over }

// send sends the INVITE with the next CSeq; more are headers of this try alone.
func (c *Call) send(more []sip.Header) {
	c.cseq++
	c.invSeq = c.cseq
	c.heard, c.asked, c.earlies = false, false, nil
	c.req = c.s.invite(c.inv, c.cseq, more)
	c.transmit()
}

func (c *Call) transmit() {
	sent, tx, err := c.s.transact(c.req)
	if err != nil {
		c.s.c.Log.Debug("invite not sent", "call_id", c.inv.CallID, "error", err)
		c.lane.Do(func() { c.failed(Failure{Transport: true}) })
		return
	}
	c.req, c.tx = sent, tx
	c.s.follow(c.lane, tx, nil, func(err error) { c.txEnded(tx, err) })
	if sip.IsReliable(sent.Transport()) && !c.recut {
		c.lane.After(streamPatience, func() { c.silentStream(tx) })
	}
}

// response takes an answer to our INVITE: of the transaction, or one that came after it.
func (c *Call) response(r *sip.Response) {
	if q := r.CSeq(); q == nil || q.MethodName != sip.INVITE {
		return
	}
	switch {
	case c.refreshing(r):
	case r.CSeq().SeqNo != c.invSeq || c.state == over:
		c.s.foreign(r)
	case r.StatusCode < 200:
		c.progress(r)
	case r.StatusCode < 300:
		c.success(r)
	default:
		c.refused(r)
	}
}

func (c *Call) progress(r *sip.Response) {
	if c.state != inviting {
		return // overtaken by its final answer
	}
	c.heard = true
	if c.cancel {
		c.sendCancel()
		return
	}
	c.provisional(r)
}

// success takes a 2xx: the first one answers, one that repeats gets its ACK again, one of another phone ACK and BYE.
func (c *Call) success(r *sip.Response) {
	tag := tagOf(r)
	switch {
	case c.state == answered || c.state == leaving:
		if tag == c.remoteTag {
			c.s.write(c.within(sip.ACK, c.invSeq))
			return
		}
		c.s.foreign(r)
	case c.cancel && !c.keep || tag == "":
		// It is over when its BYE is answered: until then that telephone must not be rung by another call.
		c.s.ended(r, Login{User: c.inv.User, Pass: c.inv.Pass}, func() { c.lane.Do(func() { c.failed(Failure{Code: r.StatusCode, Late: true}) }) })
	default:
		c.learn(r)
		c.state = answered
		c.giveUp.Stop()
		c.s.write(c.within(sip.ACK, c.invSeq))
		c.endTx()
		c.req, c.inv.Body, c.inv.Headers = nil, nil, nil // a call of an hour need not keep them
		c.startTimer(r)
		c.attested = attestation(r)
		body := sdpOf(r)
		if e := c.earlyOf(tag); e != nil {
			c.remoteSeq = e.remoteSeq
			if body == nil {
				body = e.body
			}
		}
		c.earlies = nil
		c.on.Answered(c, body)
	}
}

// refused takes a final answer that is no 2xx; its ACK was the transaction's.
func (c *Call) refused(r *sip.Response) {
	if c.state != inviting {
		return // a repeated one, or that of another branch
	}
	c.endTx()
	if !c.cancel && c.again(r) {
		return
	}
	c.failed(Failure{Code: r.StatusCode, Reason: header(r, "Reason"), RetryAfter: seconds(header(r, "Retry-After"))})
}

// again answers what can be answered once: a challenge, or a session interval that was too short.
func (c *Call) again(r *sip.Response) bool {
	switch r.StatusCode {
	case 401, 407:
		h, ok := c.credentials(r, sip.INVITE, c.inv.URI.String(), c.tried)
		if !ok {
			return false
		}
		c.tried++
		c.send([]sip.Header{h})
		return true
	case 488:
		other := c.inv.Otherwise
		if other == nil {
			return false
		}
		c.inv.Otherwise, c.inv.Body = nil, other()
		c.send(nil)
		return true
	case 422:
		n := int(seconds(header(r, "Min-SE")) / time.Second)
		if c.raised || n <= 0 || c.inv.NoTimer {
			return false
		}
		c.raised = true
		c.least = time.Duration(n) * time.Second
		c.send([]sip.Header{sip.NewHeader("Session-Expires", strconv.Itoa(n)), sip.NewHeader("Min-SE", strconv.Itoa(n))})
		return true
	}
	return false
}

// txEnded takes the end of the INVITE transaction: ours, Timer B, or a transport that failed.
func (c *Call) txEnded(tx *transaction, err error) {
	if tx != c.tx || c.state != inviting {
		return
	}
	if errors.Is(err, errCut) && (c.heard || !c.recut) {
		c.recall()
		return
	}
	c.failed(Failure{Timeout: errors.Is(err, sip.ErrTransactionTimeout), Transport: errors.Is(err, sip.ErrTransactionTransport)})
}

// recall goes on after the stream of an open INVITE was cut. What rings answers over a stream of its own; what was not
// heard of gets the same INVITE again, once.
func (c *Call) recall() {
	if c.heard {
		return
	}
	c.recut = true
	if c.cancel {
		c.failed(Failure{Transport: true})
		return
	}
	c.transmit()
}

// silentStream sends an INVITE once more whose stream may have been cut while it was written.
func (c *Call) silentStream(tx *transaction) {
	if tx != c.tx || c.state != inviting || c.heard || c.recut || c.cancel {
		return
	}
	c.endTx()
	c.recall()
}

// failed ends a call that was not answered.
func (c *Call) failed(f Failure) {
	if c.state != inviting {
		return
	}
	c.end()
	c.on.Failed(c, f)
}

// endTx ends the INVITE's transaction: what comes later comes by arrived.
func (c *Call) endTx() {
	if c.tx != nil {
		c.tx.Terminate()
		c.tx = nil
	}
}

// end takes the call off the table; what comes later is foreign.
func (c *Call) end() {
	c.state = over
	c.giveUp.Stop()
	c.unserve()
	c.unsubscribe()
	c.stopTimer()
	c.endTx()
	c.s.mu.Lock()
	if c.s.calls[c.inv.CallID] == c {
		delete(c.s.calls, c.inv.CallID)
	}
	c.s.mu.Unlock()
}

// Cancelled waits this long for the final answer to a CANCEL.
const cancelPatience = 5 * time.Second

// Cancel ends a call that is not answered: CANCEL now, or as soon as a provisional answer allows it (RFC 3261 section
// 9.1). The owner is told by Failed. reason is a Reason header's value, "" = none.
func (c *Call) Cancel(reason string) {
	if c.state != inviting || c.cancel {
		return
	}
	if c.theirs != nil {
		c.theirs.Refuse(480, "Temporarily Unavailable")
		c.on.Failed(c, Failure{Code: 480})
		return
	}
	c.cancel, c.reason = true, reason
	if c.heard {
		c.sendCancel()
	}
}

// Lose is Cancel of a telephone that rang beside others when one of them has answered. An answer that crosses the CANCEL
// is told by Answered all the same: its person hears why she is too late, and the owner calls Bye.
func (c *Call) Lose(reason string) {
	c.keep = true
	c.Cancel(reason)
}

func (c *Call) sendCancel() {
	if c.asked {
		return
	}
	c.asked = true
	c.s.oneShot(c.lane, c.s.cancelOf(c.req, c.reason), func(*sip.Response) {})
	c.giveUp = c.lane.After(cancelPatience, func() { c.failed(Failure{Timeout: true}) })
}
