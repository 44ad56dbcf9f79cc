package dialog

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"time"

	"github.com/emiago/sipgo/sip"
)

// unmatched takes a response that belongs to no transaction. What an INVITE's answers mean was seen in order.go; here a
// refusal that comes again, or for a process that is no more, gets its ACK. It runs on a goroutine of the library.
func (s *Stack) unmatched(r *sip.Response) {
	defer s.recovered()
	q := r.CSeq()
	if q == nil || q.MethodName != sip.INVITE || r.StatusCode < 300 || r.CallID() == nil || r.From() == nil || r.To() == nil || r.Via() == nil {
		return
	}
	if src, err := netip.ParseAddrPort(r.Source()); err == nil {
		s.write(s.ackOf(r, src))
	}
}

func (s *Stack) recovered() {
	if v := recover(); v != nil {
		s.panicked(v)
	}
}

func (s *Stack) call(callID string) *Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[callID]
}

// foreign ends what an answer has begun that nobody here waits for: a telephone that rings gets CANCEL, one that
// answered ACK and BYE. All of it is built from the answer alone.
func (s *Stack) foreign(r *sip.Response) {
	src, err := netip.ParseAddrPort(r.Source())
	if err != nil {
		return
	}
	switch {
	case r.StatusCode == 100:
	case r.StatusCode < 200:
		if s.first("cancel " + string(*r.CallID())) {
			s.cancelForeign(r, src)
		}
	case r.StatusCode < 300:
		s.endForeign(r, src, Login{}, func() {})
	}
}

// first says whether what is not yet remembered, and remembers it for as long as a peer repeats itself.
func (s *Stack) first(what string) bool {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.swept) > time.Minute {
		s.swept = now
		for k, t := range s.stray {
			if now.Sub(t) > 64*time.Second {
				delete(s.stray, k)
			}
		}
	}
	if _, known := s.stray[what]; known {
		return false
	}
	s.stray[what] = now
	return true
}

// ended ends the dialog of a 2xx that is not wanted any more; done is called when its BYE was answered, or not in 32 s.
func (s *Stack) ended(r *sip.Response, login Login, done func()) {
	if src, err := netip.ParseAddrPort(r.Source()); err == nil {
		s.endForeign(r, src, login, done)
	}
}

// endForeign sends ACK to a 2xx and, the first time, BYE to the dialog that it opened.
func (s *Stack) endForeign(r *sip.Response, src netip.AddrPort, login Login, done func()) {
	i := s.asInvited(r, src)
	i.User, i.Pass = login.User, login.Pass
	var d dialog
	d.learn(r, i)
	if d.target.Host == "" {
		d.target = r.To().Address
	}
	seq := r.CSeq().SeqNo
	s.write(s.within(sip.ACK, seq, i, d))
	if s.first(i.CallID + " " + d.remoteTag) {
		s.farewell(s.NewLane(), i, d, seq+1, done)
	}
}

// asInvited is the invitation as far as its answer shows it.
func (s *Stack) asInvited(r *sip.Response, src netip.AddrPort) Invitation {
	tag, _ := r.From().Params.Get("tag")
	sum := sha256.Sum256([]byte(string(*r.CallID()) + tagOf(r)))
	i := Invitation{Dest: src, Transport: sip.NetworkToLower(r.Transport()), URI: r.To().Address, From: r.From().Address, To: r.To().Address,
		CallID: string(*r.CallID()), FromTag: tag,
		Branch: func(seq uint32) string { return "z9hG4bK" + hex.EncodeToString(sum[:10]) + string(rune('a'+seq%26)) }}
	i.Public, _ = netip.ParseAddr(r.Via().Host)
	return i
}

func (s *Stack) cancelForeign(r *sip.Response, src netip.AddrPort) {
	c := s.echo(sip.CANCEL, r, src)
	c.To().Params.Remove("tag")
	s.oneShot(s.NewLane(), c, func(*sip.Response) {})
}

// ackOf is the ACK of a refusal (RFC 3261 section 17.1.1.3).
func (s *Stack) ackOf(r *sip.Response, src netip.AddrPort) *sip.Request {
	return s.echo(sip.ACK, r, src)
}

// echo builds a request for the server transaction that r came from; it is found by the top Via.
func (s *Stack) echo(method sip.RequestMethod, r *sip.Response, src netip.AddrPort) *sip.Request {
	uri := *r.To().Address.Clone()
	uri.Headers = nil
	q := sip.NewRequest(method, uri)
	via := r.Via().Clone()
	via.Params.Remove("received")
	if via.Params.Has("rport") {
		via.Params.Add("rport", "")
	}
	max := sip.MaxForwardsHeader(70)
	q.AppendHeader(via)
	q.AppendHeader(&max)
	q.AppendHeader(sip.HeaderClone(r.From()))
	q.AppendHeader(sip.HeaderClone(r.To()))
	q.AppendHeader(sip.HeaderClone(r.CallID()))
	q.AppendHeader(&sip.CSeqHeader{SeqNo: r.CSeq().SeqNo, MethodName: method})
	q.SetBody(nil)
	s.address(q, sip.NetworkToLower(r.Transport()), src)
	return q
}
