package simcarrier

import (
	"math/rand/v2"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/audio"
	"ringback/internal/wire"
)

// carry takes what a telephone hears and, once another is known, sends it there d later, as a switch does.
func carry(u *uac, d time.Duration) *atomic.Pointer[netip.AddrPort] {
	to := &atomic.Pointer[netip.AddrPort]{}
	go func() {
		buf := make([]byte, 2000)
		for {
			n, _, err := u.rtp.ReadFrom(buf)
			if err != nil {
				return
			}
			if dst := to.Load(); dst != nil {
				p := append([]byte(nil), buf[:n]...)
				time.AfterFunc(d, func() { _, _ = u.rtp.WriteTo(p, addrPtr(*dst)) })
			}
		}
	}()
	return to
}

// Two people of one callback hear each other; gap, delay, marker and tones are told.
func TestJoin(t *testing.T) {
	for _, pace := range []time.Duration{0, time.Second} {
		synctest.Test(t, func(t *testing.T) {
			c, n := network1(t, Config{Pace: pace})
			defer c.Close()
			if err := c.SetPerson("+12025550105", Person{Does: "answers", After: 3 * time.Second, Talk: time.Minute}); err != nil {
				t.Fatal(err)
			}
			a := phone(t, n, "10.0.0.2", "+12025550100", "a")
			b := phone(t, n, "10.0.0.3", "+12025550105", "b")
			defer a.close()
			defer b.close()
			a.extra = "X-Ringback-Callback: cb_1\r\n"
			b.extra = a.extra
			a.invite()
			_, sa := a.answered()
			toB := carry(a, 25*time.Millisecond)
			b.invite()
			go a.speak(sa, 600, 3*time.Second) // ringing for the one who waits
			_, sb := b.answered()
			carry(b, 25*time.Millisecond).Store(&sa.addr)
			toB.Store(&sb.addr)
			time.Sleep(30 * time.Second)
			rows := c.Calls("cb_1")
			if len(rows) != 2 || rows[0].ToneHz == rows[1].ToneHz {
				t.Fatalf("rows: %+v", rows)
			}
			for i, e := range rows {
				other := rows[1-i]
				if e.Other != other.CallID || e.OtherHeard < 20 || e.OwnEcho != 0 || e.SeqGaps > 0 && pace == 0 && i == 1 {
					t.Errorf("%s heard %q for %.1f s, own voice %.1f s, tones %v", e.CallID, e.Other, e.OtherHeard, e.OwnEcho, e.TonesHeard)
				}
				if e.DelayMs == nil || *e.DelayMs < 24 || *e.DelayMs > 26 {
					t.Errorf("%s: delay %v, want 25 ms", e.CallID, val(e.DelayMs))
				}
				if e.MarkerMs == nil || *e.MarkerMs < 195 || *e.MarkerMs > 205 {
					t.Errorf("%s: marker of %v ms, want 200", e.CallID, val(e.MarkerMs))
				}
				if e.VoiceMs == nil || *e.VoiceMs > 1500 {
					t.Errorf("%s: first heard after %v ms", e.CallID, val(e.VoiceMs))
				}
			}
			if e := rows[0]; pace == 0 && (e.GapMs == nil || *e.GapMs > 30 || *e.VoiceMs < 120 || *e.VoiceMs > 130) {
				t.Errorf("gap %v ms, voice after %v ms, want 125: 100 of silence, 25 on the way", val(e.GapMs), val(e.VoiceMs))
			}
		})
	}
}

func val(p *float64) any {
	if p == nil {
		return nil
	}
	return *p
}

// A hole at the join and a marker that lost its head are seen.
func TestJoinFaultsAreSeen(t *testing.T) {
	e := ear{eventPT: -1, laws: map[int]audio.Law{0: audio.ULaw}, pace: 20 * time.Millisecond, known: func() []int { return voices[:] }, rec: &recording{}, voice: 520}
	start := time.Now()
	e.answered, e.silentFrom = start, start
	lin := audio.Render(audio.Tone{Hz: []float64{440}, Level: 0.3, Ms: 1000}, audio.Tone{Hz: []float64{markerHz}, Level: 0.3, Ms: 120}, audio.Tone{Hz: []float64{660}, Level: 0.3, Ms: 1000})
	b := make([]byte, 160)
	for i := 0; i+160 <= len(lin); i += 160 {
		late := time.Duration(0)
		if i >= audio.Rate {
			late = 70 * time.Millisecond
		}
		audio.ULaw.Encode(b, lin[i:i+160])
		if i == 10*160 || i == 11*160 { // lost
			continue
		}
		e.hear(packet{seq: uint16(i / 160), ts: uint32(i), ssrc: 1, payload: b}, start.Add(lasting(i)+late))
	}
	if len(e.holes) != 2 || e.holes[0].long != 40*time.Millisecond || e.holes[1].long != 70*time.Millisecond || e.gaps != 2 {
		t.Errorf("holes %v, want one of 40 and one of 70 ms; %d missing", e.holes, e.gaps)
	}
	if len(e.marks) != 1 || e.marks[0].long != 120*time.Millisecond || e.marks[0].end.Sub(start) != 1190*time.Millisecond {
		t.Errorf("marks %v", e.marks)
	}
	if len(e.tones) != 2 || e.tones[1].hz != 660 || e.tones[1].lasts < 900*time.Millisecond || e.tones[1].first.Sub(start) != 1190*time.Millisecond {
		t.Errorf("tones %v, want 660 Hz from 1.19 s", e.tones)
	}
}

