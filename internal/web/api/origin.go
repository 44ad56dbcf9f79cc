package api

import (
	"net/http"
	"slices"
	"strings"

	"ringback/internal/fault"
	"ringback/internal/subscriber"
)

// admitted checks the page that a browser sends a request from against the button's list, and lets that page read the
// answer. A request without Origin is no browser's from another site. "null" (a sandbox, a file) is on no list.
func (a *API) admitted(w http.ResponseWriter, r *http.Request, b *subscriber.Button) error {
	origin := r.Header.Get("Origin")
	w.Header().Add("Vary", "Origin")
	if origin == "" || strings.EqualFold(origin, originOf(a.URL)) {
		return nil
	}
	listed := func(o string) bool { return strings.EqualFold(strings.TrimSuffix(o, "/"), origin) }
	if len(b.Origins) > 0 && !slices.ContainsFunc(b.Origins, listed) {
		return fault.New(fault.OriginNotAllowed, "The site %.200s is not one that this button may be used on. Add it to the button's origins.", origin)
	}
	w.Header().Set("Access-Control-Allow-Origin", origin)
	w.Header().Set("Access-Control-Expose-Headers", "ETag, Location, Retry-After, X-Request-Id")
	return nil
}

// originOf cuts the path off a URL.
func originOf(url string) string {
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok {
		return url
	}
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}
