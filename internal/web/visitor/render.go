package visitor

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"

	"ringback/internal/web/door"
)

//go:embed pages/*.html
var files embed.FS

// pages are the templates by name; each stands in the frame.
var pages = parse("form", "room", "status", "stop", "number", "reschedule", "problem")

func parse(names ...string) map[string]*template.Template {
	all := map[string]*template.Template{}
	for _, n := range names {
		all[n] = template.Must(template.ParseFS(files, "pages/frame.html", "pages/when.html", "pages/"+n+".html"))
	}
	return all
}

// page is what every page has.
type page struct {
	Title   string
	Style   string
	Icon    string
	Script  string // "" = none
	Refresh int    // seconds until a browser without script loads again; 0 = never
}

func (p *Pages) page(title string) page {
	return page{Title: title, Style: p.assets.At("pages.css"), Icon: p.assets.At("icon.svg")}
}

// show writes a page. It is rendered whole before a byte leaves, so that a fault in a template is a fault.
func (p *Pages) show(w http.ResponseWriter, status int, name string, data any) error {
	var b bytes.Buffer
	if err := pages[name].ExecuteTemplate(&b, "frame", data); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	// Without the own origin a browser would send Origin: null with the form.
	h.Set("Referrer-Policy", "same-origin")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
	return nil
}

// Fault shows a problem that no page of its own shows.
func (p *Pages) Fault(w http.ResponseWriter, pr door.Problem) {
	data := struct {
		page
		Problem door.Problem
	}{p.page(pr.Title), pr}
	if err := p.show(w, pr.Status, "problem", data); err != nil {
		http.Error(w, pr.Title, pr.Status)
	}
}
