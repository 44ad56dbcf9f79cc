package dialog

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Incoming is an INVITE of theirs that is not answered yet (RFC 3261 section 13.3). Its methods are called on its lane.
// Once it is answered it is a Call like those that we began, and what becomes of it is told to the same Owner: Failed
// when they cancel it before, Gone at its end.
type Incoming struct {
	*Call
	req  *sip.Request
	tx   *sip.ServerTx
	done chan struct{} // closed with the final answer
}

// maxIncoming bounds the INVITEs that wait for an answer.
const maxIncoming = 256

// invited takes an INVITE outside of any dialog, on a goroutine of the library that stays until it has its final answer.
func (s *Stack) invited(r *sip.Request, tx *sip.ServerTx) {
	in, code, reason := s.incoming(r, tx)
	if code != 0 {
		a := sip.NewResponseFromRequest(r, code, reason, nil)
		switch code {
		case 420:
			a.AppendHeader(sip.NewHeader("Unsupported", (&Call{}).unsupported(r)))
		case 503:
			a.AppendHeader(sip.NewHeader("Retry-After", "5"))
		}
		s.respond(tx, a)
		return
	}
	cancelled := func() { in.lane.Do(in.cancelled) }
	if !tx.OnCancel(func(*sip.Request) { cancelled() }) || s.wasCancelled(r) {
		in.lane.Do(func() { in.Refuse(487, "Request Terminated") })
		<-in.done
		return
	}
	in.lane.Do(func() {
		s.c.Invited(in)
		if in.on == nil {
			in.Refuse(603, "Decline")
		}
	})
	select {
	case <-in.done:
	case <-s.over:
	}
}

// incoming makes a call of an INVITE, or says what to refuse it with.
func (s *Stack) incoming(r *sip.Request, tx *sip.ServerTx) (in *Incoming, code int, reason string) {
	src, err := netip.ParseAddrPort(r.Source())
	from, ok := r.From().Params.Get("tag")
	contact := r.Contact()
	switch {
	case err != nil || !ok || contact == nil || contact.Address.Host == "":
		return nil, 400, "Bad Request"
	case (&Call{}).unsupported(r) != "":
		return nil, 420, "Bad Extension"
	case sdpOf(r) == nil && len(r.Body()) > 0:
		return nil, 415, "Unsupported Media Type"
	}
	src = netip.AddrPortFrom(src.Addr().Unmap(), src.Port())
	i := Invitation{Dest: src, Transport: sip.NetworkToLower(r.Transport()), URI: contact.Address, From: r.To().Address, To: r.From().Address,
		CallID: string(*r.CallID()), FromTag: s.token(), Flow: sip.IsReliable(r.Transport())}
	if i.Transport == "tls" {
		i.Identity = s.outgoing.identity(src) // a carrier calls down the stream that we have registered over
	}
	if s.c.Seen != nil {
		i.Public = s.c.Seen(src.Addr())
	}
	seed := s.token()
	i.Branch = func(cseq uint32) string { return "z9hG4bK" + seed + strconv.Itoa(int(cseq)) }
	c := &Call{s: s, lane: s.NewLane(), inv: i, invAt: time.Now(), heard: true}
	c.remoteTag, c.remote, c.remoteSeq = from, src, r.CSeq().SeqNo
	c.target = *contact.Address.Clone()
	for _, h := range r.GetHeaders("Record-Route") {
		list := uris(h) // last first
		slices.Reverse(list)
		c.routes = append(c.routes, list...)
	}
	hop := c.target
	if len(c.routes) > 0 {
		hop = c.routes[0]
	}
	c.next = c.hop(hop, i)
	in = &Incoming{Call: c, req: r, tx: tx, done: make(chan struct{})}
	c.theirs = in
	c.repeats(r) // its repetitions are the transaction's
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed || s.waiting >= maxIncoming:
		return nil, 503, "Service Unavailable"
	case s.calls[i.CallID] != nil:
		return nil, 482, "Loop Detected"
	}
	s.calls[i.CallID] = c
	s.waiting++
	return in, 0, ""
}

