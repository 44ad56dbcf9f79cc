package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"ringback/internal/callback"
	"ringback/internal/config"
)

type killCmd struct {
	On   killOnCmd   `cmd:"" help:"No telephone is rung any more, for anybody, until kill off; calls that are up go on, new requests are refused."`
	Off  killOffCmd  `cmd:"" help:"Calls leave again."`
	Show killShowCmd `cmd:"" help:"Say whether calls are stopped."`
}

type killOnCmd struct {
	configFlag
	Reason string `name:"reason" placeholder:"WORDS" help:"Why; staff reads it."`
	JSON   bool   `name:"json" help:"Print a JSON object."`
}

func (c *killOnCmd) Run(s *streams) error {
	return kill(s, c.configFlag, &KillOrder{true, c.Reason}, c.JSON)
}

type killOffCmd struct {
	configFlag
	JSON bool `name:"json" help:"Print a JSON object."`
}

func (c *killOffCmd) Run(s *streams) error { return kill(s, c.configFlag, &KillOrder{}, c.JSON) }

type killShowCmd struct {
	configFlag
	JSON bool `name:"json" help:"Print a JSON object."`
}

func (c *killShowCmd) Run(s *streams) error { return kill(s, c.configFlag, nil, c.JSON) }

// KillOrder stops all calls, or lets them leave again.
type KillOrder struct {
	On     bool   `json:"on"`
	Reason string `json:"reason"`
}

// Killed says whether all calls are stopped.
type Killed struct {
	On     bool      `json:"on"`
	Reason string    `json:"reason"`
	Since  time.Time `json:"since,omitzero"`
}

func killedOf(h callback.Halt) Killed { return Killed{h.On, h.Reason, h.Since} }

func kill(s *streams, f configFlag, o *KillOrder, asJSON bool) error {
	cfg, err := f.load()
	if err != nil {
		return err
	}
	k, err := Kill(s.ctx, cfg, o)
	switch {
	case err != nil:
		return err
	case asJSON:
		return json.NewEncoder(s.out).Encode(k)
	case !k.On:
		_, err = fmt.Fprintln(s.out, "calls leave")
	default:
		_, err = fmt.Fprintf(s.out, "all calls are stopped since %s%s; ringback kill off lets them leave again\n", k.Since.Format(time.RFC3339), because(k.Reason))
	}
	return err
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + reason + ")"
}

// Kill carries out o, or only looks where it is nil: by the service that runs, or in its data where none does.
func Kill(ctx context.Context, c *config.Config, o *KillOrder) (k Killed, err error) {
	method := "POST"
	if o == nil {
		method = "GET"
	}
	err = onData(ctx, c, method, "/kill", o, &k, func(a *App) error {
		if o != nil {
			if err := callback.WriteHalt(ctx, a.Store, o.On, o.Reason); err != nil {
				return err
			}
		}
		dir, err := a.Store.Directory(ctx)
		if err == nil {
			k = killedOf(callback.HaltOf(dir))
		}
		return err
	})
	return k, err
}

// killRoutes are those of the control socket.
func (s *Service) killRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /kill", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, killedOf(callback.HaltOf(s.Conductor.Directory())), nil)
	})
	mux.HandleFunc("POST /kill", func(w http.ResponseWriter, r *http.Request) {
		var o KillOrder
		err := json.NewDecoder(r.Body).Decode(&o)
		var h callback.Halt
		if err == nil {
			h, err = s.Conductor.Halt(r.Context(), o.On, o.Reason)
		}
		reply(w, killedOf(h), err)
	})
}
