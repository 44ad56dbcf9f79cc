// Package story_test tells stories with the real program: scripts in testdata start services and telephone networks,
// ask over HTTP, and look at what became of it. Each runs on SQLite and, where RINGBACK_TEST_POSTGRES names a server,
// on PostgreSQL.
package story_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/rogpeppe/go-internal/testscript"

	"ringback/internal/challenge"
	"ringback/internal/server"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"ringback": func() { os.Exit(server.Main(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) },
	})
}

func TestOnSQLite(t *testing.T) { tell(t, func(*testscript.Env) string { return "sqlite" }) }

func TestOnPostgreSQL(t *testing.T) {
	base := os.Getenv("RINGBACK_TEST_POSTGRES")
	if base == "" {
		t.Skip("RINGBACK_TEST_POSTGRES names no server: the stories ran on SQLite only")
	}
	tell(t, func(env *testscript.Env) string { return newDatabase(t, env, base) })
}

func tell(t *testing.T, database func(*testscript.Env) string) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("RINGBACK_DATABASE", database(env))
			env.Setenv("RINGBACK_LISTEN_HTTP", "127.0.0.1:0")
			env.Setenv("RINGBACK_LISTEN_SIP", "[udp://127.0.0.1:0]")
			env.Setenv("RINGBACK_LISTEN_RTP", "127.0.0.1:0")
			env.Setenv("RINGBACK_LOG_LEVEL", "warn")
			env.Setenv("RINGBACK_POLICY_PROOF", "off") // but for the story that is about it
			env.Values["cast"] = &cast{pids: map[string]*exec.Cmd{}}
			env.Defer(env.Values["cast"].(*cast).leave)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"start": start, "end": end, "api": api, "await": await, "ledger": ledger, "person": person, "fill": fill, "recorded": recorded,
			"calls": calls, "prove": prove, "answered": answered, "talks": talks, "hungup": hungup, "traces": traces, "packed": packed, "whole": wholeBackup, "shorten": shorten, "card": card,
			"newest": newest,
		},
	})
}

// newDatabase makes a database of its own for one script and drops it afterwards.
func newDatabase(t *testing.T, env *testscript.Env, base string) string {
	db, err := sql.Open("pgx", base)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 6)
	rand.Read(b)
	name := "story_" + hex.EncodeToString(b)
	if _, err := db.Exec("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	env.Defer(func() {
		if _, err := db.Exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Error(err)
		}
		db.Close()
	})
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// cast are the programs that a script has started.
type cast struct{ pids map[string]*exec.Cmd }

func (c *cast) leave() {
	for _, cmd := range c.pids {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Process.Signal(syscall.SIGTERM) // calls that are up are not waited for
		_ = cmd.Wait()
	}
}

var pair = regexp.MustCompile(`(\w+)=(\S+)`)

// start NAME ARGS… runs ringback ARGS in the background and keeps the ready line as $NAME_url and so on.
func start(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: start NAME COMMAND…")
	}
	program, err := exec.LookPath("ringback")
	ts.Check(err)
	cmd := exec.Command(program, args[1:]...)
	cmd.Dir, cmd.Env = ts.MkAbs("."), environ(ts)
	log, err := os.Create(ts.MkAbs(args[0] + ".log"))
	ts.Check(err)
	defer log.Close()
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	ts.Value("cast").(*cast).pids[args[0]] = cmd
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "ready ") {
		said, _ := os.ReadFile(ts.MkAbs(args[0] + ".log"))
		ts.Fatalf("%s did not become ready: %q %v\n%s", args[0], line, err, said)
	}
	for _, kv := range pair.FindAllStringSubmatch(line, -1) {
		ts.Setenv(args[0]+"_"+kv[1], strings.TrimPrefix(kv[2], "udp://"))
	}
	go io.Copy(io.Discard, lines)
}

