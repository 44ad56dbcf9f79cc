package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"ringback/internal/config"
	"ringback/internal/cti/ctitest"
	"ringback/internal/simcarrier"
)

// deskHouse is the whole service on real sockets, with a telephone network and an agent whose only telephone is her browser.
type deskHouse struct {
	testing.TB
	s       *Service
	carrier *simcarrier.Carrier
	key     string
}

const deskSeed = `
trunks:
  - {id: pstn, address: "sip:%s;transport=udp"}
subscribers:
  - id: acme
    name: Acme Plumbing
    regions: [US]
    caller_id: "+12025550190"
    screen_pop: "https://crm.example/{number}"
    dispositions: [sold, "call back"]
    buttons: [{id: acme-main, proof: off}]
  - id: zen
    name: Zen Garden
    regions: [US]
    caller_id: "+12025550191"
    buttons: [{id: zen-main, proof: off}]
agents:
  - id: ann
    name: Ann
    devices: [web]
    password_file: ann.pw
    represents:
      - {subscriber: acme, display_name: "Ann at Acme", greeting: "Acme Plumbing, Ann speaking", script: "Ask for the boiler", whisper: "Acme"}
      - {subscriber: zen, display_name: "Ann of Zen", greeting: "Zen Garden", script: "Breathe", whisper: "Zen"}
keys:
  - {id: op, role: operator, secret_file: op.key}
`

func newDeskHouse(t testing.TB, seedText string, change ...func(*config.Config)) *deskHouse {
	h := &deskHouse{TB: t, key: "sk_operator-operator-operator"}
	dir, log := t.TempDir(), slog.New(slog.DiscardHandler)
	var err error
	if h.carrier, err = simcarrier.New(simcarrier.Config{Listen: "127.0.0.1:0", Seed: 1, Log: log}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.carrier.Close() })
	c := config.Default()
	c.Data, c.URL, c.Listen.HTTP, c.Listen.RTC = filepath.Join(dir, "data"), "http://127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	c.Listen.SIP = []config.SIPSocket{{Network: "udp", Host: "127.0.0.1", Port: 0}}
	c.Listen.RTP = config.Ports{Host: "127.0.0.1"}
	for _, f := range change {
		f(c)
	}
	if h.s, err = StartService(t.Context(), c, log); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		hard, stop := context.WithCancel(context.Background())
		stop()
		if err := h.s.Stop(hard); err != nil {
			t.Error(err)
		}
	})
	files := map[string]string{"ann.pw": "correct horse", "op.key": h.key, "seed.yaml": fmt.Sprintf(seedText, h.carrier.Addr())}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	seed, err := ReadSeed(filepath.Join(dir, "seed.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.s.Apply(t.Context(), ApplyOrder{Seed: *seed}); err != nil {
		t.Fatal(err)
	}
	return h
}

// ask sends a request and reads the answer as an object; a status of 400 or more fails.
func (h *deskHouse) ask(method, path, body string, headers ...string) (map[string]any, http.Header) {
	h.Helper()
	r, err := http.NewRequestWithContext(h.Context(), method, h.s.URL+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		h.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for _, s := range headers {
		k, v, _ := strings.Cut(s, ": ")
		r.Header.Set(k, v)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		h.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 400 {
		h.Fatalf("%s %s: %d %s %v", method, path, res.StatusCode, b, err)
	}
	var m map[string]any
	if len(bytes.TrimSpace(b)) > 0 {
		if err := json.Unmarshal(b, &m); err != nil {
			h.Fatal(err)
		}
	}
	return m, res.Header
}

// page is her desk: a browser, a socket and a cookie.
type page struct {
	*deskHouse
	cookie  string
	agent   string
	conn    *websocket.Conn
	browser *ctitest.Browser
}

const annSays = 440.0

func (h *deskHouse) opens(who string) *page {
	h.Helper()
	m, header := h.ask("POST", "/session", `{"login":"`+who+`","password":"correct horse"}`)
	p := &page{deskHouse: h, cookie: "Cookie: " + strings.Split(header.Get("Set-Cookie"), ";")[0], agent: m["agent"].(map[string]any)["id"].(string)}
	k, v, _ := strings.Cut(p.cookie, ": ")
	conn, _, err := websocket.Dial(h.Context(), strings.Replace(h.s.URL, "http", "ws", 1)+"/api/v1/live",
		&websocket.DialOptions{Subprotocols: []string{"ringback.v1"}, HTTPHeader: http.Header{k: {v}}})
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() { _ = conn.CloseNow() })
	p.conn = conn
	p.told("hello", nil)
	p.browser = ctitest.NewBrowser(h, annSays)
	p.connects()
	h.ask("POST", "/agents/"+who+"/presence", `{"presence":"ready"}`, p.cookie)
	return p
}

// connects offers her browser, as a page does that is loaded.
func (p *page) connects() {
	p.browser.Connect(func(_ context.Context, offer string) (string, error) {
		b, err := json.Marshal(map[string]string{"offer": offer})
		if err != nil {
			return "", err
		}
		m, _ := p.ask("POST", "/agents/"+p.agent+"/browser", string(b), p.cookie)
		return m["answer"].(string), nil
	})
}

// reloads is a page that is loaded again in mid call: the visitor is heard again within three seconds.
func (p *page) reloads(visitorSays float64) {
	p.Helper()
	p.browser.Cut()
	p.browser.Forget()
	began := time.Now()
	p.connects()
	if !p.browser.Hears(visitorSays, 100*time.Millisecond) {
		p.Errorf("after a reload she does not hear the visitor")
	}
	if took := time.Since(began); took > 3*time.Second {
		p.Errorf("the sound is back after %v", took)
	}
}

// told waits for a message of a kind that fits, and answers pings.
func (p *page) told(kind string, fits func(map[string]any) bool) map[string]any {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.Context(), 20*time.Second)
	defer cancel()
	for {
		_, b, err := p.conn.Read(ctx)
		if err != nil {
			p.Fatalf("no %s: %v", kind, err)
		}
		var m map[string]any
		if err := json.Unmarshal(b, &m); err != nil {
			p.Fatal(err)
		}
		if m["type"] == "ping" {
			if err := p.conn.Write(ctx, websocket.MessageText, fmt.Appendf(nil, `{"type":"pong","n":%v}`, m["n"])); err != nil {
				p.Fatal(err)
			}
		}
		if m["type"] == kind && (fits == nil || fits(m)) {
			return m
		}
	}
}

