// Package service runs the real program as other people run it: the service and a simulated telephone network as
// processes of their own, with a configuration, a seed and a key. Benchmarks and fault tests share it.
package service

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Options say what a Service is made of.
type Options struct {
	Binary   string   // bin/ringback
	Dir      string   // an empty folder: configuration, seed, key and data are put into it
	Data     string   // data folder; "" = Dir/data
	Database string   // "sqlite" or postgres://…
	Wrap     []string // a program that runs the service, such as strace with its flags
	Log      io.Writer
}

// Service is one installation that can be started, killed and started again on the same ports and data.
type Service struct {
	o      Options
	http   string // host:port
	config string
	key    string

	mu  sync.Mutex
	cmd *exec.Cmd
}

// New chooses free ports and writes the configuration. Limits are wide: load, not policy, is what is tried.
func New(o Options) (*Service, error) {
	if o.Data == "" {
		o.Data = filepath.Join(o.Dir, "data")
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	http, err := freeTCP()
	if err != nil {
		return nil, err
	}
	sip, err := freeUDP()
	if err != nil {
		return nil, err
	}
	s := &Service{o: o, http: http, config: filepath.Join(o.Dir, "ringback.yaml")}
	text := fmt.Sprintf(`url: http://%s
listen: {http: %q, sip: ["udp://%s"], rtp: "127.0.0.1:20000-29999"}
data: %s
database: %q
policy: {proof: "off", limits: {per_number: [{n: 1000000, per: 1h}], per_visitor: [{n: 1000000, per: 1h}]}}
log: {format: text, level: warn}
`, http, http, sip, o.Data, o.Database)
	return s, os.WriteFile(s.config, []byte(text), 0o600)
}

// URL is where the service is reached.
func (s *Service) URL() string { return "http://" + s.http }

// Start runs the service and waits for its ready line. It returns the time from exec to that line.
func (s *Service) Start(ctx context.Context) (time.Duration, error) {
	args := append(append([]string{}, s.o.Wrap...), s.o.Binary, "serve", "--json", "--config", s.config)
	cmd := exec.Command(args[0], args[1:]...)
	began := time.Now()
	var ready struct{ URL string }
	if err := run(ctx, cmd, s.o.Log, &ready); err != nil {
		return 0, fmt.Errorf("start the service: %w", err)
	}
	s.mu.Lock()
	s.cmd = cmd
	s.mu.Unlock()
	return time.Since(began), nil
}

// PID is the process that runs now: of the wrapping program where there is one.
func (s *Service) PID() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return 0
	}
	return s.cmd.Process.Pid
}

// Signal sends a signal to the running service.
func (s *Service) Signal(sig os.Signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return errors.New("the service does not run")
	}
	return s.cmd.Process.Signal(sig)
}

// Kill ends the service as a power cut would, kill -9, and waits until it is gone. A service that does not run is nil.
func (s *Service) Kill() error {
	s.mu.Lock()
	cmd := s.cmd
	s.cmd = nil
	s.mu.Unlock()
	if cmd == nil {
		return nil
	}
	err := cmd.Process.Kill()
	_ = cmd.Wait() // "signal: killed" is what was asked for
	return err
}

// Stop ends the service as an operator does, and waits until it has drained.
func (s *Service) Stop() error {
	if err := s.Signal(os.Interrupt); err != nil {
		return nil // it does not run
	}
	return s.Wait()
}

// Wait waits until the service has ended by itself.
func (s *Service) Wait() error {
	s.mu.Lock()
	cmd := s.cmd
	s.cmd = nil
	s.mu.Unlock()
	if cmd == nil {
		return nil
	}
	return cmd.Wait()
}

// Apply hands a seed to the running service and reads the operator's key that it makes the first time.
func (s *Service) Apply(ctx context.Context, seed string) error {
	file, key := filepath.Join(s.o.Dir, "seed.yaml"), filepath.Join(s.o.Dir, "operator.key")
	if err := os.WriteFile(file, []byte(seed), 0o600); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, s.o.Binary, "apply", "--config", s.config, "-f", file, "--key-file", key)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("apply: %w: %s", err, strings.TrimSpace(string(out)))
	}
	b, err := os.ReadFile(key)
	s.key = strings.TrimSpace(string(b))
	return err
}

// Seed is one business with one button, and a trunk to carrier (host:port). Nobody represents it: who asks names the
// destination.
func Seed(carrier string) string {
	return fmt.Sprintf(`
trunks:
  - {id: pstn, address: "sip:%s;transport=udp", max_calls: 0}
subscribers:
  - id: acme
    name: Acme Plumbing
    regions: [US]
    time_zone: America/New_York
    caller_id: "+12025550190"
    limits: {concurrent: 5000, spend_per_day: "1000000.00 USD"}
    buttons:
      - {id: acme-main, origins: ["http://localhost:8081"], proof: off}
`, carrier)
}

// run starts a command and reads the JSON object of its ready line into v. The rest of its output goes to log.
func run(ctx context.Context, cmd *exec.Cmd, log io.Writer, v any) error {
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	tail := &tail{w: log}
	cmd.Stderr = tail
	if err := cmd.Start(); err != nil {
		return err
	}
	line := make(chan error, 1)
	go func() {
		r := bufio.NewReader(out)
		text, err := r.ReadBytes('\n')
		if err == nil {
			err = json.Unmarshal(text, v)
		}
		line <- err
		_, _ = io.Copy(log, r)
	}()
	select {
	case err = <-line:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		err = errors.Join(err, cmd.Process.Kill())
		_ = cmd.Wait()
		return fmt.Errorf("%w: %s", err, tail.text())
	}
	return nil
}
