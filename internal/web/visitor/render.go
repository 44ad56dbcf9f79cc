package visitor

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"net/url"

	"ringback/internal/web/door"
	"ringback/internal/words"
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
	*words.Language
	Title     string
	Languages []choice // the languages that it can be read in; none = no choice is offered
	Style     string
	Icon      string
	Script    string // "" = none
	Refresh   int    // seconds until a browser without script loads again; 0 = never
}

// choice is a page in another language.
type choice struct {
	Tag, Name, URL string
	Here           bool
}

// page begins a page in a language. Where it was asked for by its address it can be read in others; a form that was sent
// cannot: what was typed would be lost.
func (p *Pages) page(r *http.Request, in *words.Language, title string) page {
	out := page{Language: in, Title: title, Style: p.assets.At("pages.css"), Icon: p.assets.At("icon.svg")}
	if r.Method != http.MethodGet {
		return out
	}
	for _, l := range p.Words.All() {
		q := r.URL.Query()
		q.Set("lang", l.Tag)
		out.Languages = append(out.Languages, choice{l.Tag, l.Name, "?" + q.Encode(), l == in})
	}
	return out
}

// chosen is what the addresses of a page carry on so that the language stays that which was chosen on it; "" = none was.
func chosen(r *http.Request) string {
	if tag := r.URL.Query().Get("lang"); tag != "" {
		return "?lang=" + url.QueryEscape(tag)
	}
	return ""
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
	h.Add("Vary", "Accept-Language")
	// Without the own origin a browser would send Origin: null with the form.
	h.Set("Referrer-Policy", "same-origin")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
	return nil
}

// Fault shows a problem that no page of its own shows.
func (p *Pages) Fault(w http.ResponseWriter, r *http.Request, pr door.Problem) {
	data := struct {
		page
		Problem door.Problem
	}{p.page(r, door.Language(r.Context()), pr.Title), pr}
	data.page.Languages = nil // of what is not there, in no language
	if err := p.show(w, pr.Status, "problem", data); err != nil {
		http.Error(w, pr.Title, pr.Status)
	}
}
