package simcarrier

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/audio"
)

func TestHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, n := network1(t, Config{})
		defer c.Close()
		ask := func(method, path, body string, want int) string {
			t.Helper()
			w := httptest.NewRecorder()
			c.Handler().ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
			b, _ := io.ReadAll(w.Body)
			if w.Code != want {
				t.Errorf("%s %s %s: %d %s, want %d", method, path, body, w.Code, b, want)
			}
			return string(b)
		}
		if got := ask("GET", "/ledger", "", http.StatusOK); got != "[]\n" {
			t.Errorf("empty ledger: %s", got)
		}
		ask("PUT", "/people/ann", `{"does":"answers","after":"2s","talk":"60s","personality":"pcma_only","tone":440}`, 204)
		ask("PUT", "/people/0142", `{"does":"busy"}`, 204)
		ask("PUT", "/people/ann", `{"does":"sings"}`, 400)
		ask("PUT", "/people/ann", `{"does":"answers","after":2}`, 400)
		ask("PUT", "/people/ann", `{"does":"answers","afte":"2s"}`, 400)
		ask("PUT", "/personality", `{"name":"nice"}`, 400)
		ask("PUT", "/personality", `{"name":"ptime30"}`, 204)
		if got := ask("GET", "/personalities", "", 200); !strings.Contains(got, `{"name":"pcma_only","about":`) {
			t.Errorf("personalities: %s", got)
		}

		b := phone(t, n, "10.0.0.3", "+12025550142", "b")
		defer b.close()
		b.invite()
		b.finalACK(b.expect("486"))
		u := phone(t, n, "10.0.0.2", "ann", "a/b@c")
		defer u.close()
		u.extra = "X-Ringback-Callback: cb_7\r\n"
		start := time.Now()
		u.invite()
		_, s := u.answered()
		about(t, "ann", time.Since(start), 2*time.Second, time.Millisecond)
		lin := audio.Render(audio.Tone{Hz: []float64{660}, Level: 0.3, Ms: 1000})
		law := make([]byte, 12+160)
		for i := 0; i < len(lin); i += 160 {
			packet{pt: 8, seq: uint16(i / 160), ts: uint32(i), ssrc: 7}.header(law, i == 0)
			audio.ALaw.Encode(law[12:], lin[i:i+160])
			_, _ = u.rtp.WriteTo(law, addrPtr(s.addr))
			time.Sleep(20 * time.Millisecond)
		}
		var rows []map[string]any
		if err := json.Unmarshal([]byte(ask("GET", "/ledger?callback=cb_7", "", 200)), &rows); err != nil || len(rows) != 1 {
			t.Fatalf("%v, %d rows", err, len(rows))
		}
		r := rows[0]
		for key, want := range map[string]any{"call_id": "a/b@c", "callback": "cb_7", "attempt": nil, "leg": nil, "to": "ann", "final": 200.0, "bye_at": nil, "bye_by": nil,
			"retransmits": 0.0, "overlap": 0.0, "tone_hz": 440.0, "personality": "ptime30+pcma_only", "ptime": 30.0, "codec": "pcma", "heard_wav": "/heard/a%2Fb@c.wav"} {
			if r[key] != want {
				t.Errorf("%s: %v, want %v", key, r[key], want)
			}
		}
		if at, err := time.Parse(time.RFC3339Nano, r["final_at"].(string)); err != nil || !strings.HasSuffix(r["final_at"].(string), "Z") || at.Sub(start) != 2*time.Second {
			t.Errorf("final_at %v", r["final_at"])
		}
		if heard := r["tones_heard"].([]any); len(heard) != 1 || heard[0].(map[string]any)["hz"] != 660.0 {
			t.Errorf("tones %v", heard)
		}
		wav, err := audio.ReadWAV([]byte(ask("GET", r["heard_wav"].(string), "", 200)))
		if err != nil || len(wav) != 8000 || audio.Goertzel(wav[4000:4800], 660) < 9000 {
			t.Errorf("heard %d samples: %v", len(wav), err)
		}
		ask("GET", "/heard/b.wav", "", 404)
		ask("GET", "/heard/nobody.wav", "", 404)

		var back []Entry
		if err := json.Unmarshal([]byte(ask("GET", "/ledger", "", 200)), &back); err != nil || len(back) != 2 || back[1].Callback != "cb_7" || !back[1].ByeAt.IsZero() {
			t.Errorf("read back %+v, %v", back, err)
		}
		ask("DELETE", "/calls", "", 204)
		u.expect("BYE")
		c.Close()
		if e := c.Ledger(); len(e) != 2 || e[1].ByeBy != "us" {
			t.Errorf("after Close: %+v", e)
		}
	})
}

// Somebody here can be told to ring us, and who is registered is told.
func TestCallsOverHTTP(t *testing.T) {
	there, err := New(Config{Listen: "127.0.0.1:0", Seed: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer there.Close()
	c, err := New(Config{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	h := c.Handler()
	ask := func(method, path, body string, want int) string {
		t.Helper()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
		if w.Code != want {
			t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
		}
		return w.Body.String()
	}
	ask("POST", "/calls", `{"from": "+12025550100", "to": "+12025550101"}`, 400) // nobody is there
	ask("POST", "/calls", `{"from": "+12025550100", "to": "+12025550101", "person": {"does": "answers", "then": "2s sing"}}`, 400)
	c.SetPeer(there.Addr())
	for _, body := range []string{`{"from": "+12025550100", "to": "+12025550101"}`,
		`{"from": "+12025550100", "to": "+12025550101", "transport": "tcp", "person": {"does": "answers", "talk": "1s"}}`} {
		var made struct {
			CallID string `json:"call_id"`
		}
		if err := json.Unmarshal([]byte(ask("POST", "/calls", body, 201)), &made); err != nil || made.CallID == "" {
			t.Fatalf("answered %+v, %v", made, err)
		}
		until(t, "busy", func() bool {
			i := slices.IndexFunc(c.Ledger(), func(e Entry) bool { return e.CallID == made.CallID })
			return i >= 0 && c.Ledger()[i].Final == 486
		})
	}
	if e := there.Ledger(); len(e) != 2 || e[0].Transport != "UDP" || e[1].Transport != "TCP" {
		t.Errorf("rang over %+v", e)
	}
	if s := ask("GET", "/registrations", "", 200); strings.TrimSpace(s) != "[]" {
		t.Errorf("registrations %s", s)
	}
}
