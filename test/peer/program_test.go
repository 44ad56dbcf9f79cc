package peer_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"ringback/internal/server"
)

// asProgram in the environment makes this test binary the program itself.
const asProgram = "PEER_TEST_IS_RINGBACK"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(server.Main(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil { // they wait for telephones, not for processors
		panic(err)
	}
	quickDisk()
	if !urgent() {
		fmt.Fprintln(os.Stderr, "not root: what this machine does besides is part of what is measured")
	}
	os.Exit(m.Run())
}

// quickDisk puts what the tests write into memory where there is room: a dozen services that wait for one disk make
// telephones wait too, and what a disk does is asked elsewhere (test/fault).
func quickDisk() {
	const memory, room = "/dev/shm", 1 << 30
	var fs syscall.Statfs_t
	if syscall.Statfs(memory, &fs) == nil && uint64(fs.Bsize)*fs.Bavail > room {
		_ = os.Setenv("TMPDIR", memory)
	}
}

// starts are the programs that may be starting at a time: one that starts takes a processor from telephones in talk.
var starts = make(chan struct{}, 2)

// starting waits for a turn to start a program; the caller gives it back when the program is ready.
func starting() (ready func()) {
	starts <- struct{}{}
	return func() { <-starts }
}

// program is the command line that runs ringback: the binary that RINGBACK_TEST_BINARY names, or this one.
func program(t testing.TB, args ...string) *exec.Cmd {
	if path := os.Getenv("RINGBACK_TEST_BINARY"); path != "" {
		return exec.Command(path, args...)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

// service is a running `ringback serve` with data of its own.
type service struct {
	t    testing.TB
	dir  string
	url  string
	sip  string // host:port
	key  string
	http *http.Client
	kill func() // -9
}

// config is what a service's configuration says beside its free ports.
type config struct {
	http, sip, rtp string
	doors          string            // listen.registrations; "" = private
	more           string            // YAML
	files          map[string]string // beside the seed
	at             place
}

// serve starts a service and sets it up from a seed. It ends with the test.
func serve(t testing.TB, c config, seed string) *service {
	t.Helper()
	if c.http == "" {
		c.http, c.sip, c.rtp = "127.0.0.1:0", "udp://127.0.0.1:0", "127.0.0.1:0"
	}
	s := &service{t: t, dir: t.TempDir(), http: c.at.client()}
	s.write("ringback.yaml", fmt.Sprintf(`
listen: {http: %q, sip: ["%s"], rtp: %q, rtc: "127.0.0.1:0", registrations: %q}
policy: {proof: "off", limits: {per_number: [], per_visitor: []}}
log: {level: info}
%s`, c.http, c.sip, c.rtp, cmp.Or(c.doors, "private"), c.more))
	s.write("seed.yaml", seed)
	for name, text := range c.files {
		s.write(name, text)
	}
	var ready map[string]string
	defer starting()()
	ready, s.kill = launch(t, s.dir, "serve", c.at.command(program(t, "serve", "--config", "ringback.yaml")))
	s.url, s.sip = ready["url"], strings.TrimPrefix(ready["sip"], "udp://")
	apply := c.at.command(program(t, "apply", "--config", "ringback.yaml", "-f", "seed.yaml", "--key-file", "op.key"))
	apply.Dir = s.dir
	if out, err := apply.CombinedOutput(); err != nil {
		t.Fatalf("apply: %v\n%s", err, out)
	}
	key, err := os.ReadFile(filepath.Join(s.dir, "op.key"))
	if err != nil {
		t.Fatal(err)
	}
	s.key = strings.TrimSpace(string(key))
	return s
}

func (s *service) write(name, text string) {
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

var pair = regexp.MustCompile(`(\w+)=(\S+)`)

// start runs a program of ours in the background until the test ends, and returns what its ready line says. What it logs
// is shown when the test has failed.
func start(t testing.TB, dir, name string, cmd *exec.Cmd) map[string]string {
	t.Helper()
	ready, _ := launch(t, dir, name, cmd)
	return ready
}

// launch is start; kill ends the program at once, as a crash does.
func launch(t testing.TB, dir, name string, cmd *exec.Cmd) (ready map[string]string, kill func()) {
	t.Helper()
	path := filepath.Join(dir, name+".log")
	log, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Dir, cmd.Stderr = dir, log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	wait := sync.OnceFunc(func() { _ = cmd.Wait() })
	kill = func() {
		_ = cmd.Process.Kill()
		wait()
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Process.Signal(syscall.SIGTERM) // calls that are up are not waited for
		hard := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		wait()
		hard.Stop()
		if t.Failed() {
			t.Logf("%s said:\n%s", name, tail(path, 6000))
		}
	})
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "ready ") {
		t.Fatalf("%s did not become ready: %q %v\n%s", name, line, err, tail(path, 6000))
	}
	go io.Copy(io.Discard, lines) //nolint:errcheck // ends with the program
	ready = map[string]string{}
	for _, kv := range pair.FindAllStringSubmatch(line, -1) {
		ready[kv[1]] = kv[2]
	}
	return ready, kill
}

// tail is the end of a file.
func tail(path string, n int) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-n):])
}

