package simcarrier

import (
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/audio"
)

// Each person of the contract, called by a raw telephone.
func TestRefusals(t *testing.T) {
	for number, want := range map[string]struct {
		code  string
		rings bool
		after time.Duration
	}{
		"+12025550101": {"486", false, 0},
		"+12025550104": {"603", true, time.Second},
		"+12025550109": {"404", false, 0},
		"12025550101":  {"486", false, 0},
		"2025550101":   {"486", false, 0},
		"desk-0101":    {"486", false, 0},
	} {
		t.Run(number, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, n := network1(t, Config{})
				defer c.Close()
				u := phone(t, n, "10.0.0.2", number, "x")
				defer u.close()
				start := time.Now()
				u.invite()
				m := u.expect(want.code)
				about(t, want.code, time.Since(start), want.after, time.Millisecond)
				u.expect(want.code) // again, until the ACK
				u.finalACK(m)
				time.Sleep(time.Minute)
				e := row1(t, c, "x")
				if e.Resent != 1 || e.RingingFrom.IsZero() == want.rings || e.Provisionals == 0 {
					t.Errorf("sent again %d times, want 1; rang: %v", e.Resent, !e.RingingFrom.IsZero())
				}
			})
		})
	}
}

func TestAnswersAndTalks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, n := network1(t, Config{Seed: 3})
		defer c.Close()
		u := phone(t, n, "10.0.0.2", "+12025550100", "x")
		defer u.close()
		u.extra = "X-Ringback-Callback: cb_1\r\nX-Ringback-Attempt: 2\r\nX-Ringback-Leg: leg_1\r\n"
		start := time.Now()
		u.invite()
		u.expect("180")
		about(t, "180", time.Since(start), 0, time.Millisecond)
		_, s := u.answered()
		about(t, "200", time.Since(start), time.Second, time.Millisecond)
		go u.speak(s, 660, 3*time.Second)
		h := u.listen(4 * time.Second)
		e := row1(t, c, "x")
		if h.keys != "1" {
			t.Errorf("pressed %q, want 1", h.keys)
		}
		if a := h.amplitude(audio.ULaw, 0, markerHz); a > 5000 {
			t.Errorf("the marker began at once, want 100 ms of silence")
		}
		if a := h.amplitude(audio.ULaw, 100*time.Millisecond, markerHz); a < 9000 {
			t.Errorf("marker of amplitude %.0f", a)
		}
		if a := h.amplitude(audio.ULaw, 500*time.Millisecond, e.ToneHz); a < 9000 {
			t.Errorf("voice of amplitude %.0f at %d Hz", a, e.ToneHz)
		}
		if len(h.marks) != 2 || h.marks[0] != 0 || h.marks[1] < 75 || h.marks[1] > 76 {
			t.Errorf("talk-spurts begin at packets %v, want the first and the key's", h.marks)
		}
		if len(h.ssrcs) != 1 || h.gaps != 0 || h.packets < 199 || h.pts[0] < 190 {
			t.Errorf("%d packets, %d gaps, sources %v, types %v", h.packets, h.gaps, h.ssrcs, h.pts)
		}
		u.bye()
		e = row1(t, c, "x")
		if len(e.Pressed) != 1 || e.Pressed[0].Key != "1" || e.Pressed[0].At.Sub(e.AnsweredAt) < 1500*time.Millisecond || e.Pressed[0].At.Sub(e.AnsweredAt) > 1520*time.Millisecond {
			t.Errorf("pressed %v after the answer at %v", e.Pressed, e.AnsweredAt)
		}
		if e.Callback != "cb_1" || e.Attempt != 2 || e.Leg != "leg_1" || e.To != "+12025550100" || e.From != "+12025550190" || e.Final != 200 ||
			e.ByeBy != "them" || e.Retransmits != 0 || e.Overlap != 0 || e.AckedAt.IsZero() || e.Codec != "pcmu" {
			t.Errorf("ledger: %+v", e)
		}
		if len(e.TonesHeard) != 1 || e.TonesHeard[0].Hz != 660 || e.TonesHeard[0].Seconds < 2.9 {
			t.Errorf("heard %v, want 660 Hz for 3 s", e.TonesHeard)
		}
		if e.SilenceMax < 0.9 || e.SilenceMax > 1.1 {
			t.Errorf("longest silence %.2f s, want the last second", e.SilenceMax)
		}
		if len(e.SSRCs) != 1 || e.SSRCs[0] != 77 || e.SeqGaps != 0 || e.Packets != 150 {
			t.Errorf("sources %v, %d gaps, %d packets", e.SSRCs, e.SeqGaps, e.Packets)
		}
	})
}

