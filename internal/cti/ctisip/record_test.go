package ctisip

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ringback/internal/audio"
	"ringback/internal/cti"
	"ringback/internal/recording"
)

var recKey = bytes.Repeat([]byte{7}, recording.KeySize)

// talkers calls an agent who says 440 Hz and a visitor who says 1000 Hz and waits until both are up.
func (b *bench) talkers() (ann, vis *voice) {
	b.t.Helper()
	a, v := b.far("10.0.0.9:5060", nil), b.far(trunkAddr, nil)
	ann, vis = b.speaks(a, 440), b.speaks(v, 1000)
	a.becomes(once(answersAndSpeaks(ann), byes))
	v.becomes(once(answersAndSpeaks(vis), byes))
	o := order("a")
	o.Party, o.To = cti.Agent, "sip:ann@10.0.0.9:5060"
	b.call(o)
	b.await("a", cti.LegConfirmed)
	b.call(order("v"))
	b.await("v", cti.LegConfirmed)
	return ann, vis
}

// answersAndSpeaks takes every INVITE; the first one begins the call.
func answersAndSpeaks(v *voice) func(*far, *msg) {
	up := false
	return func(f *far, m *msg) {
		f.reply(m, 200, f.sdp())
		if !up {
			up = true
			v.speak(m)
		}
	}
}

func (b *bench) record(file string) {
	b.t.Helper()
	err := b.sw.Join(context.Background(), cti.Join{Callback: "cb_1", A: "leg_a", B: "leg_v",
		Record: &cti.Recording{ID: "rec_1", File: file, Key: recKey, Notice: cti.Prompt{Sound: cti.SoundAsk}, Other: cti.Prompt{Sound: cti.SoundAsk}}})
	if err != nil {
		b.t.Fatal(err)
	}
}

// sides are the two channels of a file.
func sides(t *testing.T, file string) (a, v []int16) {
	t.Helper()
	r, err := recording.Open(file, recKey)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	wav, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	laws := wav[58:]
	all := make([]int16, len(laws))
	audio.ULaw.Decode(all, laws)
	for i := 0; i+1 < len(all); i += 2 {
		a, v = append(a, all[i]), append(v, all[i+1])
	}
	return a, v
}

// around is the level of hz in a second of samples that begins at a time.
func around(s []int16, hz float64, at time.Duration) float64 {
	i := int(at * audio.Rate / time.Second)
	if i+audio.Rate > len(s) {
		return -1
	}
	return audio.Goertzel(s[i:i+audio.Rate], hz)
}