// token is a name that nobody has used.
func (s *Stack) token() string {
	sum := sha256.Sum256([]byte(strconv.Itoa(s.c.Random(1<<31-1)) + " " + strconv.Itoa(s.c.Random(1<<31-1)) + " " + strconv.FormatInt(time.Now().UnixNano(), 36)))
	return hex.EncodeToString(sum[:8])
}

// Take says who owns the call from here on.
func (in *Incoming) Take(on Owner) { in.on = on }

// Lane is where the call lives.
func (in *Incoming) Lane() *Lane { return in.lane }

// Source is where the INVITE came from.
func (in *Incoming) Source() netip.AddrPort { return in.remote }

// Transport is what the INVITE came over: udp, tcp, tls.
func (in *Incoming) Transport() string { return in.inv.Transport }

// Asked is when the INVITE came.
func (in *Incoming) Asked() time.Time { return in.invAt }

// Message is the INVITE, written out again.
func (in *Incoming) Message() []byte { return []byte(in.req.String()) }

// Dialled is the user part of the Request-URI, Caller that of From.
func (in *Incoming) Dialled() string { return in.req.Recipient.User }

// Caller is the user part of From: what they say, proved by nothing.
func (in *Incoming) Caller() string { return in.req.From().Address.User }

// Header returns the first header of a name, "" = there is none.
func (in *Incoming) Header(name string) string { return header(in.req, name) }

// Offer is their description, nil = they want ours.
func (in *Incoming) Offer() []byte { return sdpOf(in.req) }

// Progress sends a provisional answer, 180 or 183; body is our description, nil = none.
func (in *Incoming) Progress(code int, reason string, body []byte) {
	if in.state != inviting {
		return
	}
	in.s.respond(in.tx, in.answer(code, reason, body))
}

// Answer takes the call. The 200 is repeated until the ACK comes; without one the call is ended, and the owner told.
func (in *Incoming) Answer(body []byte) {
	if in.state != inviting {
		return
	}
	in.state = answered
	in.renewed(in.req)
	in.Describe(body)
	a := in.accept(in.req, body)
	a.To().Params.Add("tag", in.inv.FromTag)
	in.serving = serving{open: in.tx, seq: in.req.CSeq().SeqNo, answer: a, late: in.Offer() == nil, wait: sip.T1, until: time.Now().Add(64 * sip.T1)}
	in.s.respond(in.tx, a)
	in.repeat = in.lane.After(in.wait, in.repeated)
	in.finally()
}

// Refuse ends the call unanswered. The owner is not told: it is who says so.
func (in *Incoming) Refuse(code int, reason string, more ...sip.Header) {
	if in.state != inviting {
		return
	}
	a := in.answer(code, reason, nil)
	for _, h := range more {
		a.AppendHeader(h)
	}
	in.s.respond(in.tx, a)
	in.end()
	in.finally()
}

// cancelled is their CANCEL; the transaction has answered both.
func (in *Incoming) cancelled() {
	if in.state != inviting {
		return
	}
	in.end()
	in.finally()
	if in.on != nil {
		in.on.Failed(in.Call, Failure{Code: 487})
	}
}

// finally lets the goroutine of the transaction go.
func (in *Incoming) finally() {
	in.s.mu.Lock()
	in.s.waiting--
	in.s.mu.Unlock()
	close(in.done)
}

func (in *Incoming) answer(code int, reason string, body []byte) *sip.Response {
	a := sip.NewResponseFromRequest(in.req, code, reason, body)
	a.To().Params.Add("tag", in.inv.FromTag)
	if code < 300 {
		a.AppendHeader(in.s.contact(in.inv))
		a.AppendHeader(sip.NewHeader("Allow", allow))
	}
	if len(body) > 0 {
		ct := sip.ContentTypeHeader("application/sdp")
		a.AppendHeader(&ct)
	}
	return a
}

// cancelKey names an INVITE in its CANCEL.
func cancelKey(r *sip.Request) string {
	branch := ""
	if v := r.Via(); v != nil {
		branch, _ = v.Params.Get("branch")
	}
	return "cancelled " + string(*r.CallID()) + " " + branch + " " + r.Source()
}

// wasCancelled says whether the CANCEL of an INVITE has overtaken it: the library runs a goroutine for each.
func (s *Stack) wasCancelled(r *sip.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.stray[cancelKey(r)]
	return ok && time.Since(at) < time.Second
}
