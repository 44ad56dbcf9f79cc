package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"ringback/internal/config"
	"ringback/internal/fault"
	"ringback/internal/login"
	"ringback/internal/phone"
	"ringback/internal/web/api"
)

type rehearseCmd struct {
	configFlag
	Button   string `required:"" placeholder:"ID" help:"The button by which it is asked for."`
	Number   string `placeholder:"N" help:"The telephone to be called; without one that of anybody in the business's country."`
	At       string `default:"now" placeholder:"TIME" help:"When it is asked for, by the business's clock: now, \"Sun 22:00\", \"tomorrow 9:00\", 2026-12-01T09:00."`
	Language string `placeholder:"L" help:"The visitor's language, such as de."`
	JSON     bool   `name:"json" help:"Print a JSON object, as POST /api/v1/buttons/{id}/rehearse answers."`
}

// RehearseOrder is what `ringback rehearse` asks of a running service.
type RehearseOrder struct {
	Button string
	Wish   api.RehearsalWish
}

func (c *rehearseCmd) Run(s *streams) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	done, err := Rehearse(s.ctx, cfg, RehearseOrder{c.Button, api.RehearsalWish{Number: c.Number, At: c.At, Language: c.Language}})
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(done)
	}
	return WriteRehearsal(s.out, done)
}

// Rehearse asks the running service what would come of a request, or opens the data itself if none runs.
func Rehearse(ctx context.Context, c *config.Config, o RehearseOrder) (done *api.Rehearsal, err error) {
	if client, running := Dial(c.Data); running {
		return done, ask(ctx, client, "POST", "/rehearse", o, &done)
	}
	a, err := Assemble(ctx, c, Logger(c))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if err := a.Conductor.Reload(ctx); err != nil {
		return nil, err
	}
	return a.Rehearse(ctx, o)
}

// Rehearse says what would come of a request.
func (a *App) Rehearse(ctx context.Context, o RehearseOrder) (*api.Rehearsal, error) {
	b, s := a.Conductor.Directory().Button(o.Button)
	if b == nil || s == nil {
		return nil, fault.New(fault.NotFound, "There is no button %q.", o.Button)
	}
	return api.Rehearse(ctx, a.Conductor, time.Now(), b, o.Wish, login.Principal{Role: login.Operator})
}

// WriteRehearsal tells it to a person.
func WriteRehearsal(w io.Writer, r *api.Rehearsal) error {
	p := &printer{w: w}
	p.line("%s of %s, asked for %s", r.Button, r.Subscriber, r.Wall)
	if r.Refused != nil {
		p.line("refused: %s (%s)", r.Refused.Detail, r.Refused.Code)
		return p.err
	}
	p.line("%s, %s", deref(r.State), strings.ReplaceAll(r.Order, "_", " "))
	p.line("the visitor reads: %s", deref(r.Message))
	if r.Assumes == "all_ready" {
		p.line("somebody is rung %s, if all whose hours it is are ready then and nobody waits:", deref(r.DueWall))
	} else {
		p.line("as things are now:")
	}
	p.people(r)
	id := deref(r.CallerID)
	if id == "" {
		id = "the number of the trunk"
	} else {
		id = phone.Pretty(phone.Number(id))
	}
	p.line("the visitor's telephone shows %s and is rung %d times at most", id, r.Tries)
	p.words(r.Hears)
	if r.MaxCost != nil {
		p.line("it costs %s at most", r.MaxCost)
	} else {
		p.line("what it costs is not known: no rates are set")
	}
	return p.err
}

type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

func (p *printer) people(r *api.Rehearsal) {
	if len(r.Rings) == 0 {
		p.line("  nobody is rung")
	}
	for i := range r.Rings {
		why := ""
		if i == 0 && r.Why != nil {
			why = ", " + *r.Why
		}
		p.ring(fmt.Sprintf("%d. ", i+1), &r.Rings[i], why)
	}
	for _, k := range r.Passed {
		p.line("  not %s: %s", k.Agent, strings.ReplaceAll(k.Why, "_", " "))
	}
	if r.Escalates != nil {
		p.ring("then ", r.Escalates, fmt.Sprintf(", when nobody has taken it for %s", time.Duration(*r.AfterS)))
	}
}

func (p *printer) ring(n string, r *api.RehearsedRing, why string) {
	who := deref(r.Agent)
	switch name := deref(r.DisplayName); {
	case who == "":
		who = "a telephone of nobody in particular"
	case name != "":
		who += " as " + name
	}
	if r.Together {
		who += ", with the one before"
	}
	p.line("  %s%s%s", n, who, why)
	for _, t := range r.Telephones {
		p.line("     %s rings %s, confirms by %s", t.To, time.Duration(t.RingS), t.Confirm)
		p.words(t.Hears)
	}
	if g := deref(r.Greeting); g != "" {
		p.line("     reads aloud: %s", g)
	}
}

func (p *printer) words(all []api.RehearsedWords) {
	for _, s := range all {
		p.line("     hears, when it %s: %s", map[string]string{"answers": "answers", "takes_it": "has taken the call", "joined": "is joined", "machine": "is an answering machine"}[s.When], s.Text)
	}
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
