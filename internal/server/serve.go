package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"ringback/internal/callback"
	"ringback/internal/config"
	"ringback/internal/web"
)

// Version is set by the build.
var Version = "development"

// drainTime is how long calls that are up may go on after the first signal; a second one ends them at once.
const drainTime = 30 * time.Second

// sorryTime is how long callers who wait hear that nobody takes their call.
const sorryTime = 5 * time.Second

// Service is a running App with its listeners.
type Service struct {
	*App
	URL     string
	addr    string // of HTTP
	http    *http.Server
	control *Control
	ready   atomic.Bool
	done    chan error
}

// Ready is what the ready line tells.
type Ready struct {
	URL  string   `json:"url"`
	SIP  []string `json:"sip"`
	HTTP string   `json:"http"` // the address that is really bound; url is what visitors see
}

// Serve runs the service until ctx ends (drain) or hard ends (at once). The ready line goes to out.
func Serve(ctx, hard context.Context, c *config.Config, out io.Writer, asJSON bool) error {
	log := Logger(c)
	for _, w := range c.Warnings() {
		log.Warn(w)
	}
	s, err := StartService(ctx, c, log)
	if err != nil {
		return err
	}
	if err := s.say(out, asJSON); err != nil {
		log.Error("ready line", "err", err)
	}
	select {
	case <-ctx.Done():
	case err = <-s.done:
	}
	return errors.Join(err, s.Stop(hard))
}

func (s *Service) say(out io.Writer, asJSON bool) error {
	r := Ready{URL: s.URL, SIP: s.Switch.Addrs(), HTTP: s.addr}
	if asJSON {
		return json.NewEncoder(out).Encode(r)
	}
	_, err := fmt.Fprintf(out, "ready url=%s sip=%s http=%s\n", r.URL, strings.Join(r.SIP, ","), r.HTTP)
	return err
}

// StartService assembles the service, opens its doors and reconciles.
func StartService(ctx context.Context, c *config.Config, log *slog.Logger) (*Service, error) {
	l, err := net.Listen("tcp", c.Listen.HTTP)
	if err != nil {
		return nil, inUse("listen.http", c.Listen.HTTP, err)
	}
	c.URL = realURL(c.URL, c.Listen.HTTP, l.Addr())
	app, err := Assemble(ctx, c, log)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	s := &Service{App: app, URL: c.URL, addr: l.Addr().String(), done: make(chan error, 2)}
	if s.control, err = ListenControl(app.lock, s.controlRoutes()); err != nil {
		return nil, errors.Join(err, l.Close(), app.Close())
	}
	s.http = web.Server(s.routes(), log)
	if err := app.Start(ctx); err != nil {
		hard, stop := context.WithCancel(context.Background())
		stop()
		return nil, errors.Join(err, l.Close(), s.Stop(hard))
	}
	s.ready.Store(true)
	// Who connected meanwhile has waited in the listener's backlog: nobody is answered before the past is known.
	go func() { s.done <- s.http.Serve(l) }()
	if app.front != nil {
		go func() { s.done <- s.http.Serve(app.front.pages) }()
	}
	return s, nil
}

// realURL puts the port that was really opened into a URL that asked for any.
func realURL(url, asked string, got net.Addr) string {
	_, port, err := net.SplitHostPort(got.String())
	if err != nil || !strings.HasSuffix(asked, ":0") {
		return url
	}
	if base, found := strings.CutSuffix(url, ":0"); found {
		return base + ":" + port
	}
	if url == config.Default().URL {
		return "http://" + got.String()
	}
	return url
}

func inUse(key, addr string, err error) error {
	return fmt.Errorf("%s: %s cannot be opened: %w. Another program may have it: stop that one or name another port", key, addr, err)
}

// Stop drains and ends: no new wishes, no new calls; calls that are up finish, for a while; then everything closes in
// the opposite order of its start.
func (s *Service) Stop(hard context.Context) error {
	s.ready.Store(false)
	told := s.Drain()
	begun := time.Now()
	s.waitForCalls(hard)
	if left := sorryTime - time.Since(begun); told > 0 && left > 0 {
		select {
		case <-hard.Done():
		case <-time.After(left):
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	s.Live.Close()
	var errs []error
	if err := s.Live.Wait(ctx); err != nil {
		s.log.Warn("somebody still listens; the socket is cut")
	}
	if err := s.http.Shutdown(ctx); err != nil {
		errs = append(errs, s.http.Close())
	}
	errs = append(errs, s.control.Close(ctx), s.App.Close())
	return errors.Join(errs...)
}

// waitForCalls waits until no call rings or talks.
func (s *Service) waitForCalls(hard context.Context) {
	t := time.NewTicker(100 * time.Millisecond)
	defer t.Stop()
	end := time.NewTimer(drainTime)
	defer end.Stop()
	for {
		n := s.Conductor.Counts()
		if n[callback.RingingAgent]+n[callback.RingingVisitor]+n[callback.Connected] == 0 {
			return
		}
		select {
		case <-hard.Done():
			return
		case <-end.C:
			s.log.Warn("calls are still up; they are ended now")
			return
		case <-t.C:
		}
	}
}

func (s *Service) routes() http.Handler {
	return web.New(web.Deps{
		URL: s.Config.URL, Conductor: s.Conductor, Callbacks: s.Store, Book: s.Store, Recordings: s.recorded, Prompts: s.Studio, Once: s.Store, Live: s.Live, Gate: s.Gate, Hearts: s.Hearts, Version: Version, Browsers: s.Switch, Passkeys: s.Passkeys, Letters: s, Ledger: s.Store, Mint: s.Mint,
		People: s.people(),
		Words:  s.words,
		Links:  s.Store, ShowNumber: s.Config.Policy.LinkShowsNumber,
		Now: time.Now, Log: s.log, Panicked: func() { s.meter.panics.Add(1) },
		Metrics: promhttp.HandlerFor(s.meter.registry, promhttp.HandlerOpts{}),
		Ready:   s.checks,
	})
}

// checks are what /readyz tells.
func (s *Service) checks(ctx context.Context) map[string]string {
	ok := func(good bool, bad string) string {
		if good {
			return "ok"
		}
		return bad
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_, err := s.Store.Due(ctx, time.Unix(0, 0), 1)
	return map[string]string{
		"database":   ok(err == nil, "does not answer"),
		"switch":     ok(s.Switch != nil, "is down"),
		"sip":        ok(len(s.Switch.Addrs()) > 0, "no socket is open"),
		"reconciled": ok(s.ready.Load(), "not yet, or draining"),
	}
}