func environ(ts *testscript.TestScript) []string {
	var out []string
	for _, k := range []string{"PATH", "HOME", "WORK", "TMPDIR", "RINGBACK_DATABASE", "RINGBACK_LISTEN_HTTP", "RINGBACK_LISTEN_SIP",
		"RINGBACK_LISTEN_RTP", "RINGBACK_LOG_LEVEL", "RINGBACK_DATA", "RINGBACK_POLICY_PROOF", "RINGBACK_POLICY_LIMITS_PER_NUMBER", "RINGBACK_POLICY_LIMITS_PER_VISITOR"} {
		if v := ts.Getenv(k); v != "" {
			out = append(out, k+"="+v)
		}
	}
	return out
}

// end NAME ends a program with SIGKILL; end -term NAME with SIGTERM, and waits for it.
func end(ts *testscript.TestScript, neg bool, args []string) {
	sig := syscall.SIGKILL
	if len(args) == 2 && args[0] == "-term" {
		sig, args = syscall.SIGTERM, args[1:]
	}
	c := ts.Value("cast").(*cast)
	cmd := c.pids[args[0]]
	if cmd == nil {
		ts.Fatalf("%s does not run", args[0])
	}
	ts.Check(cmd.Process.Signal(sig))
	_ = cmd.Wait() // killed: it says so
	delete(c.pids, args[0])
}

// api STATUS METHOD PATH [BODY] [Header: value]… asks $serve_url with the key in op.key, prints the body, and keeps the
// members of a JSON answer as $id, $token, $state and so on.
func api(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: api STATUS METHOD PATH [BODY] [HEADER]…")
	}
	var body, header = "", args[3:]
	if len(header) > 0 && (strings.HasPrefix(header[0], "{") || header[0] == "") {
		body, header = header[0], header[1:]
	}
	status, answer := ask(ts, args[1], args[2], body, header...)
	_, err := ts.Stdout().Write(append(answer, '\n'))
	ts.Check(err)
	if fmt.Sprint(status) != args[0] {
		ts.Fatalf("%s %s answered %d, want %s: %s", args[1], args[2], status, args[0], answer)
	}
	var members map[string]any
	if json.Unmarshal(answer, &members) == nil {
		for k, v := range members {
			if s, ok := v.(string); ok {
				ts.Setenv(k, s)
			}
		}
	}
}

func ask(ts *testscript.TestScript, method, path, body string, header ...string) (int, []byte) {
	req, err := http.NewRequest(method, ts.Getenv("serve_url")+path, strings.NewReader(body))
	ts.Check(err)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if key, err := os.ReadFile(ts.MkAbs("op.key")); err == nil && !strings.Contains(path, "/public/") {
		req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(key)))
	}
	for _, h := range header {
		k, v, _ := strings.Cut(h, ": ")
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	ts.Check(err)
	return resp.StatusCode, b
}

// prove BUTTON NUMBER solves the button's puzzle for the number into $proof.
func prove(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: prove BUTTON NUMBER")
	}
	var p challenge.Puzzle
	_, b := ask(ts, "GET", "/api/v1/public/challenge?button="+args[0]+"&for="+challenge.Commit(args[1]), "")
	ts.Check(json.Unmarshal(b, &p))
	ts.Setenv("proof", p.Solve())
}

// await SECONDS PATH MEMBER VALUE[|VALUE]… asks until the member of the JSON answer has one of the values.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: await SECONDS PATH MEMBER VALUE[|VALUE]")
	}
	limit, err := time.ParseDuration(args[0] + "s")
	ts.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		_, b := ask(ts, "GET", args[1], "")
		var m map[string]any
		if json.Unmarshal(b, &m) == nil {
			got := fmt.Sprint(member(m, args[2]))
			for _, want := range strings.Split(args[3], "|") {
				if got == want {
					_, err := ts.Stdout().Write(append(b, '\n'))
					ts.Check(err)
					return
				}
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			ts.Fatalf("%s is not %s after %s s: %s", args[2], args[3], args[0], b)
		}
	}
}

// member finds what an answer holds under a name, or under names with dots between.
func member(m map[string]any, path string) any {
	name, rest, deeper := strings.Cut(path, ".")
	if inner, ok := m[name].(map[string]any); ok && deeper {
		return member(inner, rest)
	}
	return m[name]
}

