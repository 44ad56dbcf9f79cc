package web_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ringback/internal/audio"
	"ringback/internal/id"
	"ringback/internal/studio"
)

// recordings remembers what was sent as a prompt.
type recordings struct{ h *house }

func (r recordings) Keep(_ context.Context, sub id.Subscriber, name string, b []byte) error {
	if err := studio.Check(name, b); err != nil {
		return err
	}
	r.h.prompts = append(r.h.prompts, string(sub)+" "+name)
	return nil
}

func spoken(ms int) string {
	return string(audio.WAV(audio.Render(audio.Tone{Hz: []float64{500}, Level: 0.3, Ms: ms}), 1))
}

func TestPromptsAreSent(t *testing.T) {
	h := newHouse(t)
	const path = "/api/v1/subscribers/acme/prompts/"
	for _, c := range []struct {
		name, path, key, mime, body string
		want                        int
		says                        string
	}{
		{"a name", path + "spoken_name", acmeKey, "audio/wav", spoken(1500), 200, `"slug":"acme"`},
		{"the operator", path + "announcement", operatorKey, "audio/wav", spoken(30000), 200, ""},
		{"again under a key", path + "closed", acmeKey, "audio/wav", spoken(3000), 200, ""},
		{"no key", path + "spoken_name", "sk_none", "audio/wav", spoken(1500), 401, ""},
		{"another business", "/api/v1/subscribers/other/prompts/spoken_name", acmeKey, "audio/wav", spoken(1500), 404, "not_found"},
		{"no such prompt", path + "shout", acmeKey, "audio/wav", spoken(1500), 400, "announcement"},
		{"JSON", path + "spoken_name", acmeKey, "application/json", "{}", 415, "audio/wav"},
		{"no WAV", path + "spoken_name", acmeKey, "audio/wav", "MP3", 400, "no WAV file"},
		{"a name of a minute", path + "spoken_name", acmeKey, "audio/wav", spoken(20000), 400, "20 s"},
		{"too large", path + "announcement", acmeKey, "audio/wav", strings.Repeat("x", 3<<20), 413, "2048 kB"},
	} {
		a := h.do("POST", c.path, c.body, key(c.key), "Content-Type: "+c.mime)
		if a.StatusCode != c.want || !strings.Contains(a.body, c.says) {
			t.Errorf("%s: %d %s, want %d with %q", c.name, a.StatusCode, a.body, c.want, c.says)
		}
	}
	if got := strings.Join(h.prompts, ", "); got != string(acme)+" spoken_name, "+string(acme)+" announcement, "+string(acme)+" closed" {
		t.Errorf("kept %s", got)
	}
}

// A path in a PATCH is looked at before it is taken.
func TestPromptsAreChecked(t *testing.T) {
	h := newHouse(t)
	good, bad := filepath.Join(t.TempDir(), "good.wav"), filepath.Join(t.TempDir(), "bad.wav")
	for path, body := range map[string]string{good: spoken(900), bad: "nothing"} {
		if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for body, want := range map[string]int{
		`{"prompts":{"announcement":"` + good + `"}}`: 200, `{"prompts":{"announcement":"` + bad + `"}}`: 400,
		`{"prompts":{"wait":"/no/such.wav"}}`: 400, `{"prompts":{"closed":"/dev/zero"}}`: 400, `{"language":"tlh"}`: 400, `{"language":"de-AT"}`: 200,
	} {
		if a := h.do("PATCH", "/api/v1/subscribers/acme", body, key(operatorKey)); a.StatusCode != want {
			t.Errorf("%s: %d %s, want %d", body, a.StatusCode, a.body, want)
		}
	}
}
