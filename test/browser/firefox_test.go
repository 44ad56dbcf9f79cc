//go:build browser

package browser

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

const firefoxVoice = 620 // Hz: what the microphone of pulse gives

// sound gives Firefox a microphone that says a tone, without asking.
func sound() map[string]string {
	return map[string]string{
		"media.navigator.permission.disabled":               "true",
		"media.peerconnection.ice.loopback":                 "true",
		"media.peerconnection.ice.obfuscate_host_addresses": "false",
		"datareporting.policy.dataSubmissionEnabled":        "false",
		"app.update.disabledForTesting":                     "true",
	}
}

func long(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("RINGBACK_TEST_LONG") == "" {
		t.Skipf("long: %s is tried with RINGBACK_TEST_LONG=1", what)
	}
}

// An agent works with Firefox as with any other: she signs in, it rings, she answers by key, each side hears the other,
// the page is loaded again in mid call and the sound is back.
func TestFirefox(t *testing.T) {
	long(t, "the desk in Firefox")
	r := demo(t)
	f := startFirefox(t, sound(), pulse(t, slices.Concat(loudspeaker, microphone)...)...)
	f.open(r.URL + "/desk/")
	f.sit("dana", "tulip-field")

	made := ask(t, r.URL, "acme-main", "+12025550100")
	f.sees("Acme Plumbing, Dana speaking")
	f.keys(keyControl, keyEnter)
	f.sees("Talking ·")
	f.until("she does not hear the visitor", "test.heard().then((e) => e > 1e-3)", patience)
	r.hears(t, made.ID, 1)

	at := time.Now()
	f.reload()
	f.until("she does not hear the visitor after a reload", "test.sees('Talking ·') && test.heard().then((e) => e > 1e-3)", patience)
	if took := time.Since(at); took > 3*time.Second {
		t.Errorf("the sound is back after %v", took)
	}
	f.until("she does not go on hearing the visitor", "test.heard().then((e) => new Promise((r) => setTimeout(r, 1000)).then(test.heard).then((l) => l > e + 1e-3))", patience)
	r.hears(t, made.ID, 2)
	f.until("the page cannot ring any more", "!test.sees('keeps this page silent')", patience)
	var hz float64
	if err := f.ask("test.tone()", &hz); err != nil {
		t.Fatal(err)
	}

	f.keys(keyControl, ".")
	f.sees("Time for notes")
	line := r.ended(t, made.ID)
	if math.Abs(hz-float64(line.ToneHz)) > 20 {
		t.Errorf("she hears %.0f Hz, the visitor says %d", hz, line.ToneHz)
	}
	f.complainsOfNothing()
}

type wish struct{ ID, Token string }

// ask presses a business's button as a visitor does.
func ask(t *testing.T, url, button, number string) wish {
	t.Helper()
	b, _ := json.Marshal(map[string]any{"number": number, "name": "Vera", "topic": "boiler", "consent": true, "page": "https://shop.example/boilers"})
	answer, err := http.Post(url+"/api/v1/public/buttons/"+button+"/callbacks", "application/json", bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var w wish
	if err := json.NewDecoder(answer.Body).Decode(&w); err != nil || answer.StatusCode != http.StatusCreated {
		t.Fatalf("%s: %v", answer.Status, err)
	}
	return w
}

type line struct {
	Callback   string
	To         string
	ToneHz     int        `json:"tone_hz"`
	ByeAt      *time.Time `json:"bye_at"`
	TonesHeard []struct {
		Hz      int
		Seconds float64
	} `json:"tones_heard"`
}

// entry is what the network has in its ledger about a callback's visitor.
func (r ready) entry(t *testing.T, callback string) (l line, ok bool) {
	t.Helper()
	answer, err := http.Get(r.Carrier + "/ledger")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var all []line
	if err := json.NewDecoder(answer.Body).Decode(&all); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(l line) bool { return l.Callback == callback && strings.HasPrefix(l.To, "+1202") })
	if i < 0 {
		return line{}, false
	}
	return all[i], true
}

// ended waits until the visitor's call is over.
func (r ready) ended(t *testing.T, callback string) (l line) {
	t.Helper()
	if !soon(patience, func() bool {
		l, _ = r.entry(t, callback)
		return l.ByeAt != nil && !l.ByeAt.IsZero()
	}) {
		t.Fatalf("the network has no call of %s that is over", callback)
	}
	return l
}

// hears waits until the visitor has heard the agent for so many seconds more.
func (r ready) hears(t *testing.T, callback string, seconds float64) {
	t.Helper()
	l, _ := r.entry(t, callback)
	was := l.heard(firefoxVoice)
	if !soon(patience, func() bool {
		l, _ = r.entry(t, callback)
		return l.heard(firefoxVoice) >= was+seconds
	}) {
		t.Fatalf("the visitor does not hear the agent: %+v", l)
	}
}

// heard is for how many seconds the visitor has heard a tone.
func (l *line) heard(hz int) float64 {
	for _, h := range l.TonesHeard {
		if h.Hz == hz {
			return h.Seconds
		}
	}
	return 0
}

// Without sound nobody is made available, and is told what to do.
func TestFirefoxWithoutSound(t *testing.T) {
	long(t, "no sound in Firefox")
	r := demo(t)
	nothing := []string{"PULSE_SERVER=unix:/nonexistent"}
	rows := []struct {
		name       string
		settings   map[string]string
		devices    func(t *testing.T) []string
		what, todo string
	}{
		{"refused", map[string]string{"media.navigator.permission.disabled": "false", "permissions.default.microphone": "2"},
			func(t *testing.T) []string { return pulse(t, slices.Concat(loudspeaker, microphone)...) }, "The microphone is not allowed.", "allow the microphone"},
		{"no microphone", nil, func(*testing.T) []string { return nothing }, "No microphone was found.", "Plug in a headset"},
		{"no output", nil, func(t *testing.T) []string { return pulse(t, "module-sine-source") }, "No loudspeaker or headset was found.", "Plug in a headset"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			settings := sound()
			maps.Copy(settings, row.settings)
			f := startFirefox(t, settings, row.devices(t)...)
			f.open(r.URL + "/desk/")
			f.signIn("dana", "tulip-field")
			f.press("Use the microphone")
			f.sees(row.what)
			f.sees(row.todo)
			var may bool
			if err := f.ask("test.sees('To the desk') || test.sees('Waiting for a call')", &may); err != nil || may {
				t.Errorf("she may be ready (%v)", err)
			}
			var is string
			if err := f.ask("fetch('/api/v1/me').then((r) => r.json()).then((me) => me.agent.presence)", &is); err != nil || is != "signed_out" {
				t.Errorf("she is %q (%v)", is, err)
			}
		})
	}
}
