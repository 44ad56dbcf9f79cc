package ctisip

import (
	"encoding/binary"
	"fmt"
	"math"
	"testing"
	"time"

	"ringback/internal/audio"
	"ringback/internal/cti"
)

// recordings are tones instead of sentences: a test hears which one is played.
func recordings(clip string) ([]int16, error) {
	ms := map[string][2]int{"ask": {700, 4000}, "bye": {1200, 2000}, "calling": {900, 600}, "message": {1500, 6000}, "note": {1900, 1000}}[clip]
	if ms[1] == 0 {
		return nil, fmt.Errorf("no recording %q", clip)
	}
	return audio.Render(audio.Tone{Hz: []float64{float64(ms[0])}, Level: 0.3, Ms: ms[1]}), nil
}

func clip(c cti.Clip) cti.Prompt { return cti.Prompt{Clips: []cti.Clip{c}} }

// answersQuestion calls a telephone that answers and lets the test hear what it hears.
func (b *bench) answersQuestion(confirm cti.Confirm) (v *voice, f *far, at time.Time) {
	f = b.far(trunkAddr, nil)
	v = b.speaks(f, 440)
	f.becomes(once(func(f *far, m *msg) { v.listens(m); f.reply(m, 200, f.sdp()) }, byes))
	o := order("v")
	o.Confirm, o.Goodbye, o.Message = confirm, clip("bye"), clip("message")
	o.Hear = cti.Program{First: clip("ask")}
	o.Waits = cti.Program{First: clip("calling"), Then: cti.SoundRingback, Notes: []cti.Note{{After: 10 * time.Second, Say: clip("note")}}}
	b.call(o)
	return v, f, b.await("v", cti.LegAnswered).At
}

// listens learns where the switch's sound is, to speak there later.
func (v *voice) listens(inv *msg) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.inv = inv
}

// times are the seconds after from at which hz began to be heard.
func (v *voice) times(hz float64, from time.Time) (out []float64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	quiet := time.Time{}
	for _, p := range v.heard {
		if audio.Goertzel(p.samples, hz) < 3000 {
			continue
		}
		if p.at.Sub(quiet) > 300*time.Millisecond {
			out = append(out, math.Round(p.at.Sub(from).Seconds()*10)/10)
		}
		quiet = p.at
	}
	return out
}

// seconds is how long hz was heard.
func (v *voice) seconds(hz float64) float64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	n := 0
	for _, p := range v.heard {
		if audio.Goertzel(p.samples, hz) > 3000 {
			n += len(p.samples)
		}
	}
	return float64(n) / audio.Rate
}

func near(t *testing.T, what string, got []float64, want ...float64) {
	t.Helper()
	ok := len(got) == len(want)
	for i := range want {
		ok = ok && math.Abs(got[i]-want[i]) <= 0.2
	}
	if !ok {
		t.Errorf("%s at %v s after the answer, want %v", what, got, want)
	}
}

// TestAgentIsAsked: soft tone at once, the question at 0.9 s and again six seconds later, the goodbye inside the window,
// the end with it.
func TestAgentIsAsked(t *testing.T) {
	simulate(t, func(b *bench) {
		v, f, at := b.answersQuestion(cti.ConfirmKey)
		end := f.wait("BYE", 1).at
		near(t, "soft tone", v.times(440, at)[:1], 0)
		near(t, "question", v.times(700, at), 0.9, 6.7)
		near(t, "goodbye", v.times(1200, at), 10)
		if d := v.seconds(1200); d < 1.8 {
			t.Errorf("%.1f s of the goodbye were heard", d)
		}
		between(t, "end", end.Sub(at), 12*time.Second, 12500*time.Millisecond)
		v.neverSilent(t, at, end)
	})
}

// TestKeyCutsIn: also in the goodbye a key counts; the sentence stops at once and what comes next begins.
func TestKeyCutsIn(t *testing.T) {
	for _, after := range []time.Duration{2 * time.Second, 11 * time.Second} {
		simulate(t, func(b *bench) {
			v, f, at := b.answersQuestion(cti.ConfirmKey)
			inv := f.wait("INVITE", 1)
			b.pass(after - time.Since(at))
			f.request(inv, "INFO", 1, "1", "Content-Type: application/dtmf")
			key := b.await("v", cti.LegConfirmed).At
			b.pass(20 * time.Second)
			near(t, "calling", v.times(900, key), 0)
			near(t, "something new", v.times(1900, key), 10)
			if q, g := v.level(700, key.Add(100*time.Millisecond), time.Now()), v.level(1200, key.Add(100*time.Millisecond), time.Now()); q > 100 || g > 100 {
				t.Errorf("the question is heard on at %.0f, the goodbye at %.0f", q, g)
			}
			if b.told("v", cti.LegEnded) != nil {
				t.Errorf("ended: %s", b.story("v"))
			}
		})
	}
}