// Both are told before either hears the other; each side is in its own channel; what is said in a pause is nowhere, and
// the pause has its length.
func TestRecording(t *testing.T) {
	simulate(t, func(b *bench) {
		file := filepath.Join(b.t.TempDir(), "rec_1")
		ann, vis := b.talkers()
		asked := time.Now()
		b.record(file)
		joined := b.await("v", cti.LegJoined).At
		if d := joined.Sub(asked); d < 600*time.Millisecond {
			t.Errorf("joined %v after it was asked: no notice of 0.64 s was heard", d)
		}
		for name, v := range map[string]*voice{"agent": ann, "visitor": vis} {
			if l := v.level(523, asked.Add(40*time.Millisecond), asked.Add(180*time.Millisecond)); l < 3000 {
				t.Errorf("the %s hears the notice at level %.0f", name, l)
			}
		}
		if l := ann.level(1000, asked, joined) + vis.level(440, asked, joined); l > 500 { // the notes of the notice leak a little
			t.Errorf("before the end of the notice they hear each other: %.0f", l)
		}
		for _, leg := range []string{"a", "v"} {
			if n := b.told(leg, cti.LegNotice); len(n) != 1 || n[0].At.After(joined) {
				t.Errorf("leg %s: notice %v", leg, n)
			}
		}
		for _, c := range []cti.RecordCommand{cti.RecordPause, cti.RecordResume} {
			b.pass(10 * time.Second)
			if err := b.sw.Record(context.Background(), "leg_v", c); err != nil {
				t.Error(err)
			}
			now := time.Now()
			b.pass(time.Second)
			first := map[cti.RecordCommand]float64{cti.RecordPause: 880, cti.RecordResume: 587}[c]
			if mine, other := ann.level(first, now.Add(40*time.Millisecond), now.Add(140*time.Millisecond)), vis.level(first, now, now.Add(time.Second)); mine < 1500 || other > 200 {
				t.Errorf("%s: the agent hears its tone at %.0f, the visitor at %.0f", c, mine, other)
			}
		}
		b.pass(10 * time.Second)
		b.sw.HangUp(context.Background(), "leg_v", cti.HangUp{})
		length := b.await("a", cti.RecordingEnded).Length
		between(t, "length", length, 32*time.Second, 32200*time.Millisecond)
		left, right := sides(t, file)
		if d := time.Duration(len(left)) * time.Second / audio.Rate; d != length {
			t.Errorf("the file sounds %v, told were %v", d, length)
		}
		for _, at := range []time.Duration{time.Second, 8 * time.Second, 22 * time.Second, 30 * time.Second} {
			if own, other := around(left, 440, at), around(left, 1000, at); own < 7000 || other > 50 {
				t.Errorf("at %v the agent's channel has 440 Hz at %.0f, 1000 Hz at %.0f", at, own, other)
			}
			if own, other := around(right, 1000, at), around(right, 440, at); own < 7000 || other > 50 {
				t.Errorf("at %v the visitor's channel has 1000 Hz at %.0f, 440 Hz at %.0f", at, own, other)
			}
		}
		for i := 10050 * 8; i < 20950*8; i++ {
			if left[i] != 0 || right[i] != 0 {
				t.Fatalf("sample %d of the pause is %d, %d", i, left[i], right[i])
			}
		}
	})
}

// Who hangs up in the notice is not recorded: there is a file without sound, and its end is told.
func TestHangUpInNotice(t *testing.T) {
	simulate(t, func(b *bench) {
		file := filepath.Join(b.t.TempDir(), "rec_1")
		b.talkers()
		b.record(file)
		b.pass(300 * time.Millisecond)
		b.sw.HangUp(context.Background(), "leg_v", cti.HangUp{})
		if e := b.await("a", cti.RecordingEnded); e.Length != 0 {
			t.Errorf("%v were recorded", e.Length)
		}
		b.await("v", cti.LegEnded)
		b.pass(5 * time.Second)
		if n := len(b.told("a", cti.LegEnded)); n != 0 {
			t.Error("who has heard nobody yet was ended with the other")
		}
		b.sw.HangUp(context.Background(), "leg_a", cti.HangUp{})
		b.await("a", cti.LegEnded)
		if n := len(b.told("a", cti.LegJoined)) + len(b.told("v", cti.LegJoined)); n != 0 {
			t.Errorf("%d were joined", n)
		}
		if left, _ := sides(t, file); len(left) != 0 {
			t.Errorf("%d samples", len(left))
		}
	})
}

// A disk that takes nothing ends no talk.
func TestRecordingWithoutDisk(t *testing.T) {
	simulate(t, func(b *bench) {
		_, vis := b.talkers()
		b.record("/nowhere/rec_1")
		joined := b.await("v", cti.LegJoined).At
		b.pass(2 * time.Second)
		if l := vis.level(440, joined.Add(time.Second), time.Now()); l < 7000 {
			t.Errorf("the visitor hears the agent at %.0f", l)
		}
		if e := b.await("a", cti.RecordingEnded); e.Length != 0 || len(b.told("a", cti.LegNotice)) != 0 {
			t.Errorf("%+v; notices %v", e, b.told("a", cti.LegNotice))
		}
	})
}

// A switch that stops brings what was said to the disk.
func TestRecordingAtTheEnd(t *testing.T) {
	simulate(t, func(b *bench) {
		file := filepath.Join(b.t.TempDir(), "rec_1")
		b.talkers()
		b.record(file)
		b.await("v", cti.LegJoined)
		b.pass(3 * time.Second)
		b.sw.Close()
		if left, _ := sides(t, file); len(left) < 3*audio.Rate {
			t.Errorf("%d samples of 3 s", len(left))
		}
		if s, err := os.Stat(file); err != nil || s.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", s, err)
		}
	})
}
