package owner

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"regexp"

	"ringback/internal/fault"
)

// shownPolicy is that of a strict page on which a button stands: the widget keeps to it. Only our own pages frame it.
const shownPolicy = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'none'; form-action 'self'; frame-ancestors 'self'; base-uri 'none'; require-trusted-types-for 'script'"

//go:embed preview.html
var previewSource string

var previewPage = template.Must(template.New("preview").Parse(previewSource))

var buttonName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// preview is a page with nothing on it but a button.
func (p *Pages) preview(w http.ResponseWriter, r *http.Request) error {
	name := r.URL.Query().Get("button")
	if !buttonName.MatchString(name) {
		return fault.New(fault.NotFound, "There is no such button.")
	}
	var b bytes.Buffer
	if err := previewPage.Execute(&b, name); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", shownPolicy)
	h.Set("X-Frame-Options", "SAMEORIGIN")
	_, _ = w.Write(b.Bytes())
	return nil
}
