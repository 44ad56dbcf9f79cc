package dialog

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// invite builds the INVITE with a CSeq. A process without memory builds the same bytes up to the SDP.
func (s *Stack) invite(i Invitation, cseq uint32, more []sip.Header) *sip.Request {
	r := sip.NewRequest(sip.INVITE, i.URI)
	local := s.local(i)
	via := sip.ViaHeader{ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: strings.ToUpper(i.Transport), Host: host(local.Addr()), Port: int(local.Port())}
	via.Params.Add("branch", i.Branch(cseq))
	via.Params.Add("rport", "")
	from := sip.FromHeader{DisplayName: quoted(i.Name), Address: i.From}
	from.Params.Add("tag", i.FromTag)
	callID, max := sip.CallIDHeader(i.CallID), sip.MaxForwardsHeader(70)
	r.AppendHeader(&via)
	r.AppendHeader(&max)
	r.AppendHeader(&from)
	r.AppendHeader(&sip.ToHeader{Address: i.To})
	r.AppendHeader(&callID)
	r.AppendHeader(&sip.CSeqHeader{SeqNo: cseq, MethodName: sip.INVITE})
	r.AppendHeader(s.contact(i))
	r.AppendHeader(sip.NewHeader("Allow", allow))
	supported := "100rel"
	if !i.NoTimer {
		supported += ", timer"
	}
	if i.Replaced {
		supported += ", replaces"
	}
	r.AppendHeader(sip.NewHeader("Supported", supported))
	r.AppendHeader(sip.NewHeader("User-Agent", agent))
	for _, h := range i.Headers {
		r.AppendHeader(h)
	}
	for _, h := range more {
		r.AppendHeader(h)
	}
	if len(i.Body) > 0 {
		ct := sip.ContentTypeHeader("application/sdp")
		r.AppendHeader(&ct)
	}
	r.SetBody(i.Body)
	s.address(r, i.Transport, i.Dest)
	s.outgoing.mark(r, i.Identity)
	return r
}

const (
	allow = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, REFER, NOTIFY"
	agent = "ringback"

	// probePatience is how long an OPTIONS may stay unanswered.
	probePatience = 4 * time.Second
)

// local is our address as the far end of i is to see it.
func (s *Stack) local(i Invitation) netip.AddrPort {
	l := s.Local(i.Transport, i.Dest.Addr())
	if i.Public.IsValid() {
		l = netip.AddrPortFrom(i.Public, l.Port())
	}
	return l
}

func (s *Stack) contact(i Invitation) *sip.ContactHeader {
	l := s.local(i)
	h := &sip.ContactHeader{Address: sip.Uri{Scheme: "sip", User: "ringback", Host: host(l.Addr()), Port: int(l.Port())}}
	if i.Transport != "udp" {
		h.Address.UriParams.Add("transport", i.Transport)
	}
	return h
}

func host(a netip.Addr) string {
	if a.Is6() {
		return "[" + a.String() + "]"
	}
	return a.String()
}

// quoted keeps a display name from ending its quotes or the header.
func quoted(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == '"' || r == '\\' || r == 0x7f {
			return -1
		}
		return r
	}, s)
}

// address says where a request goes and from which socket.
func (s *Stack) address(r *sip.Request, proto string, dest netip.AddrPort) {
	r.SetTransport(strings.ToUpper(proto))
	r.SetDestination(dest.String())
	if k := s.socketFor(proto, dest.Addr()); k != nil && proto == "udp" {
		r.Laddr = sip.Addr{IP: k.addr.Addr().AsSlice(), Port: int(k.addr.Port())}
	}
}

// transact sends a request. Above 1300 bytes it goes over TCP, and over UDP after all when that is refused
// (RFC 3261 section 18.1.1). It returns the request as it was sent.
func (s *Stack) transact(r *sip.Request) (*sip.Request, *transaction, error) {
	dest, err := netip.ParseAddrPort(r.Destination())
	if err != nil {
		return nil, nil, err
	}
	if r.Transport() == "UDP" && s.Speaks("tcp", dest.Addr()) && sizeOf(r) > mtu {
		big := r.Clone()
		big.Via().Transport = "TCP"
		s.address(big, "tcp", dest)
		big.Laddr = sip.Addr{}
		if tx, err := s.begin(big); err == nil {
			return big, tx, nil
		}
	}
	if r.Transport() == "UDP" && s.socketFor("udp", dest.Addr()) == nil {
		return nil, nil, errors.New("dialog: no UDP socket of this address family")
	}
	tx, err := s.begin(r)
	return r, tx, err
}

const mtu = 1300

// counter counts what is written.
type counter int

func (n *counter) WriteString(s string) (int, error) {
	*n += counter(len(s))
	return len(s), nil
}

// sizeOf returns how many bytes a message takes on the wire.
func sizeOf(m sip.Message) int {
	var n counter
	m.StringWrite(&n)
	return int(n)
}

