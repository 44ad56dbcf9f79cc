package server

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"ringback/internal/callback"
	"ringback/internal/config"
	"ringback/internal/cti"
	"ringback/internal/web/api"
	"ringback/internal/web/door"
)

type personCmd struct {
	Export personExportCmd `cmd:"" help:"Show all that is kept of somebody."`
	Erase  personEraseCmd  `cmd:"" help:"Take away all that tells who somebody is: in the database, of recordings, of messages. What happened stays, without her."`
}

type personExportCmd struct {
	configFlag
	Number string `arg:"" help:"Her telephone: +12025550100, or a sip: address."`
	JSON   bool   `name:"json" help:"Print a JSON object: all of it."`
}

func (c *personExportCmd) Run(s *streams) error {
	cfg, to, err := loadFor(c.configFlag, c.Number)
	if err != nil {
		return err
	}
	p, err := ExportPerson(s.ctx, cfg, to)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(p)
	}
	return tellPerson(s.out, p)
}

// loadFor reads the settings and whose telephone is meant.
func loadFor(f configFlag, number string) (*config.Config, cti.Endpoint, error) {
	cfg, err := f.load()
	if err != nil {
		return nil, "", err
	}
	to, err := telephone(number)
	if err == nil && to == "" {
		err = config.Problem{File: "person", Key: "NUMBER", What: "name a telephone"}
	}
	return cfg, to, err
}

// ExportPerson reads all that is kept of somebody, by the running service where there is one.
func ExportPerson(ctx context.Context, c *config.Config, to cti.Endpoint) (p *api.Person, err error) {
	err = onData(ctx, c, "POST", "/person/export", PersonOrder{to}, &p, func(a *App) (err error) {
		p, err = a.Person(ctx, to)
		return err
	})
	return p, err
}

// tellPerson says it in words; --json says all of it.
func tellPerson(w io.Writer, p *api.Person) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "%s: %d callbacks, %d calls of others, %d contacts, %d records of consent, %d refusals, %d blocks\n", p.Endpoint, len(p.Callbacks),
		len(p.Others), len(p.Contacts), len(p.Consents), len(p.Refusals), len(p.Blocks))
	for _, c := range p.Callbacks {
		fmt.Fprintf(b, "\n%s of %s (%s): %s%s\n", c.ID, or(c.SubscriberSlug, c.Subscriber), day(c.CreatedAt), c.State, after(": ", c.Outcome))
		for _, line := range []struct {
			what string
			text *string
		}{{"number", c.Number}, {"endpoint", c.Endpoint}, {"name", c.Name}, {"topic", c.Topic}, {"page", c.Page}, {"language", c.Language}} {
			if line.text != nil {
				fmt.Fprintf(b, "  %s: %s\n", line.what, *line.text)
			}
		}
		for k, v := range c.Fields {
			fmt.Fprintf(b, "  field %s: %s\n", k, v)
		}
		for k, v := range c.Metadata {
			fmt.Fprintf(b, "  metadata %s: %s\n", k, v)
		}
		for _, l := range c.Journal {
			fmt.Fprintf(b, "  %s %s\n", day(l.At), l.Text)
		}
		for _, n := range c.Notes {
			fmt.Fprintf(b, "  note (%s): %s\n", day(n.At), n.Text)
		}
		if d := c.Disposition; d != nil {
			fmt.Fprintf(b, "  disposition: %s%s\n", d.Code, after(": ", d.Note))
		}
		for _, r := range c.Recordings {
			fmt.Fprintf(b, "  recording %s of %s, %s\n", r.ID, day(r.StartedAt), r.AudioURL)
		}
		for _, l := range c.Letters {
			fmt.Fprintf(b, "  %s to %s (%s)%s\n", l.Kind, l.To, day(l.CreatedAt), after(": ", l.Subject))
		}
	}
	for _, c := range p.Contacts {
		fmt.Fprintf(b, "\n%s: known to %s since %s%s\n", c.ID, c.Subscriber, day(c.CreatedAt), after(" as ", c.Name))
	}
	for _, c := range p.Consents {
		fmt.Fprintf(b, "\n%s: %s by %s on %s%s%s%s\n", c.ID, c.Act, c.Route, day(c.At), after(": ", c.Text), after("\n  on ", c.Page), after("\n  with ", c.UserAgent))
	}
	for _, r := range p.Refusals {
		fmt.Fprintf(b, "\n%s: refused (%s) on %s%s\n", r.ID, r.Code, day(r.At), after(" from ", r.Page))
	}
	for _, x := range p.Blocks {
		fmt.Fprintf(b, "\n%s: blocked since %s%s\n", x.ID, day(x.CreatedAt), after(": ", x.Reason))
	}
	return b.Flush()
}