// Over a network that loses a tenth, doubles and delays, a call is one call and its people hang up in the end.
func TestLossyNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, n := network1(t, Config{Pace: time.Second})
		defer c.Close()
		lossy := wire.Lossy(0.2, 0.1, 30*time.Millisecond)
		n.Fate = func(from, to netip.AddrPort, b []byte, r *rand.Rand) wire.Fate {
			if from.Addr().String() == "10.0.0.1" { // what the telephone sends arrives: it has no retransmission of its own
				return lossy(from, to, b, r)
			}
			return wire.Fate{0}
		}
		for range 20 {
			id := string(rune('a' + len(c.Ledger())))
			u := phone(t, n, "10.0.0.2", "+12025550107", id)
			u.invite()
			u.answered()
			u.expect("BYE")
			u.close()
			time.Sleep(time.Minute)
		}
		for _, e := range c.Ledger() {
			if e.ByeBy != "us" || e.Overlap != 0 || e.Final != 200 {
				t.Errorf("ledger %+v", e)
			}
		}
		if rows := c.Ledger(); len(rows) != 20 {
			t.Errorf("%d rows", len(rows))
		}
	})
}

// Nobody of a callback has the voice of another, however often it is tried.
func TestVoicesOfACallbackDiffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, n := network1(t, Config{})
		defer c.Close()
		u := phone(t, n, "10.0.0.2", "+12025550101", "")
		defer u.close()
		u.extra = "X-Ringback-Callback: cb_1\r\n"
		seen := map[int]bool{}
		for i := range len(voices) {
			u.callID, u.cseq = string(rune('a'+i)), 0
			u.invite()
			u.finalACK(u.expect("486"))
			seen[row1(t, c, u.callID).ToneHz] = true
		}
		if len(seen) != len(voices) {
			t.Errorf("%d voices for %d calls", len(seen), len(voices))
		}
	})
}

// Two calls to one number at the same instant are told on both.
func TestOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, n := network1(t, Config{})
		defer c.Close()
		for i, id := range []string{"a", "b", "c"} {
			u := phone(t, n, "10.0.0."+string(rune('2'+i)), "+12025550107", id)
			defer u.close()
			u.invite()
			u.answered()
			if id == "b" {
				u.expect("BYE") // a has ended, too
			}
		}
		for i, want := range []int{1, 1, 0} {
			if e := c.Ledger()[i]; e.Overlap != want {
				t.Errorf("call %s: overlap %d, want %d", e.CallID, e.Overlap, want)
			}
		}
	})
}

// Where sound is thinned to a packet each 5 s, what was left out is no silence; a packet that is missing is.
func TestThinnedSoundIsNoSilence(t *testing.T) {
	start := time.Now()
	e := ear{eventPT: -1, laws: map[int]audio.Law{0: audio.ULaw}, pace: 5 * time.Second, known: func() []int { return voices[:] }, rec: &recording{},
		voice: 520, answered: start, silentFrom: start}
	b := make([]byte, 160)
	audio.ULaw.Encode(b, audio.Render(audio.Tone{Hz: []float64{660}, Level: 0.3, Ms: 20}))
	for i, at := range []time.Duration{0, 5, 10, 20} {
		e.hear(packet{seq: uint16(i), ts: uint32(at) * audio.Rate, ssrc: 1, payload: b}, start.Add(at*time.Second))
		if want := time.Duration(i/3) * 5 * time.Second; e.silence != want {
			t.Errorf("silence of %v after the packet at %d s, want %v", e.silence, at, want)
		}
	}
}

// A switch that cuts packets anew lets a marker end a little before its last sample was due at the other: it is found.
func TestMarkerHeardEarly(t *testing.T) {
	at := time.Now()
	said := &row{Entry: Entry{CallID: "b", Callback: "cb_1", AnsweredAt: at.Add(-2 * time.Second)}, closing: true, final: hearing{said: []time.Time{at}}}
	for early, found := range map[time.Duration]bool{-2 * time.Second: false, -25 * time.Millisecond: true, 0: true, 15 * time.Millisecond: true, time.Second: false} {
		me := &row{Entry: Entry{CallID: "a", Callback: "cb_1", AnsweredAt: at.Add(-2 * time.Second)}, closing: true,
			final: hearing{marks: []heardMark{{at.Add(-early), 200 * time.Millisecond}}}}
		b := newBook()
		b.byCallback["cb_1"] = []*row{me, said}
		if e := b.entry(me); (e.DelayMs != nil) != found || found && *e.DelayMs != -ms(early) {
			t.Errorf("%v early: delay %v", early, val(e.DelayMs))
		}
	}
}
