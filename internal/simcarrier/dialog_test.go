package simcarrier

import (
	"math"
	"net"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/audio"
)

func addrPtr(ap netip.AddrPort) net.Addr { return net.UDPAddrFromAddrPort(ap) }

// What a telephone may ask inside and outside a call.
func TestInsideTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, n := network1(t, Config{})
		defer c.Close()
		u := phone(t, n, "10.0.0.2", "+12025550100", "x")
		defer u.close()
		u.send("OPTIONS", 1, "o1", "")
		if m := u.expect("200"); m.cseqMethod != "OPTIONS" || m.toTag == "" || m.get("allow") == "" {
			t.Errorf("OPTIONS outside: %+v", m)
		}
		u.send("BYE", 1, "b0", "")
		u.expect("481")
		u.send("CANCEL", 1, "c0", "")
		u.expect("481")
		u.send("REGISTER", 1, "r0", "")
		u.expect("401")

		u.invite()
		m, _ := u.answered()
		u.listen(500 * time.Millisecond)
		u.send("OPTIONS", 2, "o2", "")
		u.expect("200")
		u.send("INFO", 3, "n3", "Signal=5\r\nDuration=100\r\n")
		u.expect("200")
		u.send("INFO", 3, "n3", "Signal=5\r\nDuration=100\r\n") // again
		u.expect("200")
		u.send("MESSAGE", 4, "m4", "")
		u.expect("405")

		u.send("INVITE", 5, "i5", u.offer) // nothing changed: the same version
		same := u.expect("200")
		u.send("ACK", 5, "a5", "")
		first, _ := parseSDP(m.body)
		if s, _ := parseSDP(same.body); s.version != first.version || s.addr != first.addr || s.dir != "sendrecv" {
			t.Errorf("re-INVITE: version %s after %s, %s", s.version, first.version, s.dir)
		}
		u.send("UPDATE", 6, "u6", u.sdp("0 101", "sendonly"))
		if s, _ := parseSDP(u.expect("200").body); s.dir != "recvonly" || s.version == first.version {
			t.Errorf("hold: %s, version %s", s.dir, s.version)
		}
		u.listen(50 * time.Millisecond)
		if h := u.listen(time.Second); h.packets != 0 {
			t.Errorf("held, it sent %d packets", h.packets)
		}
		u.send("INVITE", 7, "i7", u.sdp("8 101", "sendrecv"))
		u.expect("200")
		u.expect("200") // again, until the ACK
		u.send("ACK", 7, "a7", "")
		if h := u.listen(time.Second); h.pts[8] < 40 {
			t.Errorf("taken back with A-law, it sent %v", h.pts)
		}
		u.send("INVITE", 8, "i8", u.sdp("3 101", "sendrecv"))
		u.finalACK(u.expect("488"))
		u.cseq = 8
		u.bye()
		if e := row1(t, c, "x"); e.KeysHeard != "5" || e.Retransmits != 1 || e.Resent != 1 {
			t.Errorf("keys %q, %d retransmits, %d sent again", e.KeysHeard, e.Retransmits, e.Resent)
		}
		u.bye()
	})
}

// An INVITE without an offer gets one; the ACK brings the answer.
func TestLateOffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, n := network1(t, Config{})
		defer c.Close()
		u := phone(t, n, "10.0.0.2", "+12025550100", "x")
		defer u.close()
		u.offer = ""
		u.invite()
		m := u.expect("200")
		if s, err := parseSDP(m.body); err != nil || len(s.pts) != 3 || s.eventPT != 101 {
			t.Fatalf("offer %q", m.body)
		}
		u.toHead = m.get("to")
		u.send("ACK", 1, "a1", u.sdp("8 101", "sendrecv"))
		if h := u.listen(time.Second); h.pts[8] < 40 {
			t.Errorf("sound %v", h.pts)
		}
		u.bye()
	})
}

// Without an ACK the 200 comes again for 32 s; then the call is ended.
func TestLostACK(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, n := network1(t, Config{})
		defer c.Close()
		u := phone(t, n, "10.0.0.2", "+12025550100", "x")
		defer u.close()
		u.invite()
		u.expect("200")
		start := time.Now()
		u.expect("BYE")
		about(t, "BYE", time.Since(start), 32*time.Second, time.Millisecond)
		if e := row1(t, c, "x"); e.Resent != 10 { // after 0.5, 1.5, 3.5 and then each 4 s
			t.Errorf("sent again %d times, want 10", e.Resent)
		}
		u.deaf.Store(true)
		u.callID, u.toHead = "y", "<sip:x@y>"
		u.invite()
		u.answered()
		u.expect("BYE")
		time.Sleep(time.Minute)
		if e := row1(t, c, "y"); e.Resent != 10 {
			t.Errorf("BYE was sent again %d times, want 10", e.Resent)
		}
	})
}