func or(text *string, otherwise string) string {
	if text != nil && *text != "" {
		return *text
	}
	return otherwise
}

func after(lead string, text *string) string {
	if text == nil || *text == "" {
		return ""
	}
	return lead + *text
}

func day(t door.Stamp) string { return time.Time(t).UTC().Format("2006-01-02 15:04:05") }

type personEraseCmd struct {
	configFlag
	Number string `arg:"" help:"Her telephone: +12025550100, or a sip: address."`
	Yes    bool   `name:"yes" help:"Do not ask on the terminal."`
	JSON   bool   `name:"json" help:"Print what was taken away as a JSON object."`
}

func (c *personEraseCmd) Run(s *streams) error {
	cfg, to, err := loadFor(c.configFlag, c.Number)
	if err != nil {
		return err
	}
	if !c.Yes {
		if !terminal(os.Stdin) {
			return config.Problem{File: "person erase", Key: "--yes", What: "is needed where nobody can be asked: what is erased cannot be brought back"}
		}
		p, err := ExportPerson(s.ctx, cfg, to)
		if err != nil {
			return err
		}
		if err := confirmed(s.err, os.Stdin, p); err != nil {
			return err
		}
	}
	did, err := ErasePerson(s.ctx, cfg, to)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(api.Erased(did))
	}
	return tellErased(s.out, to, did)
}

// confirmed asks whoever sits at the terminal.
func confirmed(out io.Writer, in io.Reader, p *api.Person) error {
	sounds := 0
	for _, c := range p.Callbacks {
		sounds += len(c.Recordings)
	}
	fmt.Fprintf(out, "This takes away who %s is, for ever: of %d callbacks, %d recordings, %d contacts, %d records of consent. Type yes: ", p.Endpoint,
		len(p.Callbacks)+len(p.Others), sounds, len(p.Contacts), len(p.Consents))
	line, err := bufio.NewReader(in).ReadString('\n')
	if strings.TrimSpace(line) != "yes" {
		return errors.New("nothing was erased")
	}
	if err != nil && err != io.EOF {
		return err
	}
	return nil
}

// ErasePerson takes somebody away, by the running service where there is one.
func ErasePerson(ctx context.Context, c *config.Config, to cti.Endpoint) (did callback.Erasure, err error) {
	err = onData(ctx, c, "POST", "/person/erase", PersonOrder{to}, &did, func(a *App) (err error) {
		did, err = a.people().Erase(ctx, "", to, byCommand)
		return err
	})
	return did, err
}

func tellErased(w io.Writer, to cti.Endpoint, did callback.Erasure) error {
	if did == (callback.Erasure{NeverAgain: did.NeverAgain}) {
		_, err := fmt.Fprintf(w, "nothing is kept of %s%s\n", to, stays(did))
		return err
	}
	_, err := fmt.Fprintf(w, "erased: %d callbacks, %d contacts, %d records of consent, %d recordings, %d messages of calls%s\n", did.Callbacks, did.Contacts, did.Consents,
		did.Recordings, did.Messages, stays(did))
	return err
}

func stays(did callback.Erasure) string {
	if did.NeverAgain {
		return "; the number is still never called: a keyed hash of it stays"
	}
	return ""
}
