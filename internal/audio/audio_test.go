package audio

import (
	"math"
	"testing"
)

func TestLawsRoundTrip(t *testing.T) {
	for _, l := range []Law{ULaw, ALaw} {
		tone := Render(Tone{Hz: []float64{440}, Level: 0.3, Ms: 200})
		b, back := make([]byte, len(tone)), make([]int16, len(tone))
		l.Encode(b, tone)
		l.Decode(back, b)
		var noise float64
		for i := range tone {
			d := float64(tone[i]) - float64(back[i])
			noise += d * d
		}
		snr := 20 * math.Log10(RMS(tone)/math.Sqrt(noise/float64(len(tone))))
		if snr < 33 {
			t.Errorf("law %d: signal to noise %.1f dB, G.711 gives 33 or more", l, snr)
		}
	}
}

// Every byte decodes to a value that encodes to the same byte (u-law has two zeros).
func TestEncodeUndoesDecode(t *testing.T) {
	for _, l := range []Law{ULaw, ALaw} {
		for i := range 256 {
			var s [1]int16
			var b [1]byte
			l.Decode(s[:], []byte{byte(i)})
			l.Encode(b[:], s[:])
			if b[0] != byte(i) && s[0] != 0 {
				t.Errorf("law %d: byte %#x decodes to %d, which encodes to %#x", l, i, s[0], b[0])
			}
		}
	}
	known := map[byte]int16{0x00: -32124, 0x80: 32124, 0xFF: 0, 0xE0: 372}
	for b, want := range known {
		if got := decode[ULaw][b]; got != want {
			t.Errorf("u-law %#x = %d, want %d", b, got, want)
		}
	}
	if got := decode[ALaw][0xD5]; got != 8 {
		t.Errorf("A-law 0xD5 = %d, want 8", got)
	}
	if got := decode[ALaw][0x2A]; got != -32256 {
		t.Errorf("A-law 0x2A = %d, want -32256", got)
	}
}

func TestTranslateKeepsTheTone(t *testing.T) {
	tone := Render(Tone{Hz: []float64{1000}, Level: 0.3, Ms: 100})
	b := make([]byte, len(tone))
	ULaw.Encode(b, tone)
	ULaw.Translate(ALaw, b)
	back := make([]int16, len(b))
	ALaw.Decode(back, b)
	if a := Goertzel(back, 1000); math.Abs(a-0.3*32767) > 300 {
		t.Errorf("amplitude at 1000 Hz is %.0f after u-law and A-law, want about %.0f", a, 0.3*32767)
	}
}

func TestGoertzelTellsTonesApart(t *testing.T) {
	s := Render(Tone{Hz: []float64{440, 480}, Level: 0.2, Ms: 400})
	for hz, loud := range map[float64]bool{440: true, 480: true, 425: false, 1000: false} {
		if got := Goertzel(s, hz) > 3000; got != loud {
			t.Errorf("%v Hz heard: %v, want %v (amplitude %.0f)", hz, got, loud, Goertzel(s, hz))
		}
	}
}

func TestWAV(t *testing.T) {
	tone := Render(Tone{Hz: []float64{600}, Level: 0.5, Ms: 100})
	got, err := ReadWAV(WAV(tone, 1))
	if err != nil || len(got) != len(tone) || got[100] != tone[100] {
		t.Fatalf("read back %d samples of %d, %v", len(got), len(tone), err)
	}
	stereo := make([]int16, 0, 2*len(tone))
	for _, v := range tone {
		stereo = append(stereo, v, v)
	}
	if got, err = ReadWAV(WAV(stereo, 2)); err != nil || len(got) != len(tone) || got[100] != tone[100] {
		t.Fatalf("stereo: %d samples of %d, %v", len(got), len(tone), err)
	}
	if _, err = ReadWAV([]byte("RIFF....WAVEjunk")); err == nil {
		t.Error("junk was read")
	}
}

func FuzzReadWAV(f *testing.F) {
	f.Add(WAV([]int16{1, 2, 3, 4}, 1))
	f.Add(WAV([]int16{1, 2, 3, 4}, 2))
	f.Fuzz(func(_ *testing.T, b []byte) { _, _ = ReadWAV(b) })
}
