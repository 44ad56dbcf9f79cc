package ctisip

import (
	"context"
	"fmt"

	"github.com/emiago/sipgo/sip"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/dialog"
	"ringback/internal/cti/ctisip/locate"
)

// request is what we ask a trunk outside of calls.
func (sw *Switch) request(l *line, t locate.Target, method string) dialog.Question {
	host, port := l.domain()
	name := sw.name()
	q := dialog.Question{Method: method, Seq: 1, Invitation: dialog.Invitation{Dest: t.Addr, Transport: t.Transport, Identity: l.identity,
		CallID: name, FromTag: sw.name(), Branch: func(n uint32) string { return fmt.Sprintf("z9hG4bK%s.%d", name, n) }}}
	if l.Local != cti.LocalPrivate {
		q.Public = sw.public[t.Addr.Addr().Is4()]
	}
	q.URI = sip.Uri{Scheme: "sip", Host: host, Port: port}
	if t.Transport != "udp" {
		q.URI.UriParams.Add("transport", t.Transport)
	}
	q.From = sip.Uri{Scheme: "sip", User: "ringback", Host: host}
	if who := l.account(); who.Username != "" {
		q.From.User = who.Username
	}
	q.To = sip.Uri{Scheme: "sip", Host: host}
	return q
}

// domain is the host that stands in addresses of the trunk, and its port, 0 = none.
func (l *line) domain() (host string, port int) {
	_, host, port, _, _ = cti.Endpoint(l.Address).SIPURI()
	if l.Domain != "" {
		return l.Domain, 0
	}
	return bracketed(host), port
}

// name is one that nobody else has: of a Call-ID, a tag.
func (sw *Switch) name() string {
	return fmt.Sprintf("%08x%08x%08x", sw.random(1<<31-1), sw.random(1<<31-1), sw.random(1<<31-1))
}

// resolve returns where a dialled sip: endpoint is.
func (sw *Switch) resolve(ctx context.Context, e cti.Endpoint) (locate.Target, error) {
	q, err := locate.Ask(e, cti.FamilyBoth)
	if err != nil {
		return locate.Target{}, err
	}
	all, err := q.Answer(ctx, sw.c.Resolver, sw.random)
	if err != nil {
		return locate.Target{}, err
	}
	return all[0], nil
}
