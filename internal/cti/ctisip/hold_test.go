package ctisip

import (
	"context"
	"strings"
	"testing"
	"time"

	"ringback/internal/cti"
)

// The spellings of hold and of coming back (RFC 3264 section 8.4, RFC 2543 appendix B.5), by re-INVITE and by UPDATE. The
// other one is never left in silence, and both hear each other afterwards.
func TestHoldAndBack(t *testing.T) {
	for name, change := range map[string]func(f *far) string{
		"sendonly": func(f *far) string { return f.sdp("a=sendonly") },
		"inactive": func(f *far) string { return f.sdp("a=inactive") },
		"zero":     func(f *far) string { return strings.Replace(f.sdp(), "c=IN IP4 10.0.0.9", "c=IN IP4 0.0.0.0", 1) },
	} {
		for _, method := range []string{"INVITE", "UPDATE"} {
			t.Run(name+" "+method, func(t *testing.T) {
				simulate(t, func(b *bench) {
					ann, vis := joined(b, 0, byes)
					annSays, visSays := b.moves(ann, 440), b.moves(vis, 1000)
					b.pass(3 * time.Second)
					hears(t, "before", visSays, 440, true)
					inv := ann.wait("INVITE", 1)
					asks := func(cseq int, body string) {
						ann.request(inv, method, cseq, body)
						if method == "INVITE" {
							ann.ack(inv, cseq)
						}
					}
					annSays.mute.Store(true)
					asks(2, change(ann))
					b.await("a", cti.LegHeld)
					for range 10 {
						from := time.Now()
						b.pass(2 * time.Second)
						if l := visSays.loudest(from); l < 200 {
							t.Errorf("silence of 2 s on hold: %d", l)
						}
					}
					annSays.mute.Store(false)
					asks(3, ann.sdp())
					b.await("a", cti.LegResumed)
					b.pass(3 * time.Second)
					hears(t, "after", visSays, 440, true)
					hears(t, "after", annSays, 1000, true)
					if got := b.story("a"); !strings.HasSuffix(got, "held, resumed") {
						t.Errorf("told %s", got)
					}
				})
			})
		}
	}
}

// moves gives a far end that is up a voice, at a port that it tells by a re-INVITE.
func (b *bench) moves(f *far, hz float64) *voice {
	b.t.Helper()
	v := b.speaks(f, hz)
	inv := f.wait("INVITE", 1)
	f.request(inv, "INVITE", 1, f.sdp())
	f.ack(inv, 1)
	v.speak(inv)
	return v
}

// hears says whether a far end has heard hz in the last second.
func hears(t *testing.T, when string, v *voice, hz float64, want bool) {
	t.Helper()
	now := time.Now()
	if l := v.level(hz, now.Add(-time.Second), now); (l > 1000) != want {
		t.Errorf("%s: %v Hz at level %.0f, want heard %v", when, hz, l, want)
	}
}

// loudest is the highest sample heard since.
func (v *voice) loudest(from time.Time) (most int16) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, p := range v.heard {
		for _, s := range p.samples {
			if !p.at.Before(from) {
				most = max(most, s, -s)
			}
		}
	}
	return most
}

// Music of who holds is heard by the other, instead of ours.
func TestHoldMusic(t *testing.T) {
	simulate(t, func(b *bench) {
		ann, vis := joined(b, 0, byes)
		music, visSays := b.moves(ann, 600), b.moves(vis, 1000)
		inv := ann.wait("INVITE", 1)
		ann.request(inv, "INVITE", 2, ann.sdp("a=sendonly"))
		ann.ack(inv, 2)
		b.await("a", cti.LegHeld)
		b.pass(3 * time.Second)
		hears(t, "music", visSays, 600, true)
		hears(t, "who holds", music, 1000, false)
	})
}

// Half an hour on hold without music: the call lives, and nobody is asked whether he does.
func TestHoldForHalfAnHour(t *testing.T) {
	for _, dir := range []string{"a=sendonly", "a=inactive"} {
		simulateAt(t, time.Second, func(b *bench) {
			ann, _ := joined(b, 0, byes)
			inv := ann.wait("INVITE", 1)
			ann.request(inv, "INVITE", 1, ann.sdp(dir))
			ann.ack(inv, 1)
			b.await("a", cti.LegHeld)
			asked := len(ann.count("OPTIONS"))
			b.pass(30 * time.Minute)
			if got := b.told("a", cti.LegEnded); got != nil || len(ann.count("OPTIONS")) != asked {
				t.Errorf("%s: ended %v, asked %d times", dir, got, len(ann.count("OPTIONS"))-asked)
			}
			// Back, and dead: that is noticed as ever.
			ann.request(inv, "INVITE", 2, ann.sdp())
			ann.ack(inv, 2)
			b.await("a", cti.LegResumed)
			back := time.Now()
			ann.becomes(nil)
			between(t, "the end", b.await("a", cti.LegEnded).At.Sub(back), 20*time.Second, 26*time.Second)
		})
	}
}

// The application puts the visitor on hold: he hears that it goes on and not her, she does not hear him; then they talk again.
func TestPutOnHold(t *testing.T) {
	simulate(t, func(b *bench) {
		ann, vis := b.talkers()
		if err := b.sw.Join(context.Background(), cti.Join{Callback: "cb_1", A: "leg_a", B: "leg_v"}); err != nil {
			t.Fatal(err)
		}
		b.await("v", cti.LegJoined)
		b.pass(2 * time.Second)
		hears(t, "before", ann, 1000, true)
		hears(t, "before", vis, 440, true)
		for range 2 {
			if err := b.sw.Hold(context.Background(), "leg_v", true); err != nil {
				t.Fatal(err)
			}
		}
		b.pass(time.Second)
		hears(t, "on hold", ann, 1000, false)
		hears(t, "on hold", vis, 440, false)
		from := time.Now()
		b.pass(20 * time.Second)
		vis.neverSilent(t, from, time.Now())
		if err := b.sw.Hold(context.Background(), "leg_v", false); err != nil {
			t.Fatal(err)
		}
		b.pass(time.Second)
		hears(t, "back", ann, 1000, true)
		hears(t, "back", vis, 440, true)
		ann.unbroken(t, "ann")
		vis.unbroken(t, "the visitor")
	})
}