func TestHangsUpByItself(t *testing.T) {
	for number, want := range map[string]struct{ answer, talk time.Duration }{
		"+12025550100": {time.Second, time.Minute},
		"+12025550105": {20 * time.Second, time.Minute},
		"+12025550107": {time.Second, 2 * time.Second},
		"+12025550103": {3 * time.Second, 24500 * time.Millisecond},
		"+12025550108": {time.Second, 30 * time.Second},
	} {
		t.Run(number, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, n := network1(t, Config{})
				defer c.Close()
				u := phone(t, n, "10.0.0.2", number, "x")
				defer u.close()
				start := time.Now()
				u.invite()
				u.answered()
				about(t, "answer", time.Since(start), want.answer, time.Millisecond)
				u.expect("BYE")
				about(t, "BYE", time.Since(start), want.answer+want.talk, time.Millisecond)
				if e := row1(t, c, "x"); e.ByeBy != "us" || e.Resent != 0 {
					t.Errorf("BYE by %q, %d messages sent again", e.ByeBy, e.Resent)
				}
			})
		})
	}
}

func TestRingsForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, n := network1(t, Config{})
		defer c.Close()
		u := phone(t, n, "10.0.0.2", "+12025550102", "x")
		defer u.close()
		u.invite()
		u.expect("180")
		u.send("INVITE", 1, "i1", u.offer) // again: the same answer
		u.expect("180")
		time.Sleep(45 * time.Second)
		u.send("CANCEL", 1, "i1", "")
		u.expect("200")
		u.finalACK(u.expect("487"))
		if e := row1(t, c, "x"); e.Final != 487 || e.Retransmits != 1 || e.CancelAt.IsZero() || e.RingingUntil.Sub(e.RingingFrom) != 45*time.Second {
			t.Errorf("ledger: %+v", e)
		}
	})
}

func TestMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, n := network1(t, Config{})
		defer c.Close()
		u := phone(t, n, "10.0.0.2", "+12025550103", "x")
		defer u.close()
		u.invite()
		u.answered()
		h := u.listen(6 * time.Second)
		lin := make([]int16, 3*audio.Rate)
		audio.ULaw.Decode(lin, h.pcm[:len(lin)])
		if v := audio.DBFS(audio.RMS(lin)); v < -25 {
			t.Errorf("the announcement has %.0f dBFS", v)
		}
		if a := h.amplitude(audio.ULaw, 4100*time.Millisecond, 1000); a < 9000 {
			t.Errorf("the beep has amplitude %.0f", a)
		}
		if a := h.amplitude(audio.ULaw, 5*time.Second, 1000); a > 10 {
			t.Errorf("it should record silently: %.0f", a)
		}
	})
}

func TestScreeningRobot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, n := network1(t, Config{})
		defer c.Close()
		u := phone(t, n, "10.0.0.2", "+12025550108", "x")
		defer u.close()
		u.invite()
		_, s := u.answered()
		u.listen(4 * time.Second)
		u.speak(s, 660, 1500*time.Millisecond)
		h := u.listen(8 * time.Second) // holds what came while we spoke, too
		tone := row1(t, c, "x").ToneHz
		ring, voice := 0, 0
		for at := time.Duration(0); at < 8*time.Second; at += 200 * time.Millisecond {
			if h.amplitude(audio.ULaw, at, 440) > 4000 && h.amplitude(audio.ULaw, at, 480) > 4000 {
				ring++
			}
			if h.amplitude(audio.ULaw, at, tone) > 9000 {
				voice++
			}
		}
		if ring < 8 || voice < 15 || h.keys != "1" {
			t.Errorf("ringing %d, voice %d times 200 ms, keys %q: the person did not come on", ring, voice, h.keys)
		}
	})
}
