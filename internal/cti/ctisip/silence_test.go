package ctisip

import (
	"testing"
	"time"

	"ringback/internal/cti"
)

// Silence: the second trunk is tried after four seconds, the first sign of life wins.
func TestSilence(t *testing.T) {
	for name, c := range map[string]struct {
		first, second func(f *far, m *msg)
		told          string
		trunk         string
		cancelled     string // whose INVITE is cancelled, or answered and ended
	}{
		"closed port": {
			second: picksUp(time.Second, time.Second),
			told:   "sent, moved, ringing, answered, confirmed", trunk: "trk_b",
		},
		"late ring before the second rings": {
			first: once(func(f *far, m *msg) {
				after(4500*time.Millisecond, func() { f.reply(m, 180, "") })
				after(8*time.Second, func() { f.reply(m, 200, f.sdp()) })
			}, nil),
			second: picksUp(time.Second, time.Second),
			told:   "sent, moved, ringing, answered, confirmed", trunk: "trk_a", cancelled: "b",
		},
		"late 100 before the second rings": {
			first: once(func(f *far, m *msg) {
				after(4500*time.Millisecond, func() { f.reply(m, 100, "") })
				after(8*time.Second, func() { f.reply(m, 200, f.sdp()) })
			}, nil),
			second: picksUp(time.Second, time.Second),
			told:   "sent, moved, answered, confirmed", trunk: "trk_a", cancelled: "b",
		},
		"late ring after the second rings": {
			first:  once(func(f *far, m *msg) { after(6*time.Second, func() { f.reply(m, 180, "") }) }, nil),
			second: picksUp(time.Second, 5*time.Second),
			told:   "sent, moved, ringing, answered, confirmed", trunk: "trk_b", cancelled: "a",
		},
		"late answer while the second rings": {
			first:  once(func(f *far, m *msg) { after(7*time.Second, func() { f.reply(m, 200, f.sdp()) }) }, nil),
			second: picksUp(time.Second, 5*time.Second),
			told:   "sent, moved, ringing, answered, confirmed", trunk: "trk_a", cancelled: "b",
		},
		"both answer": {
			first:  once(func(f *far, m *msg) { after(12*time.Second, func() { f.reply(m, 200, f.sdp()) }) }, byes),
			second: picksUp(time.Second, time.Second),
			told:   "sent, moved, ringing, answered, confirmed", trunk: "trk_b", cancelled: "a bye",
		},
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, func(b *bench) {
				start := time.Now()
				var f1 *far
				if c.first != nil {
					var inv *msg
					f1 = b.far(trunkAddr, func(f *far, m *msg) {
						switch m.method {
						case "OPTIONS": // silence to that, too
						case "CANCEL":
							f.reply(m, 200, "")
							f.reply(inv, 487, "")
						case "INVITE":
							inv = m
							c.first(f, m)
						default:
							c.first(f, m)
						}
					})
				}
				f2 := b.far(secondAddr, c.second)
				b.trunks(trunk("a", trunkAddr), trunk("b", secondAddr))
				b.call(order("v"))
				between(t, "the second INVITE", f2.wait("INVITE", 1).at.Sub(start), 4*time.Second, 4500*time.Millisecond)
				b.await("v", cti.LegConfirmed)
				b.pass(20 * time.Second)
				if got := b.story("v"); got != c.told {
					t.Errorf("told %s", got)
				}
				if e := b.told("v", cti.LegAnswered)[0]; string(e.Trunk) != c.trunk {
					t.Errorf("answered on %s, want %s", e.Trunk, c.trunk)
				}
				cancels := map[string]int{"b": len(f2.count("CANCEL"))}
				if f1 != nil {
					cancels["a"], cancels["a bye"] = len(f1.count("CANCEL")), len(f1.count("BYE"))
				}
				for who, n := range cancels {
					if want := who == c.cancelled; (n > 0) != want {
						t.Errorf("%s ended %d times, want %v", who, n, want)
					}
				}
				if n := b.sw.Counters().SilentFailovers.Load(); n != 1 {
					t.Errorf("%d silent failovers counted", n)
				}
			})
		})
	}
}

func after(d time.Duration, f func()) { time.AfterFunc(d, f) }

// A trunk that answers OPTIONS is there: no second call.
func TestSilentCallOfALivingTrunk(t *testing.T) {
	simulate(t, func(b *bench) {
		b.far(trunkAddr, byes)
		f2 := b.far(secondAddr, picksUp(0, 0))
		b.trunks(trunk("a", trunkAddr), trunk("b", secondAddr))
		b.call(order("v"))
		b.pass(30 * time.Second)
		if n := len(f2.count("INVITE")); n != 0 {
			t.Errorf("%d INVITEs over the second trunk", n)
		}
	})
}
