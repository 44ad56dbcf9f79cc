package speech

import (
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ringback/internal/audio"
	"ringback/internal/cti"
)

func TestEveryLanguageSaysEverything(t *testing.T) {
	for _, l := range Languages {
		if n := len(l.table()); n != len(Sentences) {
			t.Errorf("%s has %d sentences, there are %d", l, n, len(Sentences))
		}
		for _, s := range Sentences {
			p, en := l.table()[s], english[s]
			if p.plain == "" {
				t.Errorf("%s does not say %s", l, s)
			}
			if strings.Contains(p.plain, "{") || (p.named != "") != strings.Contains(p.named, "{name}") || strings.Contains(p.named, "{site}") ||
				(p.full != "") != strings.Contains(p.full, "{site}") || (p.named == "") != (en.named == "") || (p.full == "") != (en.full == "") {
				t.Errorf("%s: the slots of %s are wrong: %+v", l, s, p)
			}
		}
	}
}

// TestRecordings: what the tables say is recorded, loud enough, without a long pause, and small.
func TestRecordings(t *testing.T) {
	v, want, total := NewVoices(), map[string]bool{}, int64(0)
	for _, l := range Languages {
		for clip := range l.Recordings() {
			want[clip+".ima"] = true
			s, err := v.Samples(clip)
			if err != nil {
				t.Error(err)
				continue
			}
			if rms := audio.RMS(s); rms < 1500 || len(s) < audio.Rate/4 {
				t.Errorf("%s: level %.0f, %d samples", clip, rms, len(s))
			}
			if p := longestPause(s); p > 600*time.Millisecond {
				t.Errorf("%s is silent for %v", clip, p)
			}
		}
	}
	err := fs.WalkDir(recorded, "voices", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if !want[strings.TrimPrefix(path, "voices/")] {
			t.Errorf("nobody says %s: delete it", path)
		}
		info, err := d.Info()
		total += info.Size()
		return err
	})
	if err != nil || total > 3<<20 {
		t.Errorf("%d bytes of recordings, %v", total, err)
	}
}

func longestPause(s []int16) time.Duration {
	most, run := 0, 0
	for i := 0; i+80 <= len(s); i += 80 {
		if run++; audio.RMS(s[i:i+80]) > 33 { // -60 dB
			run = 0
		}
		most = max(most, run)
	}
	return time.Duration(most) * 10 * time.Millisecond
}

// TestQuestionsFit: a question is over before it is asked again.
func TestQuestionsFit(t *testing.T) {
	v := NewVoices()
	for s, most := range map[Sentence]time.Duration{AgentOffer: 5600 * time.Millisecond, VisitorOffer: 7600 * time.Millisecond,
		VisitorCheck: 7600 * time.Millisecond, AgentGoodbye: 4 * time.Second, VisitorGoodbye: 4 * time.Second, VisitorMessage: 15 * time.Second} {
		for _, l := range Languages {
			samples, err := v.Samples(l.clip(s))
			if d := time.Duration(len(samples)) * time.Second / audio.Rate; err != nil || d > most {
				t.Errorf("%s lasts %v, more than %v; %v", l.clip(s), d, most, err)
			}
		}
	}
}

func TestADPCM(t *testing.T) {
	in := audio.Render(audio.Tone{Hz: []float64{440, 620}, Level: 0.4, Ms: 500})
	out, err := decode(Encode(in))
	if err != nil || len(out) != len(in) {
		t.Fatalf("%d samples of %d, %v", len(out), len(in), err)
	}
	noise := 0.0
	for i := range in {
		noise += math.Pow(float64(in[i])-float64(out[i]), 2)
	}
	if db := 20 * math.Log10(audio.RMS(in)/math.Sqrt(noise/float64(len(in)))); db < 20 {
		t.Errorf("signal stands %.1f dB over the noise", db)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(Encode([]int16{1, -30000, 30000}))
	f.Add([]byte{255, 255, 255, 255, 1})
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := decode(b); err == nil && len(s) > 2*len(b) {
			t.Fatalf("%d samples out of %d bytes", len(s), len(b))
		}
	})
}

func TestLanguage(t *testing.T) {
	for want, asked := range map[Lang][]string{"de": {"", "de-AT", "fr"}, "fr": {"xx", "fr_CA"}, "en": {"", "tlh"}, "ar": {"AR"}} {
		if got := Language(asked...); got != want {
			t.Errorf("%v: %s, want %s", asked, got, want)
		}
	}
}

