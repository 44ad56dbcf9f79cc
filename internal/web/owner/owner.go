// Package owner is the door of those whom a business belongs to, or who work for it: one page, which speaks to the API as
// any program may.
package owner

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"

	"ringback/internal/web/asset"
	"ringback/internal/web/door"
)

// policy of the page: its own script, style and pictures, the API, recordings of talks and of its own microphone; no markup
// out of text, but for what Lit makes of the templates in the script itself.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; media-src 'self' blob:; frame-src 'self'; " +
	"form-action 'none'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types lit-html"

//go:embed owner.html
var source string

var page = template.Must(template.New("owner").Parse(source))

// Pages serves the page.
type Pages struct {
	text []byte
}

// New opens the door. The page is the same for everybody: who it is for, its script asks the API.
func New(shelf asset.Shelf) *Pages {
	var b bytes.Buffer
	err := page.Execute(&b, map[string]string{
		"Shared": shelf.At("desk.css"), "Style": shelf.At("owner.css"), "Script": shelf.At("owner.js"), "Icon": shelf.At("icon.svg"),
	})
	if err != nil {
		panic("owner: " + err.Error()) // embedded at build time
	}
	return &Pages{text: b.Bytes()}
}

// Routes is the table of the door.
func (p *Pages) Routes() []door.Route {
	return []door.Route{
		{Method: "GET", Pattern: "/app", Page: true, Handle: p.enter},
		{Method: "GET", Pattern: "/app/{$}", Page: true, Handle: p.show},
		{Method: "GET", Pattern: "/app/preview", Page: true, Handle: p.preview},
	}
}

// enter sends on who forgot the slash.
func (p *Pages) enter(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, "/app/", http.StatusPermanentRedirect)
	return nil
}

func (p *Pages) show(w http.ResponseWriter, _ *http.Request) error {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-cache") // a new build has other addresses in it
	h.Set("Content-Security-Policy", policy)
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(self)")
	h.Set("Referrer-Policy", "same-origin")
	_, _ = w.Write(p.text)
	return nil
}