// TestMachineIsLeftTheMessage: it is asked to the end of the window, because a robot with a person behind it sounds the
// same; then, when it has been silent for three seconds, it is left the whole message, once, from the start.
func TestMachineIsLeftTheMessage(t *testing.T) {
	simulate(t, func(b *bench) {
		v, f, at := b.answersQuestion(cti.ConfirmKeyOrVoice)
		b.pass(22*time.Second - time.Since(at))
		v.speakFor(10 * time.Second) // a long announcement that ends at 32 s
		end := f.wait("BYE", 1).at
		near(t, "question", v.times(700, at), 0.9, 6.7, 12.5, 18.3, 24.1, 29.9)
		near(t, "message", v.times(1500, at), 35.1)
		if d := v.seconds(1500); d < 5.8 || d > 6.1 {
			t.Errorf("%.1f s of the message of 6 s were left", d)
		}
		if v.seconds(1200) > 0.1 {
			t.Error("a machine was said goodbye to")
		}
		between(t, "end", end.Sub(at), 41*time.Second, 41700*time.Millisecond)
		if e := b.await("v", cti.LegEnded); e.Cause != cti.Machine || e.By != cti.ByUs {
			t.Errorf("told %s", b.story("v"))
		}
	})
}

// TestHelloIsNoAnswer: a word before the question was heard confirms nothing, one behind it does.
func TestHelloIsNoAnswer(t *testing.T) {
	simulate(t, func(b *bench) {
		v, _, at := b.answersQuestion(cti.ConfirmKeyOrVoice)
		v.speakFor(600 * time.Millisecond)
		b.pass(4500*time.Millisecond - time.Since(at))
		if b.told("v", cti.LegConfirmed) != nil {
			t.Fatal("hello was taken for an answer")
		}
		b.pass(5500*time.Millisecond - time.Since(at))
		v.speakFor(600 * time.Millisecond)
		between(t, "confirmed", b.await("v", cti.LegConfirmed).At.Sub(at), 6500*time.Millisecond, 7500*time.Millisecond)
	})
}

// neverSilent: no two seconds below -60 dB.
func (v *voice) neverSilent(t *testing.T, from, to time.Time) {
	t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	loud := from
	for _, p := range v.heard {
		if p.at.Before(from) || p.at.After(to) || audio.DBFS(audio.RMS(p.samples)) < -60 {
			continue
		}
		if d := p.at.Sub(loud); d > 2*time.Second {
			t.Errorf("silent for %v until %v after the answer", d, p.at.Sub(from))
		}
		loud = p.at
	}
}

// speakFor sends the tone for a time, in packets of 20 ms, and waits until it is over.
func (v *voice) speakFor(d time.Duration) {
	v.mu.Lock()
	inv := v.inv
	v.mu.Unlock()
	to := v.address(inv)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	samples := audio.Render(audio.Tone{Hz: []float64{v.hz}, Level: 0.25, Ms: 20})
	p := make([]byte, 172)
	p[0] = 0x80
	for range int(d / (20 * time.Millisecond)) {
		<-tick.C
		v.seq++
		binary.BigEndian.PutUint16(p[2:], v.seq)
		binary.BigEndian.PutUint32(p[4:], uint32(v.seq)*160)
		binary.BigEndian.PutUint32(p[8:], 7)
		audio.ULaw.Encode(p[12:], samples)
		v.conn.WriteTo(p, to)
	}
}

// TestVoicemailOfAnAgentIsLeftNothing: its beep ends the question; after a second of silence it is hung up on.
func TestVoicemailOfAnAgentIsLeftNothing(t *testing.T) {
	overCarrier(t, "beep_machine", func(b *bench) {
		o := order("v")
		o.Party, o.Confirm, o.Hear, o.Goodbye, o.Message = cti.Agent, cti.ConfirmKey, cti.Program{First: clip("ask")}, clip("bye"), clip("message")
		b.call(o)
		beep := b.await("v", cti.LegTone)
		e := b.await("v", cti.LegEnded)
		between(t, "end behind the beep", e.At.Sub(beep.At), time.Second, 1300*time.Millisecond)
		if e.Cause != cti.NotConfirmed || e.By != cti.ByUs {
			t.Errorf("told %s", b.story("v"))
		}
	})
}
