package ctisip

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"github.com/emiago/sipgo/sip"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/dialog"
	"ringback/internal/cti/ctisip/sdp"
	"ringback/internal/id"
	"ringback/internal/phone"
)

// derive makes the names of an INVITE from what a process without memory knows: n hex digits, at most 64.
func derive(leg id.Leg, try int, what string, n int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d/%s", leg, try, what))
	return hex.EncodeToString(sum[:n/2])
}

func derivedNumber(leg id.Leg) uint64 {
	sum := sha256.Sum256([]byte("sdp/" + leg))
	return binary.BigEndian.Uint64(sum[:]) >> 2 // fits in 62 bits: some far ends read it as a signed number
}

func branch(leg id.Leg, try int) func(uint32) string {
	return func(cseq uint32) string { return "z9hG4bK" + derive(leg, try, "branch"+strconv.Itoa(int(cseq)), 20) }
}

// invitation is the INVITE of the try, with our newest description.
func (t *try) invitation() dialog.Invitation {
	l := t.l
	i := l.sw.namesOf(l.o, t)
	local := t.localTo()
	if i.Public.IsValid() {
		local = i.Public
	}
	own := t.ownSDP()
	t.offerSecrets(own)
	own.Addr, own.Codecs = local, l.codecs(t)
	own.Mux = t.line == nil // telephones know it; gateways are better not asked what they do not
	i.Body, i.Otherwise = own.Offer(), t.insisted(own)
	return i
}

// ownSDP is our side of the description of the try.
func (t *try) ownSDP() *sdp.Local {
	if t.fork != nil && t.l.talk != t {
		return &t.fork.local
	}
	return &t.l.local
}

// namesOf is all of the INVITE of a try but its description.
func (sw *Switch) namesOf(o cti.Order, t *try) dialog.Invitation {
	i := sw.names(o, t.key, t.line, t.dest, t.transport)
	if t.fork == nil {
		return i
	}
	c, err := sw.nameContact(t.fork.to)
	if err != nil {
		sw.c.Log.Warn("contact not understood", "leg", o.Leg, "error", err)
	}
	i.URI, i.To, i.Flow = c.URI, c.To, c.Flow
	return i
}

// names is all of an INVITE but its description; it derives from the order, the trunk and the number of the try.
func (sw *Switch) names(o cti.Order, n int, line *line, dest netip.AddrPort, transport string) dialog.Invitation {
	i := dialog.Invitation{Dest: dest, Transport: transport, Name: o.Name, CallID: derive(o.Leg, n, "call", 32),
		FromTag: derive(o.Leg, n, "tag", 16), Branch: branch(o.Leg, n)}
	if line == nil {
		sw.nameSIP(&i, o)
		i.Replaced = o.Party != cti.Visitor
	} else {
		sw.nameTrunk(&i, o, line)
		i.NoTimer = line.SessionTimer == cti.TimerOff
	}
	if o.Replaces != "" && line == nil {
		i.Headers = append(i.Headers, sip.NewHeader("Replaces", o.Replaces))
	}
	if line == nil || line.Headers {
		i.Headers = append(i.Headers,
			sip.NewHeader("X-Ringback-Callback", string(o.Callback)),
			sip.NewHeader("X-Ringback-Attempt", strconv.Itoa(o.Attempt)),
			sip.NewHeader("X-Ringback-Leg", string(o.Leg)))
	}
	return i
}

func (sw *Switch) nameSIP(i *dialog.Invitation, o cti.Order) {
	user, host, port, transport, _ := o.To.SIPURI()
	if transport == "tls" {
		i.Identity = sw.telephone(host)
	}
	i.URI = sip.Uri{Scheme: "sip", User: user, Host: bracketed(host), Port: port}
	i.To = i.URI
	i.To.Port = 0
	if transport != "" {
		i.URI.UriParams.Add("transport", transport)
	}
	caller := o.From
	if caller == "" {
		caller = "ringback"
	}
	local := sw.stack.Local(i.Transport, i.Dest.Addr()).Addr()
	if outside(i.Dest.Addr()) {
		i.Public = sw.public[i.Dest.Addr().Is4()]
	}
	if i.Public.IsValid() {
		local = i.Public
	}
	i.From = sip.Uri{Scheme: "sip", User: caller, Host: bracketed(local.String())}
}