// fill FILE puts the script's variables into a file, where it says ${NAME}.
func fill(ts *testscript.TestScript, neg bool, args []string) {
	text := os.Expand(ts.ReadFile(args[0]), ts.Getenv)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// side is what the tests read of a ledger's row.
type side struct {
	Callback string
	To       string
	From     string
	ToneHz   int `json:"tone_hz"`
	Overlap  int
	Final    int
	ByeAt    *time.Time `json:"bye_at"`
	Tones    []struct {
		Hz      int
		Seconds float64
	} `json:"tones_heard"`
	Silence float64  `json:"rms_silence_max_s"`
	SSRCs   []uint32 `json:"ssrcs"`
	Gap     *float64 `json:"join_gap_ms"`
	Marker  *float64 `json:"marker_ms_heard"`
	Voice   *float64 `json:"voice_ms"`
	Delay   *float64 `json:"delay_ms"`
}

// person WHO JSON puts somebody at a number of the telephone network.
func person(ts *testscript.TestScript, neg bool, args []string) {
	req, err := http.NewRequest("PUT", ts.Getenv("carrier_http")+"/people/"+url.PathEscape(args[0]), strings.NewReader(args[1]))
	ts.Check(err)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer resp.Body.Close()
	if b, _ := io.ReadAll(resp.Body); resp.StatusCode/100 != 2 {
		ts.Fatalf("person %s: %d %s", args[0], resp.StatusCode, b)
	}
}

// toneHeard wants the first telephone to have heard a tone for a second.
func toneHeard(rows []side, hz string) string {
	if len(rows) == 0 {
		return "nobody was called"
	}
	for _, t := range rows[0].Tones {
		if fmt.Sprint(t.Hz) == hz && t.Seconds >= 1 {
			return ""
		}
	}
	return fmt.Sprintf("%s heard %v", rows[0].To, rows[0].Tones)
}

// ledger CALLBACK tone HZ wants the telephone that was rung first to have heard that tone for a second.
// ledger CALLBACK heard|CODE…: "heard" wants two telephones that heard each other for a second and not themselves, with
// one SSRC, no hole and no long silence; codes want exactly these final answers, in order.
func ledger(ts *testscript.TestScript, neg bool, args []string) {
	want := strings.Join(args[1:], " ")
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		rows := sides(ts, args[0])
		var wrong string
		if hz, ok := strings.CutPrefix(want, "tone "); ok {
			wrong = toneHeard(rows, hz)
		} else if want == "heard" {
			wrong = heardEachOther(rows)
		} else {
			var got []string
			for _, r := range rows {
				got = append(got, fmt.Sprint(r.Final))
			}
			if s := strings.Join(got, " "); s != want {
				wrong = "final answers are " + s
			}
		}
		if wrong == "" {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			ts.Fatalf("ledger of %s: %s", args[0], wrong)
		}
	}
}

func sides(ts *testscript.TestScript, cb string) (rows []side) {
	resp, err := http.Get(ts.Getenv("carrier_http") + "/ledger?callback=" + cb)
	ts.Check(err)
	defer resp.Body.Close()
	ts.Check(json.NewDecoder(resp.Body).Decode(&rows))
	return rows
}

func heardEachOther(rows []side) string {
	if len(rows) < 2 {
		return fmt.Sprintf("%d telephones were called", len(rows))
	}
	a, b := rows[len(rows)-2], rows[len(rows)-1]
	for _, p := range [][2]side{{a, b}, {b, a}} {
		me, other := p[0], p[1]
		heard, own := 0.0, 0.0
		for _, t := range me.Tones {
			switch t.Hz {
			case other.ToneHz:
				heard += t.Seconds
			case me.ToneHz:
				own += t.Seconds
			}
		}
		switch {
		case heard < 1 || own > 0.2:
			return fmt.Sprintf("%s heard %s for %.1f s and itself for %.1f s", me.To, other.To, heard, own)
		case me.Silence > 2:
			return fmt.Sprintf("%s heard nothing for %.1f s", me.To, me.Silence)
		case len(me.SSRCs) != 1:
			return fmt.Sprintf("%s heard %d senders", me.To, len(me.SSRCs))
		case me.Overlap != 0:
			return fmt.Sprintf("%d more calls rang at %s", me.Overlap, me.To)
		}
	}
	return ""
}
