// Package desk is the door of agents: one page, which speaks to the API and its live socket as any program may.
package desk

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"

	"ringback/internal/web/asset"
	"ringback/internal/web/door"
)

// policy of the desk: its own script, style and pictures, its own API, its recordings and live socket; no markup out of text, but for
// what Lit makes of the templates in the script itself.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; media-src 'self'; " +
	"form-action 'none'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types lit-html"

//go:embed desk.html
var source string

var page = template.Must(template.New("desk").Parse(source))

// Desk serves the page.
type Desk struct {
	text []byte
}

// New opens the door. The page is the same for everybody: who it is for, its script asks the API.
func New(shelf asset.Shelf) *Desk {
	var b bytes.Buffer
	err := page.Execute(&b, map[string]string{
		"Style": shelf.At("desk.css"), "Script": shelf.At("desk.js"), "Icon": shelf.At("icon.svg"), "Ring": shelf.At("icon-ring.svg"),
	})
	if err != nil {
		panic("desk: " + err.Error()) // embedded at build time
	}
	return &Desk{b.Bytes()}
}

// Routes is the table of the door.
func (d *Desk) Routes() []door.Route {
	return []door.Route{
		{Method: "GET", Pattern: "/desk", Page: true, Handle: d.enter},
		{Method: "GET", Pattern: "/desk/{$}", Page: true, Handle: d.show},
	}
}

// enter sends on who forgot the slash.
func (d *Desk) enter(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, "/desk/", http.StatusPermanentRedirect)
	return nil
}

func (d *Desk) show(w http.ResponseWriter, _ *http.Request) error {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-cache") // a new build has other addresses in it
	h.Set("Content-Security-Policy", policy)
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(self), speaker-selection=(self), autoplay=(self)")
	// The own origin goes with requests to the API, and nothing to where a business's own page is opened.
	h.Set("Referrer-Policy", "same-origin")
	_, _ = w.Write(d.text)
	return nil
}