func TestSay(t *testing.T) {
	var sp Speaker
	for _, c := range []struct {
		l    Lang
		s    Sentence
		w    Words
		want []cti.Clip
	}{
		{"de", VisitorOffer, Words{Name: "Acme"}, []cti.Clip{"de/visitor_offer"}},
		{"de", VisitorOffer, Words{Name: "Acme", Spoken: "/n.wav"}, []cti.Clip{"de/visitor_offer-before", "/n.wav", "de/visitor_offer-behind"}},
		{"en", VisitorOffer, Words{Spoken: "/n.wav"}, []cti.Clip{"/n.wav", "en/visitor_offer-behind"}},
		{"en", Taken, Words{Spoken: "/n.wav"}, []cti.Clip{"en/taken"}},
	} {
		if got := sp.Say(c.l, c.s, c.w); !slices.Equal(got, c.want) {
			t.Errorf("%s %s: %v, want %v", c.l, c.s, got, c.want)
		}
	}
	if !Built("ar/taken") || Built("/ar/taken") || Built("sound/soft") {
		t.Error("what is built in")
	}
}

// TestSynth: a text is read once, kept, and said from then on; a name cannot be an order; a program that fails or fills
// the disk leaves the sentence without a name.
func TestSynth(t *testing.T) {
	dir := t.TempDir()
	good := audio.WAV(audio.Render(audio.Tone{Hz: []float64{500}, Level: 0.3, Ms: 400}), 1)
	if err := os.WriteFile(filepath.Join(dir, "good"), good, 0o600); err != nil {
		t.Fatal(err)
	}
	copies := []string{"/bin/cp", filepath.Join(dir, "good"), "{out}"}
	w := Words{Name: `Acme"; rm -rf $(pwd) & {out}`, Site: "acme.example"}
	sp := Speaker{Synth: synth(t, copies, dir)}
	if got := sp.Say("en", VisitorOffer, w); got[0] != "en/visitor_offer" {
		t.Fatalf("before it is read: %v", got)
	}
	path := waitFor(t, sp.Synth, "en", Lang("en").Text(VisitorOffer, w))
	if got := sp.Say("en", VisitorOffer, w); got[0] != cti.Clip(path) {
		t.Errorf("after it is read: %v, want %s", got, path)
	}
	again := synth(t, []string{"/bin/false", copies[1], "{out}"}, dir)
	if _, ok := again.Spoken("en", "another command"); ok {
		t.Error("nothing was read")
	}
	if got, ok := synth(t, copies, dir).Spoken("en", Lang("en").Text(VisitorOffer, w)); !ok || got != path {
		t.Errorf("after a start: %q %v", got, ok)
	}
	if err := Try(t.Context(), copies); err != nil {
		t.Errorf("a command that works: %v", err)
	}
	if err := Try(t.Context(), []string{"/no/such/program", "{out}"}); err == nil {
		t.Error("a command that is not there works")
	}
	for name, command := range map[string][]string{"fails": {"/bin/false"}, "writes no WAV": {"/bin/cp", "/etc/passwd", "{out}"}} {
		y := synth(t, command, filepath.Join(dir, name))
		y.Spoken("en", "hello")
		for range 200 {
			if y.stateOf("en", "hello") == failed {
				break
			}
			<-time.After(10 * time.Millisecond)
		}
		if y.stateOf("en", "hello") != failed {
			t.Errorf("a program that %s", name)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, name, "*")); len(left) != 0 {
			t.Errorf("a program that %s leaves %v", name, left)
		}
	}
}

func synth(t *testing.T, command []string, dir string) *Synth {
	t.Helper()
	y, err := NewSynth(command, dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(y.Close)
	return y
}

func (y *Synth) stateOf(l Lang, text string) spoken {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.state[filepath.Join(y.dir, y.name(l, text))]
}

func waitFor(t *testing.T, y *Synth, l Lang, text string) string {
	t.Helper()
	for range 500 {
		if path, ok := y.Spoken(l, text); ok {
			return path
		}
		<-time.After(10 * time.Millisecond)
	}
	t.Fatalf("%q was never read", text)
	return ""
}