// takes the next offer and waits until they talk; it returns the card.
func (p *page) takes() map[string]any {
	p.Helper()
	offer := p.told("offer", nil)
	card := offer["card"].(map[string]any)
	p.ask("POST", "/callbacks/"+card["callback"].(string)+"/accept", `{"leg":"`+offer["leg"].(string)+`"}`, p.cookie)
	if over := p.told("offer_over", nil); over["why"] != "accepted" {
		p.Errorf("the offer is over: %v", over)
	}
	p.told("call", func(m map[string]any) bool { return m["state"] == "connected" && m["since"] != nil })
	return card
}

// Ann, who answers for two businesses in her browser: a call of each, with its name, greeting, script and caller ID; they
// hear each other; she writes it up, and hangs up.
func TestAtTheDesk(t *testing.T) {
	h := newDeskHouse(t, deskSeed)
	p := h.opens("ann")
	for n, want := range []struct{ business, display, greeting, script, from, code string }{
		{"acme", "Ann at Acme", "Acme Plumbing, Ann speaking", "Ask for the boiler", "+12025550190", "sold"},
		{"zen", "Ann of Zen", "Zen Garden", "Breathe", "+12025550191", "done"},
	} {
		number := fmt.Sprintf("+12%d25550100", n)
		h.ask("POST", "/callbacks", `{"subscriber":"`+want.business+`","number":"`+number+`","name":"Vera"}`, "Authorization: Bearer "+h.key)
		card := p.takes()
		if card["display_name"] != want.display || card["greeting"] != want.greeting || card["script"] != want.script {
			t.Errorf("card: %v", card)
		}
		cb := card["callback"].(string)
		rows := h.carrier.Calls(cb)
		if len(rows) != 1 || !strings.Contains(rows[0].From, want.from) {
			t.Fatalf("calls: %+v", rows)
		}
		if !p.browser.Hears(float64(rows[0].ToneHz), time.Second) {
			t.Errorf("%s: she does not hear the visitor's %d Hz; the visitor hears %v", want.business, rows[0].ToneHz, h.carrier.Calls(cb)[0].TonesHeard)
		}
		h.hears(cb, annSays)
		p.reloads(float64(rows[0].ToneHz))
		p.browser.Forget()
		h.ask("POST", "/callbacks/"+cb+"/note", `{"text":"nice"}`, p.cookie)
		h.ask("POST", "/callbacks/"+cb+"/hang_up", `{}`, p.cookie)
		if over := p.told("call_over", nil); over["outcome"] != "completed" || over["wrap_up_until"] == nil {
			t.Errorf("over: %v", over)
		}
		m, _ := h.ask("POST", "/callbacks/"+cb+"/disposition", `{"code":"`+want.code+`"}`, p.cookie)
		if d := m["disposition"].(map[string]any); d["code"] != want.code || d["agent"].(map[string]any)["slug"] != "ann" {
			t.Errorf("disposition: %v", d)
		}
		h.ask("POST", "/agents/ann/presence", `{"presence":"ready"}`, p.cookie)
	}
}

// Who declines is not asked again; with a desk that is closed nobody is ready any more.
func TestDeskIsClosed(t *testing.T) {
	h := newDeskHouse(t, deskSeed)
	p := h.opens("ann")
	_ = p.conn.CloseNow()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	began := time.Now()
	for {
		m, _ := h.ask("GET", "/agents/ann", "", "Authorization: Bearer "+h.key)
		if m["presence"] == "paused" {
			if m["reason"] != "away" || time.Since(began) > 12*time.Second {
				t.Errorf("%v after %v", m["reason"], time.Since(began))
			}
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("she is %v", m["presence"])
		}
	}
}

// hears waits until the visitor of a callback has heard a tone for a second.
func (h *deskHouse) hears(cb string, hz float64) {
	h.Helper()
	ctx, cancel := context.WithTimeout(h.Context(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		rows := h.carrier.Calls(cb)
		for _, t := range rows[0].TonesHeard {
			if d := float64(t.Hz) - hz; d > -10 && d < 10 && t.Seconds >= 1 {
				return
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			h.Errorf("the visitor does not hear her %v Hz: %+v", hz, rows[0])
			return
		}
	}
}
