package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"ringback/internal/callback"
	"ringback/internal/config"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/web/api"
)

type callCmd struct {
	configFlag
	Number string `arg:"" help:"Who is called: a number, or sip:name@host."`
	Button string `name:"button" placeholder:"ID" help:"For which button; not needed when there is one."`
	To     string `name:"to" placeholder:"ENDPOINT" help:"Join exactly this telephone (tel:+12025550101, sip:ann@host) instead of asking agents."`
	Agent  string `name:"agent" placeholder:"ID" help:"Ask this agent, alone for a while."`
	Name   string `name:"name" help:"The visitor's name, for whoever answers."`
	Topic  string `name:"topic" help:"What it is about."`
	NoWait bool   `name:"no-wait" help:"Do not stay until it ends."`
	JSON   bool   `name:"json" help:"Print the callback at its end as a JSON object, as GET /api/v1/callbacks/{id} does."`
}

// CallOrder is what `ringback call` asks of a running service.
type CallOrder struct {
	Number, Button, To, Agent, Name, Topic string
	NoWait                                 bool
}

func (c *callCmd) Run(s *streams) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	told := s.out
	if c.JSON {
		told = s.err
	}
	o := CallOrder{c.Number, c.Button, c.To, c.Agent, c.Name, c.Topic, c.NoWait}
	done, err := Call(s.ctx, cfg, o, func(now string) { fmt.Fprintln(told, now) })
	if err != nil {
		return err
	}
	if c.JSON {
		err = json.NewEncoder(s.out).Encode(done)
	}
	return errors.Join(err, cameTo(done, c.NoWait))
}

// cameTo is nil for a call in which the two talked, or that nobody waits for.
func cameTo(c *api.Callback, placed bool) error {
	switch {
	case placed || c.Outcome != nil && *c.Outcome == string(callback.Completed):
		return nil
	case c.Outcome == nil:
		return fmt.Errorf("callback %s: it is not called now: the business is closed, or the time is one at which nobody is rung. It is booked for %s", c.ID, day(c.DueAt))
	case c.Reason != nil:
		return fmt.Errorf("callback %s ended as %s: %s", c.ID, *c.Outcome, c.Reason.Staff)
	}
	return fmt.Errorf("callback %s ended as %s", c.ID, *c.Outcome)
}

// Call lets the running service place a callback and tells what happens until it ends. Who stops waiting withdraws it.
func Call(ctx context.Context, c *config.Config, o CallOrder, say func(string)) (*api.Callback, error) {
	client, running := Dial(c.Data)
	if !running {
		return nil, fmt.Errorf("no service runs on %s: start it with ringback serve; only it can call", c.Data)
	}
	done := &api.Callback{}
	err := converse(ctx, client, "/call", o, say, done)
	if ctx.Err() != nil {
		return nil, errors.New("stopped: the call is withdrawn")
	}
	return done, err
}

// call is the route: lines while the callback lives, and the callback.
func (s *Service) call(w http.ResponseWriter, r *http.Request) {
	o, err := order[CallOrder](r)
	if err != nil {
		reply(w, nil, err)
		return
	}
	done, err := s.Call(r.Context(), o, sayTo(w))
	reply(w, done, err)
}

// sayTo tells another command what happens now.
func sayTo(w http.ResponseWriter) func(string) {
	var mu sync.Mutex
	return func(now string) {
		mu.Lock()
		defer mu.Unlock()
		_ = json.NewEncoder(w).Encode(map[string]string{"Say": now}) // the other command has gone away: its context ends the call
		_ = http.NewResponseController(w).Flush()
	}
}

// Call places a callback as an operator's key would, and follows it.
func (a *App) Call(ctx context.Context, o CallOrder, say func(string)) (*api.Callback, error) {
	b, err := pickButton(a.Conductor.Directory(), o.Button)
	if err != nil {
		return nil, err
	}
	r := callback.Request{Button: string(b), Number: o.Number, Destination: o.To, Agent: o.Agent, Name: o.Name, Topic: o.Topic, Act: byCommand,
		By: &login.Principal{Role: login.Operator}}
	if cti.Endpoint(o.Number).Kind() == cti.SIP {
		r.Number, r.Endpoint = "", o.Number
	}
	made, err := a.Conductor.Request(ctx, r)
	if err != nil {
		return nil, err
	}
	cb := made.Callback.ID
	say(fmt.Sprintf("%s for %s", cb, a.slugOf(b)))
	c := made.Callback
	if !o.NoWait && c.State != callback.Scheduled {
		if c, err = a.follow(ctx, cb, say); err != nil {
			return nil, err
		}
	}
	lines, err := a.Store.Journal(ctx, cb)
	if err != nil {
		return nil, err
	}
	out := api.Render(c, lines, a.Conductor.Directory())
	return &out, nil
}

func (a *App) slugOf(b id.Button) string {
	if x := a.Conductor.Directory().Buttons[b]; x != nil && x.Slug != "" {
		return x.Slug
	}
	return string(b)
}

// follow tells the journal as it grows, until the callback ends. When nobody listens any more the callback is withdrawn.
func (a *App) follow(ctx context.Context, cb id.Callback, say func(string)) (*callback.Callback, error) {
	watch := a.Live.Watch(cb)
	defer watch.Close()
	again := time.NewTicker(time.Second) // a screen that is pushed out, or the service's end, closes the watch
	defer again.Stop()
	changes := watch.C()
	for seen := int64(0); ; {
		c, err := a.Store.Callback(ctx, "", cb)
		if err == nil {
			seen, err = a.tellLines(ctx, cb, seen, say)
		}
		if ctx.Err() != nil {
			_, err := a.Conductor.Cancel(context.WithoutCancel(ctx), cb, callback.ByStaff)
			return nil, errors.Join(ctx.Err(), err)
		}
		if err != nil || !c.Live() {
			return c, err
		}
		select {
		case _, open := <-changes:
			if !open {
				changes = nil
			}
		case <-again.C:
		case <-ctx.Done():
		}
	}
}

// tellLines says the lines of a journal that were not said yet.
func (a *App) tellLines(ctx context.Context, cb id.Callback, seen int64, say func(string)) (int64, error) {
	lines, err := a.Store.Journal(ctx, cb)
	if err != nil {
		return seen, err
	}
	for _, l := range lines {
		if l.Seq <= seen {
			continue
		}
		seen = l.Seq
		text := fmt.Sprintf("%s  %-16s %s", l.At.Local().Format("15:04:05"), l.To, strings.ReplaceAll(l.Event, "_", " "))
		if l.Reason != "" {
			text += ": " + l.Reason.Words().Staff
		}
		if l.Detail != "" {
			text += " (" + l.Detail + ")"
		}
		say(text)
	}
	return seen, nil
}

// pickButton is the button that is named, or the only one there is.
func pickButton(dir *directory.Directory, named string) (id.Button, error) {
	if named != "" {
		if b := id.Button(dir.ID(directory.Button, named)); b != "" {
			return b, nil
		}
		return "", fault.New(fault.NotFound, "There is no button %q.", named)
	}
	var all []string
	for i, b := range dir.Buttons {
		if len(dir.Buttons) == 1 {
			return i, nil
		}
		all = append(all, b.Slug)
	}
	slices.Sort(all)
	return "", fault.New(fault.FieldRequired, "Say which with --button: there are %d (%s).", len(all), strings.Join(all, ", "))
}
