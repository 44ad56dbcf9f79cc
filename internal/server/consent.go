package server

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"ringback/internal/callback"
	"ringback/internal/config"
	"ringback/internal/consent"
	"ringback/internal/cti"
	"ringback/internal/id"
	"ringback/internal/phone"
)

type consentCmd struct {
	Verify consentVerifyCmd `cmd:"" help:"Read every record of consent and opt-out, and name the first that is not as it was written."`
	Export consentExportCmd `cmd:"" help:"Print the records, the oldest first."`
}

type consentVerifyCmd struct {
	configFlag
	JSON bool `name:"json" help:"Print what was found as a JSON object."`
}

func (c *consentVerifyCmd) Run(s *streams) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	var r consent.Report
	err = onData(s.ctx, cfg, "POST", "/consent/verify", nil, &r, func(a *App) (err error) {
		r, err = a.Store.VerifyConsents(s.ctx)
		return err
	})
	if err != nil {
		return err
	}
	if c.JSON {
		err = json.NewEncoder(s.out).Encode(r)
	} else {
		err = sayVerified(s.out, r)
	}
	if r.Bad != nil {
		err = errors.Join(err, r.Bad)
	}
	return err
}

func sayVerified(w io.Writer, r consent.Report) error {
	verdict := "all as they were written"
	if r.Bad != nil {
		verdict = "NOT all as they were written"
	}
	if _, err := fmt.Fprintf(w, "%d records, %d of them erased: %s\n", r.Records, r.Erased, verdict); err != nil {
		return err
	}
	for _, c := range r.Chains {
		if _, err := fmt.Fprintf(w, "chain %d ends at %d with %s\n", c.Chain, c.Seq, c.Head); err != nil {
			return err
		}
	}
	return nil
}

type consentExportCmd struct {
	configFlag
	Number string    `name:"number" placeholder:"NUMBER" help:"Of this telephone only: +12025550100, or a sip: address."`
	Since  time.Time `name:"since" format:"2006-01-02" placeholder:"DAY" help:"From this day (UTC) on."`
	CSV    bool      `name:"csv" help:"Print CSV; without it a JSON object a line."`
}

func (c *consentExportCmd) Run(s *streams) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	to, err := telephone(c.Number)
	if err != nil {
		return err
	}
	q := url.Values{"number": {string(to)}, "since": {c.Since.Format(time.RFC3339)}}
	var all []ConsentLine
	err = onData(s.ctx, cfg, "GET", "/consents?"+q.Encode(), nil, &all, func(a *App) (err error) {
		all, err = a.Consents(s.ctx, to, c.Since)
		return err
	})
	if err != nil {
		return err
	}
	if c.CSV {
		return consentCSV(s.out, all)
	}
	e := json.NewEncoder(s.out)
	for _, l := range all {
		if err := e.Encode(l); err != nil {
			return err
		}
	}
	return nil
}

// telephone reads a number in international form or a sip: address; "" = none.
func telephone(raw string) (cti.Endpoint, error) {
	if raw == "" {
		return "", nil
	}
	if e := cti.Endpoint(raw); e.Kind() == cti.SIP {
		return cti.ParseEndpoint(raw)
	}
	n, err := phone.Parse(strings.TrimPrefix(raw, "tel:"), "")
	if err != nil {
		return "", fmt.Errorf("%s: %w. Write it with country code: +12025550100", raw, err)
	}
	return cti.Endpoint("tel:" + n.E164()), nil
}

// ConsentLine is a record for people and programs.
type ConsentLine struct {
	ID         id.Consent    `json:"id"`
	At         time.Time     `json:"at"`
	Act        consent.Act   `json:"act"`
	Route      consent.Route `json:"route"`
	Subscriber id.Subscriber `json:"subscriber"`
	Business   string        `json:"business"`
	Callback   id.Callback   `json:"callback"`
	consent.Person
	consent.Text
	Erased bool         `json:"erased"`
	Erases []id.Consent `json:"erases,omitempty"`
	Chain  int64        `json:"chain"`
	Seq    int64        `json:"seq"`
	Hash   string       `json:"hash"`
}

// Consents lists the records of a telephone ("" = all) since an instant.
func (a *App) Consents(ctx context.Context, of cti.Endpoint, since time.Time) ([]ConsentLine, error) {
	f := consent.Filter{Since: since}
	if of != "" {
		f.NumberHash = callback.HashNumber(a.keys.hash, of)
	}
	dir, err := a.Store.Directory(ctx)
	if err != nil {
		return nil, err
	}
	out := []ConsentLine{}
	err = a.Store.Consents(ctx, f, func(k consent.Kept) error {
		who, err := k.Who()
		l := ConsentLine{ID: k.ID, At: k.At, Act: k.Act, Route: k.Route, Subscriber: k.Subscriber, Callback: k.Callback, Person: who, Text: k.Shown,
			Erased: k.IsErased(), Erases: k.Erases, Chain: k.Chain, Seq: k.Seq, Hash: k.Hash.String()}
		if s := dir.Subscribers[k.Subscriber]; s != nil {
			l.Business = s.Name
		}
		out = append(out, l)
		return err
	})
	return out, err
}

func consentCSV(w io.Writer, all []ConsentLine) error {
	c := csv.NewWriter(w)
	rows := [][]string{{"at", "act", "route", "business", "callback", "number", "page", "user_agent", "version", "language", "text", "erased", "id", "hash"}}
	for _, l := range all {
		rows = append(rows, []string{l.At.Format(time.RFC3339Nano), string(l.Act), string(l.Route), inert(l.Business), string(l.Callback), inert(l.Number), inert(l.Page),
			inert(l.UserAgent), l.Version, l.Language, inert(l.Words), fmt.Sprint(l.Erased), string(l.ID), l.Hash})
	}
	return c.WriteAll(rows)
}

// inert keeps a spreadsheet from taking what a visitor wrote for a formula.
func inert(s string) string {
	if s != "" && (s[0] == '=' || s[0] == '+' || s[0] == '-' || s[0] == '@' || s[0] == '\t' || s[0] == '\r') {
		return "'" + s
	}
	return s
}

// onData asks the service that owns the data where one runs; where none does, it opens them for do.
func onData(ctx context.Context, c *config.Config, method, path string, body, v any, do func(*App) error) error {
	if client, running := Dial(c.Data); running {
		return ask(ctx, client, method, path, body, v)
	}
	a, err := OpenData(ctx, c, Logger(c))
	if err != nil {
		return err
	}
	return errors.Join(do(a), a.Close())
}

// consentRoutes are those of the control socket.
func (s *Service) consentRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /consent/verify", func(w http.ResponseWriter, r *http.Request) {
		found, err := s.Store.VerifyConsents(r.Context())
		reply(w, found, err)
	})
	mux.HandleFunc("GET /consents", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		since, err := time.Parse(time.RFC3339, q.Get("since"))
		var all []ConsentLine
		if err == nil {
			all, err = s.Consents(r.Context(), cti.Endpoint(q.Get("number")), since)
		}
		reply(w, all, err)
	})
}
