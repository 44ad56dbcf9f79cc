package dialog

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// dialog is what an answer tells about the far end (RFC 3261 section 12.1.2).
type dialog struct {
	remoteTag string
	target    sip.Uri   // Contact
	routes    []sip.Uri // reversed Record-Route
	next      netip.AddrPort
	remote    netip.AddrPort // where the answer came from
	remoteSeq uint32
}

func (c *Call) learn(r *sip.Response) {
	c.dialog.learn(r, c.inv)
}

func (d *dialog) learn(r *sip.Response, i Invitation) {
	d.remoteTag = tagOf(r)
	d.target = i.URI
	if h := r.Contact(); h != nil && h.Address.Host != "" {
		d.target = *h.Address.Clone()
	}
	d.routes = nil
	for _, h := range slices.Backward(r.GetHeaders("Record-Route")) {
		d.routes = append(d.routes, uris(h)...)
	}
	d.remote, _ = netip.ParseAddrPort(r.Source())
	if !d.remote.IsValid() {
		d.remote = i.Dest
	}
	hop := d.target
	if len(d.routes) > 0 {
		hop = d.routes[0]
	}
	d.next = d.hop(hop, i)
}

// uris reads the addresses of a (Record-)Route header, last first; the library keeps a list in one line together.
func uris(h sip.Header) []sip.Uri {
	if rr, ok := h.(*sip.RecordRouteHeader); ok {
		return []sip.Uri{*rr.Address.Clone()}
	}
	var out []sip.Uri
	for v := range strings.SplitSeq(h.Value(), ",") {
		var u sip.Uri
		var p sip.HeaderParams
		if _, err := sip.ParseAddressValue(strings.TrimSpace(v), &u, &p); err == nil {
			out = append([]sip.Uri{u}, out...)
		}
	}
	return out
}

// hop is where requests of the dialog go. A name, or a private address behind a public source, cannot be reached as it
// stands: then it is where the answer came from.
func (d *dialog) hop(u sip.Uri, i Invitation) netip.AddrPort {
	if i.Flow {
		return i.Dest
	}
	a, err := netip.ParseAddr(strings.Trim(u.Host, "[]"))
	if err != nil || a.IsUnspecified() || a.IsPrivate() && !d.remote.Addr().IsPrivate() && !d.remote.Addr().IsLoopback() {
		return d.remote
	}
	port := u.Port
	if port == 0 {
		port = 5060
	}
	if i.Transport == "tls" {
		if v, _ := u.UriParams.Get("transport"); !strings.EqualFold(v, "tls") {
			return d.remote // it names no TLS port
		}
		if u.Port == 0 {
			port = 5061
		}
	}
	a = a.Unmap()
	if a.Is4() != i.Dest.Addr().Is4() {
		return d.remote
	}
	return netip.AddrPortFrom(a, uint16(port))
}

// within builds a request of the dialog (RFC 3261 section 12.2.1.1).
func (c *Call) within(method sip.RequestMethod, cseq uint32) *sip.Request {
	return c.s.within(method, cseq, c.inv, c.dialog)
}