// begin sends a request. Only a stream may have to be waited for: dests are addresses, so nothing is looked up.
func (s *Stack) begin(r *sip.Request) (*transaction, error) {
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return nil, errors.New("dialog: the stack is closed")
	}
	if !sip.IsReliable(r.Transport()) {
		tx, err := s.tx.Request(context.Background(), r)
		return &transaction{ClientTx: tx}, err
	}
	ctx, done := context.WithTimeout(context.Background(), dialTimeout)
	defer done()
	for again := true; ; again = false {
		over, err := s.outgoing.ensure(ctx, r)
		if err != nil {
			return nil, err
		}
		s.traceStream(true, r)
		tx, err := s.tx.Request(ctx, r)
		if err == nil || !again { // once more: the stream may have ended between the two
			return &transaction{tx, over}, err
		}
	}
}

// transaction is one of ours.
type transaction struct {
	*sip.ClientTx
	over <-chan struct{} // closed when its stream has ended; nil = it has none
}

// errCut is the end of a transaction whose stream has ended.
var errCut = fmt.Errorf("dialog: its stream was cut: %w", sip.ErrTransactionTransport)

// follow brings the responses and the end of a transaction onto the lane, in order. got is nil for an INVITE: its
// answers come by arrived. An answer may come just before the end of its stream and be overtaken by it.
func (s *Stack) follow(lane *Lane, tx *transaction, got func(*sip.Response), ended func(error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		tx.Terminate()
		lane.Do(func() { ended(sip.ErrTransactionTerminated) })
		return
	}
	s.follows.Go(func() {
		over := tx.over
		var late <-chan time.Time
		for {
			select {
			case <-over:
				over, late = nil, time.After(overtaken)
			case <-late:
				tx.Terminate()
				lane.Do(func() { ended(errCut) })
				return
			case r := <-tx.Responses():
				if got != nil {
					lane.Do(func() { got(r) })
				}
			case <-tx.Done():
				err := tx.Err()
				lane.Do(func() { ended(err) })
				return
			}
		}
	})
}

// cancelOf builds the CANCEL of an INVITE: the same top Via, numbers and routes (RFC 3261 section 9.1).
func (s *Stack) cancelOf(inv *sip.Request, reason string) *sip.Request {
	r := sip.NewRequest(sip.CANCEL, inv.Recipient)
	r.AppendHeader(inv.Via().Clone())
	sip.CopyHeaders("Route", inv, r)
	max := sip.MaxForwardsHeader(70)
	r.AppendHeader(&max)
	r.AppendHeader(sip.HeaderClone(inv.From()))
	r.AppendHeader(sip.HeaderClone(inv.To()))
	r.AppendHeader(sip.HeaderClone(inv.CallID()))
	r.AppendHeader(&sip.CSeqHeader{SeqNo: inv.CSeq().SeqNo, MethodName: sip.CANCEL})
	if reason != "" {
		r.AppendHeader(sip.NewHeader("Reason", reason))
	}
	r.SetBody(nil)
	r.SetTransport(inv.Transport())
	r.SetDestination(inv.Destination())
	r.Laddr = inv.Laddr
	return r
}

// oneShot sends a request and tells done its final answer on the lane, nil = none came in 32 s. A stream that is cut
// under it is replaced, streamTries times at most.
func (s *Stack) oneShot(lane *Lane, r *sip.Request, done func(*sip.Response)) {
	s.shot(lane, r, done, 0)
}

// shot is try n of a request, from 0.
func (s *Stack) shot(lane *Lane, r *sip.Request, done func(*sip.Response), n int) {
	anew := n < streamTries
	sent, tx, err := s.transact(r)
	if err != nil {
		lane.Do(func() { done(nil) })
		return
	}
	finished := false
	var silent *Timer
	if anew && sip.IsReliable(sent.Transport()) {
		silent = lane.After(streamPatience, func() {
			if !finished {
				finished = true
				tx.Terminate()
				s.shot(lane, r, done, n+1)
			}
		})
	}
	s.follow(lane, tx, func(a *sip.Response) {
		if a.StatusCode >= 200 && !finished {
			finished = true
			silent.Stop()
			tx.Terminate()
			done(a)
		}
	}, func(err error) {
		if finished {
			return
		}
		finished = true
		silent.Stop()
		if anew && errors.Is(err, errCut) {
			s.shot(lane, r, done, n+1)
			return
		}
		done(nil)
	})
}

// streamPatience is how long a request on a stream may stay without an answer before it is sent once more: the stream may
// have been cut while the request was written.
const streamPatience = 2 * time.Second

// overtaken is how long after the end of its stream an answer may still be on its way through us.
const overtaken = 50 * time.Millisecond

const streamTries = 2

// write sends a request outside of transactions: an ACK.
func (s *Stack) write(r *sip.Request) {
	if sip.IsReliable(r.Transport()) {
		ctx, done := context.WithTimeout(context.Background(), dialTimeout)
		defer done()
		if _, err := s.outgoing.ensure(ctx, r); err != nil {
			s.c.Log.Debug("ack not sent", "error", err)
			return
		}
	}
	s.traceStream(true, r)
	if err := s.tp.WriteMsg(r); err != nil {
		s.c.Log.Debug("ack not sent", "error", err)
	}
}
