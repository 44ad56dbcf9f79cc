package door

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"ringback/internal/id"
	"ringback/internal/login"
)

type contextKey int

const (
	principalKey contextKey = iota
	requestKey
	languageKey
)

// WithPrincipal keeps who asks with the request.
func WithPrincipal(ctx context.Context, p login.Principal) context.Context {
	return context.WithValue(ctx, principalKey, p)
}

// Cookie is the name of the cookie of a session.
const Cookie = "ringback_session"

// Session is the token of the request's cookie, "" when there is none.
func Session(r *http.Request) string {
	c, err := r.Cookie(Cookie)
	if err != nil {
		return ""
	}
	return c.Value
}

// Principal is who asks on a keyed route. A route that nobody has opened sees a business that does not exist:
// a forgotten check shows nothing instead of everything.
func Principal(ctx context.Context) login.Principal {
	p, ok := ctx.Value(principalKey).(login.Principal)
	if !ok {
		return login.Principal{Sees: login.Nobody}
	}
	return p
}

// WithRequest names the request.
func WithRequest(ctx context.Context, r id.Request) context.Context {
	return context.WithValue(ctx, requestKey, r)
}

// RequestID of the request, "" outside one.
func RequestID(ctx context.Context) id.Request {
	r, _ := ctx.Value(requestKey).(id.Request)
	return r
}

// Visitor is the network address that stands for a visitor: an IPv4 address, or the first half of an IPv6 address,
// which is what one household or telephone is given.
func Visitor(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a.String()
	}
	p, _ := a.Prefix(64) // always in range
	return p.String()
}

// Bearer is the key of an Authorization header, "" when there is none.
func Bearer(r *http.Request) string {
	scheme, key, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(key)
}