// outside says whether a telephone is beyond our router. It has no trunk to say which of our addresses it sees: one in
// our network reaches our own, all others the public one.
func outside(a netip.Addr) bool {
	return !a.IsPrivate() && !a.IsLoopback() && !a.IsLinkLocalUnicast()
}

func (sw *Switch) nameTrunk(i *dialog.Invitation, o cti.Order, t *line) {
	_, host, port, _, _ := cti.Endpoint(t.Address).SIPURI()
	host = bracketed(host)
	if t.Domain != "" {
		host, port = t.Domain, 0
	}
	if t.Local != cti.LocalPrivate {
		i.Public = sw.public[i.Dest.Addr().Is4()]
	}
	i.URI = sip.Uri{Scheme: "sip", User: phone.Number(o.To.Number()).Format(t.NumberFormat, t.TechPrefix, t.Country), Host: host, Port: port}
	if i.Transport != "udp" {
		i.URI.UriParams.Add("transport", i.Transport)
	}
	i.Identity = t.identity
	i.To = sip.Uri{Scheme: "sip", User: i.URI.User, Host: host}
	who := t.account()
	i.User, i.Pass = who.Username, who.Password
	i.From = sip.Uri{Scheme: "sip", User: "anonymous", Host: host}
	sw.nameCaller(i, o.From, t, who.Username)
	if t.UserPhone {
		for _, u := range []*sip.Uri{&i.URI, &i.To, &i.From} {
			u.UriParams.Add("user", "phone")
		}
	}
}

// nameCaller writes our number where the trunk wants it. Where it stands in a header of its own, From is the account.
func (sw *Switch) nameCaller(i *dialog.Invitation, from string, t *line, account string) {
	number := phone.Number(from).Format(t.NumberFormat, "", t.Country)
	if from != "" {
		i.From.User = number
	}
	if account != "" && (t.FromUser == cti.FromAccount || t.FromUser == "" && from != "" && t.CallerID != "" && t.CallerID != cti.InFrom) {
		i.From.User = account
	}
	if from == "" {
		return
	}
	ours := fmt.Sprintf("<sip:%s@%s>", number, i.From.Host)
	if t.UserPhone {
		ours = fmt.Sprintf("<sip:%s@%s;user=phone>", number, i.From.Host)
	}
	switch t.CallerID {
	case cti.InPAI:
		i.Headers = append(i.Headers, sip.NewHeader("P-Asserted-Identity", ours))
	case cti.InPPI:
		i.Headers = append(i.Headers, sip.NewHeader("P-Preferred-Identity", ours))
	case cti.InRPID:
		i.Headers = append(i.Headers, sip.NewHeader("Remote-Party-ID", ours+";party=calling;privacy=off;screen=no"))
	}
}

func bracketed(host string) string {
	if a, err := netip.ParseAddr(host); err == nil && a.Is6() {
		return "[" + host + "]"
	}
	return host
}

// codecs are what the try offers: first the codec of the leg that waits for this one, so that nothing need be translated.
func (l *leg) codecs(t *try) []cti.Codec {
	all := []cti.Codec{cti.PCMU, cti.PCMA}
	if t.line == nil && len(l.o.Codecs) > 0 {
		all = slices.Clone(l.o.Codecs)
	}
	if t.line != nil && len(t.line.Codecs) > 0 {
		all = slices.Clone(t.line.Codecs)
	}
	if w := l.waiting(); w != nil {
		l.sw.mu.Lock()
		first := w.codec
		l.sw.mu.Unlock()
		switch k := slices.Index(all, first); {
		case k > 0:
			all = append([]cti.Codec{first}, slices.Delete(all, k, k+1)...)
		case k < 0 && first == cti.G722 && t.line == nil: // a telephone may know it, too
			all = append([]cti.Codec{first}, all...)
		}
	}
	return all
}

// waiting is the answered leg of the same callback that is not joined yet.
func (l *leg) waiting() *leg {
	l.sw.mu.Lock()
	defer l.sw.mu.Unlock()
	if l.o.Party == cti.Supervisor {
		return nil
	}
	for _, w := range l.sw.live[l.o.Callback] {
		if w != l && w.in == nil && (l.o.For == "" || l.o.For == w.o.Leg) && (w.fact.State == cti.Answered || w.fact.State == cti.Confirmed) {
			return w
		}
	}
	return nil
}