func (s *Stack) within(method sip.RequestMethod, cseq uint32, i Invitation, d dialog) *sip.Request {
	target, routes := d.target, d.routes
	if len(routes) > 0 && !routes[0].UriParams.Has("lr") { // a strict router
		target, routes = routes[0], append(slices.Clone(routes[1:]), d.target)
	}
	target.Headers = nil
	r := sip.NewRequest(method, target)
	local := s.local(i)
	via := sip.ViaHeader{ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: strings.ToUpper(i.Transport), Host: host(local.Addr()), Port: int(local.Port())}
	via.Params.Add("branch", i.Branch(cseq)+"."+strings.ToLower(string(method)))
	via.Params.Add("rport", "")
	from := sip.FromHeader{DisplayName: quoted(i.Name), Address: i.From}
	from.Params.Add("tag", i.FromTag)
	to := sip.ToHeader{Address: i.To}
	if d.remoteTag != "" {
		to.Params.Add("tag", d.remoteTag)
	}
	callID, max := sip.CallIDHeader(i.CallID), sip.MaxForwardsHeader(70)
	r.AppendHeader(&via)
	for _, u := range routes {
		r.AppendHeader(&sip.RouteHeader{Address: u})
	}
	r.AppendHeader(&max)
	r.AppendHeader(&from)
	r.AppendHeader(&to)
	r.AppendHeader(&callID)
	r.AppendHeader(&sip.CSeqHeader{SeqNo: cseq, MethodName: method})
	if method == sip.INVITE || method == sip.UPDATE || method == sip.OPTIONS {
		r.AppendHeader(s.contact(i))
	}
	r.SetBody(nil)
	s.address(r, i.Transport, d.next)
	s.outgoing.mark(r, i.Identity)
	return r
}

// Bye ends an answered call. The owner is told by Gone. reason is a Reason header's value, "" = none.
func (c *Call) Bye(reason string) {
	if c.state != answered {
		return
	}
	c.state, c.reason = leaving, reason
	c.unserve()
	c.stopTimer()
	c.bye(nil, 0)
}

// bye sends BYE; more answers a challenge to the last one, answers is how often that was done.
func (c *Call) bye(more sip.Header, answers int) {
	c.cseq++
	r := c.within(sip.BYE, c.cseq)
	if c.reason != "" {
		r.AppendHeader(sip.NewHeader("Reason", c.reason))
	}
	if more != nil {
		r.AppendHeader(more)
	}
	c.s.oneShot(c.lane, r, func(a *sip.Response) {
		if a != nil && (a.StatusCode == 401 || a.StatusCode == 407) {
			if h, ok := c.credentials(a, sip.BYE, r.Recipient.String(), answers); ok {
				c.bye(h, answers+1)
				return
			}
		}
		c.gone(false, "")
	})
}

func (c *Call) gone(byThem bool, reason string) {
	if c.state == over {
		return
	}
	c.end()
	c.on.Gone(c, byThem, reason)
}

// Probe asks an answered call whether it is still there: OPTIONS in the dialog. dead is told after at most patience.
func (c *Call) Probe(done func(alive bool)) {
	c.cseq++
	told := false
	tell := func(alive bool) {
		if !told {
			told = true
			done(alive)
		}
	}
	late := c.lane.After(probePatience, func() { tell(false) })
	c.s.oneShot(c.lane, c.within(sip.OPTIONS, c.cseq), func(a *sip.Response) {
		late.Stop()
		tell(a != nil && a.StatusCode != 481 && a.StatusCode != 408)
	})
}

// Alive sends OPTIONS outside of any dialog and tells on the lane whether anything answered within patience.
func (s *Stack) Alive(lane *Lane, i Invitation, n uint32, done func(alive bool)) {
	s.Ask(lane, Question{Invitation: i, Method: string(sip.OPTIONS), Seq: n}, probePatience, func(a Reply) { done(a.Code != 0) })
}

// Remote returns where the answer came from, and whether its Contact named another address: there is a router between.
func (c *Call) Remote() (from netip.AddrPort, natted bool) {
	a, err := netip.ParseAddr(strings.Trim(c.target.Host, "[]"))
	return c.remote, err == nil && a.Unmap() != c.remote.Addr()
}

// Reroute sends the requests of the dialog to another address from now on: the telephone has registered from there. A BYE
// that is out goes there too.
func (c *Call) Reroute(to netip.AddrPort) {
	if c.state != answered && c.state != leaving {
		return
	}
	c.inv.Dest, c.next, c.remote = to, to, to
	if c.state == leaving {
		c.bye(nil, 0)
	}
}

// Next returns where requests of the dialog go.
func (c *Call) Next() netip.AddrPort { return c.next }
