package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"os"
	"strings"

	"ringback/internal/config"
	"ringback/internal/fault"
	"ringback/internal/qr"
)

type snippetCmd struct {
	configFlag
	Button string `required:"" placeholder:"ID" help:"The button."`
	QR     string `name:"qr" placeholder:"FILE" type:"path" help:"Write a QR code of the link to FILE, as SVG."`
	JSON   bool   `name:"json" help:"Print a JSON object."`
}

// SnippetOrder is what `ringback snippet` asks of a running service.
type SnippetOrder struct{ Button string }

// Snippet is what is put on a page for a button.
type Snippet struct {
	Button string `json:"button"`
	Link   string `json:"link"`   // works everywhere: in pages, mails, on paper
	Plain  string `json:"plain"`  // the link as HTML
	Widget string `json:"widget"` // the link that becomes a button
	Card   string `json:"card"`   // the business for an address book
}

func (c *snippetCmd) Run(s *streams) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	done, err := GetSnippet(s.ctx, cfg, SnippetOrder{c.Button})
	if err != nil {
		return err
	}
	code, err := qr.New(done.Link)
	if err != nil && c.QR != "" {
		return err
	}
	if c.QR != "" {
		if err := os.WriteFile(c.QR, []byte(code.SVG()), 0o644); err != nil {
			return err
		}
	}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(done)
	}
	_, err = fmt.Fprintf(s.out, "link\n\n%s\n\nas HTML: works in every page and mail, without script\n\n%s\n\nas a button: the visitor stays on your page\n\n%s\n", done.Link, done.Plain, done.Widget)
	if err == nil && code != nil {
		_, err = io.WriteString(s.out, "\nfor paper\n\n"+code.Text())
	}
	return err
}

// GetSnippet asks the running service, or reads the data itself if none runs.
func GetSnippet(ctx context.Context, c *config.Config, o SnippetOrder) (done Snippet, err error) {
	if client, running := Dial(c.Data); running {
		return done, ask(ctx, client, "POST", "/snippet", o, &done)
	}
	a, err := OpenData(ctx, c, Logger(c))
	if err != nil {
		return done, err
	}
	done, err = a.Snippet(ctx, o)
	return done, errors.Join(err, a.Close())
}

// Snippet writes what is put on a page.
func (a *App) Snippet(ctx context.Context, o SnippetOrder) (Snippet, error) {
	dir, err := a.Store.Directory(ctx)
	if err != nil {
		return Snippet{}, err
	}
	b, s := dir.Button(o.Button)
	if b == nil || s == nil {
		return Snippet{}, fault.New(fault.NotFound, "There is no button %q.", o.Button)
	}
	url, name := strings.TrimSuffix(a.Config.URL, "/"), b.Slug
	if name == "" {
		name = string(b.ID)
	}
	link := url + "/b/" + name
	plain := `<a href="` + html.EscapeString(link) + `">Call me back</a>`
	return Snippet{Button: name, Link: link, Plain: plain, Card: link + ".vcf",
		Widget: `<call-back button="` + html.EscapeString(name) + `">` + plain + "</call-back>\n" + `<script type="module" async src="` + html.EscapeString(url) + `/w/1/cb.js"></script>`}, nil
}
