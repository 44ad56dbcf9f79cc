package server

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"ringback/internal/config"
)

type setupCmd struct {
	Call setupCallCmd `cmd:"" help:"Ring the owner of a business, who speaks its name, announcement and closed message."`
}

type setupCallCmd struct {
	configFlag
	Number     string `arg:"" help:"The owner's telephone: a number, or sip:name@host."`
	Subscriber string `name:"subscriber" placeholder:"ID" help:"The business; not needed when there is one."`
	JSON       bool   `name:"json" help:"Print a JSON object."`
}

// SetupCallOrder is what `ringback setup call` asks of a running service.
type SetupCallOrder struct {
	Number, Subscriber string
}

// SetupCalled names the prompts that were kept.
type SetupCalled struct {
	Kept []string `json:"kept"`
}

func (c *setupCallCmd) Run(s *streams) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	if !c.JSON {
		fmt.Fprintf(s.out, "calling %s: press 1 when you have answered\n", c.Number)
	}
	done, err := SetupCall(s.ctx, cfg, SetupCallOrder{c.Number, c.Subscriber})
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(done)
	}
	if len(done.Kept) == 0 {
		fmt.Fprintln(s.out, "nothing was kept")
		return nil
	}
	fmt.Fprintf(s.out, "kept: %s; visitors hear it from now on\n", strings.Join(done.Kept, ", "))
	return nil
}

// SetupCall lets the running service ring an owner. It lasts as long as the call.
func SetupCall(ctx context.Context, c *config.Config, o SetupCallOrder) (done SetupCalled, err error) {
	client, running := Dial(c.Data)
	if !running {
		return done, fmt.Errorf("no service runs on %s: start it with ringback serve; only it can call", c.Data)
	}
	return done, ask(ctx, client, "POST", "/setup/call", o, &done)
}