// record is what the tests read of a callback.
type record struct {
	ID       string
	State    string
	Outcome  string
	TalkS    float64 `json:"talk_s"`
	Attempts []struct {
		N      int
		Result string
		Legs   []leg
	}
	Journal []struct {
		At    time.Time
		Event string
		Text  string
	}
}

type leg struct {
	ID          string
	Party       string
	State       string
	Cause       string
	By          string
	SIPCode     *int       `json:"sip_code"`
	TrunkSlug   string     `json:"trunk_slug"`
	SentAt      *time.Time `json:"sent_at"`
	RingingAt   *time.Time `json:"ringing_at"`
	AnsweredAt  *time.Time `json:"answered_at"`
	ConfirmedAt *time.Time `json:"confirmed_at"`
	BridgedAt   *time.Time `json:"bridged_at"`
	EndedAt     *time.Time `json:"ended_at"`

	Quality *struct {
		MOS, Loss float64
		MOSOut    *float64 `json:"mos_out"`
		RTTMs     *float64 `json:"rtt_ms"`
	}
}

// last is the newest leg of a party.
func (r *record) last(party string) *leg {
	for i := len(r.Attempts) - 1; i >= 0; i-- {
		for j := len(r.Attempts[i].Legs) - 1; j >= 0; j-- {
			if l := &r.Attempts[i].Legs[j]; l.Party == party {
				return l
			}
		}
	}
	return &leg{}
}

func (s *service) ask(t testing.TB, method, path string, in any) (int, []byte) {
	t.Helper()
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(method, s.url+path, bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+s.key)
	resp, err := s.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, body
}

// request asks for a callback and returns its id.
func (s *service) request(t testing.TB, wish map[string]any) string {
	t.Helper()
	status, body := s.ask(t, "POST", "/api/v1/callbacks", wish)
	var r record
	if err := json.Unmarshal(body, &r); status != 201 || err != nil {
		t.Fatalf("callback refused: %d %s %v", status, body, err)
	}
	return r.ID
}

func (s *service) cancel(t testing.TB, cb string) {
	t.Helper()
	if status, body := s.ask(t, "POST", "/api/v1/callbacks/"+cb+"/cancel", map[string]any{}); status != 200 {
		t.Errorf("cancel %s: %d %s", cb, status, body)
	}
}

// await reads a callback again and again until ok, and fails the test when that takes longer than limit.
func (s *service) await(t testing.TB, cb string, limit time.Duration, what string, ok func(*record) bool) *record {
	t.Helper()
	var last string
	r := wait(t, limit, func() (*record, bool) {
		_, body := s.ask(t, "GET", "/api/v1/callbacks/"+cb, nil)
		r := &record{}
		if err := json.Unmarshal(body, r); err != nil {
			t.Fatalf("GET %s: %v: %s", cb, err, body)
		}
		last = string(body)
		return r, ok(r)
	})
	if r == nil {
		t.Fatalf("callback %s: not %s within %v: %s", cb, what, limit, last)
	}
	return r
}

func (s *service) ended(t testing.TB, cb string, limit time.Duration) *record {
	t.Helper()
	return s.await(t, cb, limit, "ended", func(r *record) bool { return r.State == "ended" })
}

// talked waits until both have heard each other for 4 s.
func (s *service) talked(t testing.TB, cb string) {
	t.Helper()
	s.connected(t, cb, 2*soon)
	s.await(t, cb, soon+4*time.Second, "talking for a while", func(r *record) bool {
		joined := r.last("visitor").BridgedAt
		return r.State == "ended" || joined != nil && time.Since(*joined) > 4*time.Second
	})
}

func (s *service) connected(t testing.TB, cb string, limit time.Duration) *record {
	t.Helper()
	r := s.await(t, cb, limit, "connected", func(r *record) bool { return r.State == "connected" || r.State == "ended" })
	if r.State != "connected" {
		t.Fatalf("callback %s ended as %s: %+v", cb, r.Outcome, r.Attempts)
	}
	return r
}

// wait asks every 50 ms; nil when limit has passed.
func wait[T any](t testing.TB, limit time.Duration, ask func() (*T, bool)) *T {
	t.Helper()
	late := time.NewTimer(limit)
	defer late.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if v, ok := ask(); ok {
			return v
		}
		select {
		case <-tick.C:
		case <-late.C:
			return nil
		}
	}
}

// between checks a time in the record; a nil one fails.
func between(t testing.TB, what string, from, to *time.Time, least, most time.Duration) {
	t.Helper()
	if from == nil || to == nil {
		t.Errorf("%s: from %v to %v, a time is missing", what, from, to)
		return
	}
	if d := to.Sub(*from); d < least || d > most {
		t.Errorf("%s took %v, want %v to %v", what, d, least, most)
	}
}
