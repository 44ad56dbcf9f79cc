package server

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"ringback/internal/config"
	"ringback/internal/simcarrier"
)

type demoCmd struct {
	Robots bool   `help:"Let simulated visitors ask for callbacks."`
	Once   bool   `help:"With --robots: one callback, then stop; status 0 only if each side heard the other for a second and not itself."`
	JSON   bool   `name:"json" help:"Print the ready line as a JSON object."`
	Log    string `enum:"debug,info,warn,error" default:"warn" help:"How much to log: debug, info, warn or error."`
}

func (c *demoCmd) Run(s *streams) error {
	if c.Once && !c.Robots {
		return config.Problem{File: "demo", Key: "--once", What: "goes with --robots"}
	}
	cfg := config.Default()
	cfg.Log.Level = c.Log
	d, err := StartDemo(s.ctx, Logger(cfg))
	if err != nil {
		return err
	}
	if err := d.ReadyLine(s.out, c.JSON); err != nil {
		return errors.Join(err, d.Close())
	}
	if !c.Robots {
		if !c.JSON {
			fmt.Fprintf(s.err, "Open %s and click. To answer yourself: %s, name %s, password %s.\nCtrl-C ends everything and removes its data.\n",
				d.Shop, d.Desk(), deskName, deskPassword)
		}
		<-s.ctx.Done()
		return d.Close()
	}
	r := &robots{d, s.err}
	if c.Once {
		err = r.once(s.ctx)
	} else {
		err = r.run(s.ctx)
	}
	return errors.Join(err, d.Close())
}

type carrierCmd struct {
	Listen      string `default:"udp://127.0.0.1:5070" placeholder:"URL" help:"Where it speaks SIP."`
	HTTP        string `name:"http" default:"127.0.0.1:5071" placeholder:"ADDR" help:"Where GET /ledger answers."`
	Seed        uint64 `default:"1" help:"Tones and choices come from it."`
	Peer        string `placeholder:"ADDR" help:"Where POST /calls rings when nobody is registered: host:port of our SIP."`
	Personality string `placeholder:"NAMES" help:"How it behaves, joined by +; GET /personalities lists them."`
	JSON        bool   `name:"json" help:"Print the ready line as a JSON object."`
}

func (c *carrierCmd) Run(s *streams) error {
	addr, ok := strings.CutPrefix(c.Listen, "udp://")
	if !ok {
		return config.Problem{File: "carrier", Key: "--listen", What: fmt.Sprintf("write udp://host:port, not %q", c.Listen)}
	}
	carrier, err := simcarrier.New(simcarrier.Config{Listen: addr, Seed: c.Seed, Peer: c.Peer, Personality: c.Personality, Log: slog.New(slog.NewTextHandler(s.err, nil))})
	if errors.Is(err, syscall.EADDRINUSE) {
		return inUse("--listen", c.Listen, err)
	}
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", c.HTTP)
	if err != nil {
		return errors.Join(inUse("--http", c.HTTP, err), carrier.Close())
	}
	srv := &http.Server{Handler: carrier.Handler(), ReadHeaderTimeout: 10 * time.Second}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	if err := carrierReady(s.out, c.JSON, carrier.Addr(), l.Addr().String()); err != nil {
		return errors.Join(err, srv.Close(), carrier.Close())
	}
	select {
	case <-s.ctx.Done():
		return errors.Join(srv.Close(), carrier.Close())
	case err := <-done:
		return errors.Join(err, carrier.Close())
	}
}

func carrierReady(w io.Writer, asJSON bool, sip, http string) error {
	if asJSON {
		_, err := fmt.Fprintf(w, "{\"sip\":%q,\"http\":%q}\n", "udp://"+sip, "http://"+http)
		return err
	}
	_, err := fmt.Fprintf(w, "ready sip=udp://%s http=http://%s\n", sip, http)
	return err
}
