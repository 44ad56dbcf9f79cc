package media

import (
	"math"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"ringback/internal/audio"
)

// listenTo feeds sound through G.711 with a little noise, beginning anywhere in a block, and returns what was told.
func listenTo(s []int16, law audio.Law, shift int) (told []string, spoken int) {
	r := rand.New(rand.NewPCG(3, uint64(shift)))
	g := &bank{}
	s = append(make([]int16, shift), s...)
	coded := make([]byte, signalBlock)
	for ; len(s) >= signalBlock; s = s[signalBlock:] {
		b := slices.Clone(s[:signalBlock])
		for i := range b {
			b[i] += int16(r.NormFloat64() * 20)
		}
		law.Encode(coded, b)
		law.Decode(b, coded)
		h, _ := g.take(b)
		if h.decided != unknown {
			told = append(told, map[decision]string{rings: "rings", answers: "answers"}[h.decided])
		}
		if h.tone != "" {
			told = append(told, string(h.tone))
		}
	}
	return told, g.spoken
}

func repeat(s []int16, n int) (out []int16) {
	for range n {
		out = append(out, s...)
	}
	return out
}

func silence(ms int) []int16 { return make([]int16, ms*8) }

// The ringing and busy tones of every country that we play are known, wherever they begin, and nothing else is made of
// them; after the ringing a voice is an answer at once, silence after a while.
func TestBankOfEveryCountry(t *testing.T) {
	n := 0
	for c, s := range countries {
		n++
		for _, law := range []audio.Law{audio.Law(n % 2)} {
			for _, shift := range []int{n * 7 % 400, n*7%400 + 123} {
				ring := repeat(s.ring.render(), 2)
				got, _ := listenTo(append(ring, voices(2)...), law, shift)
				if want := "rings ringback answers"; strings.TrimPrefix(strings.Join(got, " "), "answers ") != want {
					t.Errorf("%s ringing, law %d, from %d: %v, want %s", c, law, shift, got, want)
				}
				got, _ = listenTo(repeat(s.busy.render(), 6), law, shift)
				if !slices.Contains(got, "busy") || slices.Contains(got, "ringback") || slices.Contains(got, "sit") || slices.Contains(got, "fax") {
					t.Errorf("%s busy, law %d, from %d: %v", c, law, shift, got)
				}
			}
		}
	}
	got, _ := listenTo(append(repeat(europe.ring.render(), 2), silence(7000)...), audio.ALaw, 77)
	if strings.Join(got, " ") != "rings ringback answers" {
		t.Errorf("ringing, then silence: %v", got)
	}
}

func sines(ms int, hz ...float64) []int16 {
	return audio.Render(audio.Tone{Hz: hz, Level: 0.15, Ms: ms})
}

// The three notes of a dead number, a fax that answers (with and without turns of the phase), one that calls, and a beep
// after an announcement.
func TestBankOfMachines(t *testing.T) {
	ansam := sines(3000, 2100)
	for i := range ansam {
		if i/3600%2 == 1 {
			ansam[i] = -ansam[i]
		}
		ansam[i] = int16(float64(ansam[i]) * (1 + 0.2*math.Sin(2*math.Pi*15*float64(i)/8000)))
	}
	for name, c := range map[string]struct {
		sound []int16
		want  string
	}{
		"sit":         {slices.Concat(sines(330, 950), sines(330, 1400), sines(330, 1800), silence(500)), "sit"},
		"sit short":   {slices.Concat(sines(274, 914), sines(274, 1371), sines(380, 1777), voices(1)), "sit"},
		"sit gaps":    {slices.Concat(silence(200), sines(380, 985), silence(20), sines(274, 1429), silence(20), sines(380, 1777), silence(300)), "sit"},
		"fax":         {slices.Concat(silence(1800), sines(2600, 2100), silence(500)), "fax"},
		"fax turning": {slices.Concat(silence(1800), ansam), "fax"},
		"fax calling": {slices.Concat(silence(300), sines(500, 1100), silence(3000), sines(500, 1100), silence(1000)), "fax"},
		"machine":     {slices.Concat(voices(4), silence(200), sines(400, 1000), silence(2000)), "beep"},
		"machine 440": {slices.Concat(voices(4), sines(800, 1400), silence(2000)), "beep"},
		"late fax":    {slices.Concat(voices(4), sines(400, 2100), silence(240), sines(2600, 2100), silence(500)), "beep"}, // somebody was there
		"no machine":  {slices.Concat(silence(1000), sines(400, 1000), silence(2000)), ""},
		"keys":        {repeat(slices.Concat(keyTone('1'), keyTone('9'), keyTone('#')), 8), ""},
		"dial tone":   {sines(8000, 425), "ringback"},
	} {
		for _, law := range []audio.Law{audio.ULaw, audio.ALaw} {
			for _, shift := range []int{0, 150, 390} {
				told, _ := listenTo(c.sound, law, shift)
				got := slices.DeleteFunc(told, func(s string) bool { return s == "answers" || s == "rings" })
				if strings.Join(got, " ") != c.want {
					t.Errorf("%s, law %d, from %d: %v, want %q", name, law, shift, got, c.want)
				}
			}
		}
	}
}

