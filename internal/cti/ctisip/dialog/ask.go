package dialog

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Question is a request outside of any dialog.
type Question struct {
	Invitation
	Method string
	Seq    uint32
	Answer string // an Authorization header's value, "" = none
	Proxy  bool   // it is a Proxy-Authorization
}

// Reply is a final answer, as far as it is of interest outside of dialogs.
type Reply struct {
	Code       int // 0 = none came in time, or the request could not be sent
	Reason     string
	RetryAfter time.Duration
	MinExpires time.Duration
	Seen       netip.AddrPort // where they saw us (received, rport); invalid = they did not say
	Expires    time.Duration  // Expires header; 0 = none
	Contacts   []Bound        // whom the registrar has
	Challenges []Challenge
}

// Bound is a Contact of a registrar's answer.
type Bound struct {
	User, Host string
	Port       int
	Expires    time.Duration // -1 = not said
}

// Ask sends a request and tells its final answer on the lane, after patience at the latest.
func (s *Stack) Ask(lane *Lane, q Question, patience time.Duration, done func(Reply)) {
	r := s.within(sip.RequestMethod(q.Method), q.Seq, q.Invitation, dialog{target: q.URI, next: q.Dest})
	if q.Method == string(sip.OPTIONS) {
		r.AppendHeader(sip.NewHeader("Accept", "application/sdp"))
	}
	r.AppendHeader(sip.NewHeader("User-Agent", agent))
	for _, h := range q.Headers {
		r.AppendHeader(h)
	}
	if q.Answer != "" {
		name := "Authorization"
		if q.Proxy {
			name = "Proxy-Authorization"
		}
		r.AppendHeader(sip.NewHeader(name, q.Answer))
	}
	_, tx, err := s.transact(r)
	if err != nil {
		lane.Do(func() { done(Reply{Reason: err.Error()}) })
		return
	}
	finished := false
	finish := func(a Reply) {
		if !finished {
			finished = true
			tx.Terminate()
			done(a)
		}
	}
	late := lane.After(patience, func() { finish(Reply{Reason: "no answer"}) })
	s.follow(lane, tx, func(a *sip.Response) {
		if a.StatusCode >= 200 {
			late.Stop()
			finish(replyOf(a))
		}
	}, func(err error) {
		late.Stop()
		finish(Reply{Reason: "no answer"})
	})
}

// Contact is the value of a Contact header by which user is reached here, over the transport and through the address that
// the far end of i sees.
func (s *Stack) Contact(i Invitation, user string) string {
	h := s.contact(i)
	h.Address.User = user
	return h.Value()
}

// Reroute forgets through which of our addresses dest is reached: it may have changed.
func (s *Stack) Reroute(dest netip.Addr) {
	s.mu.Lock()
	delete(s.routes, dest)
	s.mu.Unlock()
}

// Here returns our address as the far end of i is told it.
func (s *Stack) Here(i Invitation) netip.AddrPort { return s.local(i) }

func replyOf(a *sip.Response) Reply {
	out := Reply{Code: a.StatusCode, Reason: a.Reason, RetryAfter: seconds(header(a, "Retry-After")), MinExpires: seconds(header(a, "Min-Expires")),
		Expires: seconds(header(a, "Expires")), Contacts: contactsOf(a), Challenges: challengesOf(a)}
	if v := a.Via(); v != nil {
		out.Seen = seenIn(v)
	}
	return out
}

// seenIn reads received and rport (RFC 3581).
func seenIn(v *sip.ViaHeader) netip.AddrPort {
	host, port := v.Host, v.Port
	if r, ok := v.Params.Get("received"); ok {
		host = r
	}
	rport, ok := v.Params.Get("rport")
	n, err := strconv.ParseUint(rport, 10, 16)
	if ok && err == nil && n > 0 {
		port = int(n)
	}
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	if err != nil || port <= 0 || port > 65535 {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(a.Unmap(), uint16(port))
}

// contactsOf reads the Contact headers of an answer; the library keeps a list in one line together, or only its first.
func contactsOf(a *sip.Response) []Bound {
	var out []Bound
	for _, h := range a.GetHeaders("Contact") {
		out = append(out, bounds(h.Value())...)
	}
	return out
}

// bounds reads a Contact header: addresses in <> or bare, with parameters, separated by commas.
func bounds(v string) []Bound {
	var out []Bound
	for _, one := range split(v) {
		b := Bound{Expires: -1}
		addr, params := one, ""
		if name := displayName(one); name > 0 {
			one = one[name:]
		}
		if i := strings.IndexByte(one, '<'); i >= 0 {
			var ok bool
			if addr, params, ok = strings.Cut(one[i+1:], ">"); !ok {
				continue
			}
		} else {
			addr, params, _ = strings.Cut(one, ";")
			params = ";" + params
		}
		var u sip.Uri
		if sip.ParseUri(strings.TrimSpace(addr), &u) != nil || strings.Trim(u.Host, "[]*") == "" {
			continue
		}
		b.User, b.Host, b.Port = u.User, strings.Trim(u.Host, "[]"), u.Port
		for p := range strings.SplitSeq(params, ";") {
			if k, n, _ := strings.Cut(strings.TrimSpace(p), "="); strings.EqualFold(strings.TrimSpace(k), "expires") {
				if n = strings.Trim(n, ` "`); n != "" && n[0] >= '0' && n[0] <= '9' {
					b.Expires = seconds(n)
				}
			}
		}
		out = append(out, b)
	}
	return out
}

// displayName is the length of a quoted name in front of an address.
func displayName(s string) int {
	if !strings.HasPrefix(s, `"`) {
		return 0
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return 0
}

// split cuts a header at commas that stand neither in quotes nor in <>.
func split(v string) []string {
	var out []string
	from, quoted, inside := 0, false, false
	for i := 0; i < len(v); i++ {
		switch c := v[i]; {
		case quoted && c == '\\':
			i++
		case c == '"' && !inside:
			quoted = !quoted
		case quoted:
		case c == '<':
			inside = true
		case c == '>':
			inside = false
		case c == ',' && !inside:
			out = append(out, strings.TrimSpace(v[from:i]))
			from = i + 1
		}
	}
	if s := strings.TrimSpace(v[min(from, len(v)):]); s != "" {
		out = append(out, s)
	}
	return out
}
