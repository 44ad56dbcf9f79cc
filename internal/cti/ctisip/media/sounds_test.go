package media

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/audio"
	"ringback/internal/cti"
)

// Ringing tones have their country's pitch and cadence.
func TestRingback(t *testing.T) {
	s := NewSounds(nil)
	for region, want := range map[string]struct {
		hz    []float64
		turn  time.Duration
		sound time.Duration
	}{
		"US": {[]float64{440, 480}, 6 * time.Second, 2 * time.Second},
		"JM": {[]float64{440, 480}, 6 * time.Second, 2 * time.Second},
		"gb": {[]float64{400, 450}, 3 * time.Second, 400 * ms},
		"DE": {[]float64{425}, 5 * time.Second, time.Second},
		"FR": {[]float64{440}, 5 * time.Second, 1500 * ms},
		"JP": {[]float64{400}, 3 * time.Second, time.Second},
		"":   {[]float64{425}, 5 * time.Second, time.Second},
	} {
		r := s.Sound(cti.SoundRingback, region)
		if got := time.Duration(len(r)) * time.Second / audio.Rate; got != want.turn {
			t.Errorf("%s: a turn of %v, want %v", region, got, want.turn)
			continue
		}
		for _, hz := range want.hz {
			if l := loudAt(r, hz, 100*ms); l < 2500 {
				t.Errorf("%s: %v Hz has %.0f", region, hz, l)
			}
		}
		n := int(want.sound * audio.Rate / time.Second)
		if audio.RMS(r[n-400:n-80]) < 1000 || audio.RMS(r[n:n+1000]) > 0 {
			t.Errorf("%s: the tone does not end after %v", region, want.sound)
		}
		if &r[0] != &s.Sound(cti.SoundRingback, region)[0] {
			t.Errorf("%s: rendered twice", region)
		}
	}
}

// Whatever is played, nobody hears 2 s of digital silence; what is too faint to hear is never loud either.
func TestNoSoundIsSilent(t *testing.T) {
	s := NewSounds(nil)
	all := map[string]Program{"nothing": {}, "a silent file": {First: make([]int16, 5*audio.Rate)}}
	for _, name := range []cti.Sound{cti.SoundSoft, cti.SoundAsk, cti.SoundRingback, cti.SoundWait, cti.SoundMoment,
		cti.SoundSorry, cti.SoundThanks, cti.SoundTaken, cti.SoundZip, cti.SoundWarn, cti.SoundBye} {
		p, err := s.Program(cti.Program{First: cti.Prompt{Sound: name}, Then: name}, "US")
		if err != nil || len(p.First) == 0 || audio.DBFS(audio.RMS(p.First)) < -40 {
			t.Fatalf("%s: %d samples, %v", name, len(p.First), err)
		}
		all[string(name)] = Program{First: p.First}
	}
	all["busy"] = Program{Then: s.Busy("US")}
	for name, p := range all {
		for _, law := range []audio.Law{audio.ULaw, audio.ALaw} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					d := newDesk(t, Config{})
					defer d.close()
					d.ra.Law, d.ra.PT = law, uint8(law*8)
					d.up()
					d.a.Play(p)
					time.Sleep(20 * time.Second)
					got := sound(t, d.pa.packets())
					if q := longestSilence(got); q > 0 {
						t.Errorf("%v of digital silence", q)
					}
					if name == "nothing" && audio.DBFS(audio.RMS(got)) > -45 {
						t.Errorf("the comfort noise has %.0f dBFS", audio.DBFS(audio.RMS(got)))
					}
				})
			})
		}
	}
}

// Who waits hears something in any 2.5 s and something else each 15 s.
func TestWaitingTellsThatTimePasses(t *testing.T) {
	w := NewSounds(nil).Sound(cti.SoundWait, "")
	part := 15 * audio.Rate
	if len(w) != 4*part {
		t.Fatalf("%d samples", len(w))
	}
	for i := range 4 {
		this, next := w[i*part:(i+1)*part], w[(i+1)%4*part:]
		same := true
		for j := range 2 * audio.Rate {
			same = same && this[j] == next[j]
		}
		if same {
			t.Errorf("quarter minutes %d and %d are the same", i, i+1)
		}
		for j := 0; j+5*audio.Rate/2 <= part; j += 5 * audio.Rate / 2 {
			if audio.DBFS(audio.RMS(this[j:j+5*audio.Rate/2])) < -40 {
				t.Errorf("at %d s nothing is heard", j/audio.Rate)
			}
		}
	}
	if z := NewSounds(nil).Sound(cti.SoundZip, ""); len(z) != audio.Rate*4/25 {
		t.Errorf("the zip tone has %d samples, want 160 ms", len(z))
	}
}

func TestPromptFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hello.wav")
	s := NewSounds(nil)
	if p, err := s.Program(cti.Program{First: cti.Prompt{WAV: path, Sound: cti.SoundAsk}}, ""); err == nil || len(p.First) == 0 {
		t.Errorf("a missing file: %v, and %d samples to play instead", err, len(p.First))
	}
	for i, ms := range []int{500, 700} {
		if err := os.WriteFile(path, audio.WAV(tone(300, time.Duration(ms)*time.Millisecond), 1), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := s.Prompt(cti.Prompt{WAV: path}, "")
		if err != nil || len(got) != ms*8 {
			t.Errorf("version %d: %d samples, %v", i, len(got), err)
		}
	}
	if err := os.WriteFile(path, []byte("no sound"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Prompt(cti.Prompt{WAV: path}, ""); err == nil {
		t.Error("junk was read as a prompt")
	}
}