// The longest stretch without sound is told while nobody speaks, and not counted while we hold the other side.
func TestSilenceProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, n := network1(t, Config{Personality: "reinvite_at_ack"})
		defer c.Close()
		u := phone(t, n, "10.0.0.2", "+12025550100", "x")
		defer u.close()
		u.invite()
		_, s := u.answered()
		u.speak(s, 660, time.Second) // hold begins at 1.05 s and ends at 2.05 s
		time.Sleep(1200 * time.Millisecond)
		u.speak(s, 660, time.Second)
		if e := row1(t, c, "x"); e.SilenceMax > 0.3 {
			t.Errorf("silence %.2f s", e.SilenceMax)
		}
		time.Sleep(3 * time.Second)
		if e := row1(t, c, "x"); e.SilenceMax < 2.9 || e.SilenceMax > 3.1 {
			t.Errorf("silence %.2f s, want 3", e.SilenceMax)
		}
	})
}

// Voices can be told from each other, from the network's tones and from keys.
func TestVoicesAreApart(t *testing.T) {
	others := append(append(append([]int{markerHz}, network[:]...), keyRows[:]...), keyColumns[:]...)
	for i, v := range voices {
		if i > 0 && v-voices[i-1] < 40 || v < 500 || v > 1900 || v%10 != 0 {
			t.Errorf("voice %d", v)
		}
		for _, o := range others {
			if v-o < 20 && o-v < 20 {
				t.Errorf("voice %d is too near %d", v, o)
			}
		}
	}
	var book soundBook
	for _, hz := range append(append([]int{}, voices[:]...), network[:]...) {
		lin := make([]int16, 800)
		audio.ULaw.Decode(lin, book.loop(sound{a: hz}, audio.ULaw)[:800])
		e := ear{known: func() []int { return append(append([]int{}, voices[:]...), network[:]...) }}
		copy(e.window[:], lin)
		var somebody bool
		e.filled, e.credit = 800, 100*time.Millisecond
		e.analyse(&somebody)
		if len(e.tones) != 1 || e.tones[0].hz != hz || somebody == slices.Contains(network[:], hz) {
			t.Errorf("%d Hz was heard as %v", hz, e.tones)
		}
	}
	lin := make([]int16, 800)
	audio.ULaw.Decode(lin, book.loop(sound{syllables: true}, audio.ULaw)[2000:2800])
	e := ear{known: func() []int { return voices[:] }}
	copy(e.window[:], lin)
	e.filled = 800
	if e.analyse(new(bool)); len(e.tones) != 0 {
		t.Errorf("speech was heard as %v", e.tones)
	}
}

// A recording that is played to callers is heard whatever its tone; the notes of a signal are not.
func TestTheToneOfARecordingIsHeard(t *testing.T) {
	for _, c := range []struct {
		hz   int
		long time.Duration
		want time.Duration
	}{{1000, 2 * time.Second, 2 * time.Second}, {333, time.Second, time.Second}, {2999, time.Second, time.Second}, {523, 400 * time.Millisecond, 0}} {
		for _, law := range []audio.Law{audio.ULaw, audio.ALaw} {
			e := ear{known: func() []int { return append(append([]int{}, voices[:]...), network[:]...) }, pace: 20 * time.Millisecond}
			lin := make([]int16, samples(c.long))
			for i := range lin {
				lin[i] = int16(6000 * math.Sin(2*math.Pi*float64(c.hz*i)/audio.Rate))
			}
			coded := make([]byte, len(lin))
			law.Encode(coded, lin)
			law.Decode(lin, coded)
			var somebody bool
			for at := 0; at < len(lin); at += audio.Frame {
				e.collect(lin[at:at+audio.Frame], time.Now(), 20*time.Millisecond, &somebody)
			}
			switch {
			case somebody:
				t.Errorf("%d Hz was taken for a person", c.hz)
			case c.want == 0 && len(e.tones) > 0:
				t.Errorf("a note of %d Hz was heard as %v", c.hz, e.tones)
			case c.want > 0 && (len(e.tones) != 1 || e.tones[0].hz != c.hz || e.tones[0].lasts != c.want):
				t.Errorf("%d Hz for %s was heard as %v", c.hz, c.long, e.tones)
			}
		}
	}
}