// voices are n seconds of made-up speech.
func voices(n int) []int16 {
	s := speech(rand.New(rand.NewPCG(7, 8)), 1e9)
	return repeat(s[:8000], n)
}

// Nothing is made of people: speech of a synthesiser in several languages and pitches, and music.
func TestBankOfPeople(t *testing.T) {
	for i := range 10 {
		s := speech(rand.New(rand.NewPCG(uint64(i), 5)), 10e9)
		if got, _ := listenTo(s, audio.ULaw, 0); len(got) > 1 {
			t.Errorf("made-up speech %d: %v", i, got)
		}
	}
	for name, s := range spoken(t) {
		if key := new(keySound).take(s); key != 0 {
			t.Errorf("%s: key %c in speech", name, key)
		}
		for _, shift := range []int{200} {
			if got, n := listenTo(s, audio.ALaw, shift); strings.Join(got, " ") != "answers" || n < 20 {
				t.Errorf("%s: %v, %d blocks of sound", name, got, n)
			}
		}
	}
	music := []int16{}
	r := rand.New(rand.NewPCG(1, 1))
	for range 100 { // chords of three notes, and runs
		base := 220 * math.Pow(2, float64(r.IntN(24))/12)
		note := audio.Render(audio.Tone{Hz: []float64{base, base * 1.26, base * 1.5}, Level: 0.1, Ms: 100 + 50*r.IntN(8)})
		music = append(music, note...)
	}
	if got, _ := listenTo(music, audio.ULaw, 0); slices.ContainsFunc(got, func(s string) bool { return s != "answers" }) {
		t.Errorf("music: %v", got)
	}
}

// spoken makes sentences with a synthesiser, where there is one.
func spoken(t *testing.T) map[string][]int16 {
	path, err := exec.LookPath("espeak-ng")
	if err != nil {
		t.Log("NOT RUN: there is no espeak-ng here; made-up speech alone is listened to")
		return nil
	}
	out := map[string][]int16{}
	for voice, text := range map[string]string{
		"en":    "Hello? Yes, this is she. Who is calling, please? Oh, you do know my new blue shoes, one moment, two, three, four.",
		"en+f4": "Hello, hello, who is it? I will see if she is free. Eight, nine, ten. No, oh no. Ooooh.",
		"de":    "Guten Tag, Müller. Wer ist da bitte? Nein, das ist gut so, fünf, sechs, sieben. Du, du, du.",
		"fr+f2": "Allô? Oui, bonjour, qui est à l'appareil? Un, deux, trois, quatre.",
		"es":    "¿Diga? Sí, soy yo. ¿Quién es? Uno, dos, tres, cuatro, cinco.",
	} {
		wav, err := exec.Command(path, "-v", voice, "--stdout", text).Output()
		if err != nil {
			t.Logf("NOT RUN: voice %s: %v", voice, err)
			continue
		}
		s, err := audio.ReadWAV(wav)
		if err != nil {
			t.Fatal(voice, err)
		}
		out[voice] = s
	}
	return out
}
