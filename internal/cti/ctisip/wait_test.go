package ctisip

import (
	"context"
	"strings"
	"testing"
	"time"

	"ringback/internal/cti"
	"ringback/internal/id"
)

// A far end in no talk is put on hold for as long as need be, and called back; what it answers decides. 491 is tried again
// a few times only, and a refusal leaves the call as it was.
func TestHoldFarEnd(t *testing.T) {
	for _, c := range []struct {
		name  string
		codes []int // what its INVITEs are answered with after the first; the last one for ever
		story string
		code  int // of the last fact
		said  string
	}{
		{"agrees", []int{200}, "held, resumed", 200, "sendrecv sendonly sendrecv"},
		{"refuses", []int{488}, "hold_refused", 488, "sendrecv sendonly"},
		{"glare", []int{491, 491, 200}, "held, resumed", 200, "sendrecv sendonly sendonly sendonly sendrecv"},
		{"491 for ever", []int{491}, "hold_refused", 491, "sendrecv sendonly sendonly sendonly sendonly sendonly sendonly"},
		{"no answer", []int{0}, "hold_refused", 408, "sendrecv sendonly"},
	} {
		t.Run(c.name, func(t *testing.T) {
			simulate(t, func(b *bench) {
				n := -1
				f := b.far(trunkAddr, once(func(f *far, m *msg) {
					if n++; n == 0 {
						f.reply(m, 200, f.sdp())
					} else if code := c.codes[min(n, len(c.codes))-1]; code == 200 {
						f.reply(m, 200, f.sdp(map[bool]string{true: "a=recvonly", false: "a=sendrecv"}[strings.Contains(m.body, "a=sendonly")]))
					} else if code != 0 {
						f.reply(m, code, "")
					}
				}, byes))
				b.call(order("v"))
				b.await("v", cti.LegConfirmed)
				b.hold("v", true)
				b.pass(35 * time.Second)
				if len(b.told("v", cti.LegHeld)) > 0 {
					b.pass(2 * time.Minute) // who waits need not send
					if got := len(f.count("OPTIONS")); got > 0 {
						t.Errorf("%d questions for life while it is on hold", got)
					}
					b.hold("v", false)
					b.pass(5 * time.Second)
				}
				all := b.story("v")
				if _, got, _ := strings.Cut(all, "confirmed, "); !strings.HasPrefix(strings.ReplaceAll(got, "quiet, ", ""), c.story) {
					t.Errorf("told %s", all)
				}
				for _, k := range []cti.EventKind{cti.LegHeld, cti.LegResumed, cti.LegHoldRefused} {
					for _, e := range b.told("v", k) {
						if e.SIPCode != c.code || e.By != cti.ByUs {
							t.Errorf("%s %d by %s, want %d", k, e.SIPCode, e.By, c.code)
						}
					}
				}
				if got := strings.Join(directions(f), " "); got != c.said {
					t.Errorf("said %q, want %q", got, c.said)
				}
				if len(b.told("v", cti.LegEnded)) != 0 {
					t.Error("it ended the call")
				}
			})
		})
	}
}

// The newest wish counts; the far end that hangs up ends the leg; a leg that is over cannot be held.
func TestHoldFarEndLeaves(t *testing.T) {
	simulate(t, func(b *bench) {
		n := 0
		f := b.far(trunkAddr, once(func(f *far, m *msg) {
			if n++; n != 2 {
				f.reply(m, 200, f.sdp())
				return
			}
			after(time.Second, func() { f.reply(m, 200, f.sdp("a=recvonly")) })
		}, byes))
		b.call(order("v"))
		b.await("v", cti.LegConfirmed)
		b.hold("v", true)
		b.hold("v", false)
		b.pass(5 * time.Second)
		if got := strings.Join(directions(f), " "); got != "sendrecv sendonly sendrecv" {
			t.Errorf("said %q", got)
		}
		b.hold("v", true)
		f.request(f.wait("INVITE", 1), "BYE", 1, "")
		if e := b.await("v", cti.LegEnded); e.By != cti.ByVisitor || e.Cause != cti.NormalClearing {
			t.Errorf("ended %s by %s", e.Cause, e.By)
		}
		if err := b.sw.Hold(context.Background(), "leg_v", false); err == nil {
			t.Error("a leg that is over is called back")
		}
	})
}

func (b *bench) hold(leg string, on bool) {
	b.t.Helper()
	if err := b.sw.Hold(context.Background(), id.Leg("leg_"+leg), on); err != nil {
		b.t.Fatal(err)
	}
}

// A hold that was refused is not asked for again by the next refresh of the session, which would be refused, too, and the
// call be ended.
func TestRefusedHoldAndRefresh(t *testing.T) {
	simulate(t, func(b *bench) {
		f := b.far(trunkAddr, once(func(f *far, m *msg) {
			if strings.Contains(m.body, "a=sendonly") {
				f.reply(m, 488, "")
				return
			}
			f.reply(m, 200, f.sdp(), "Session-Expires: 90;refresher=uac")
		}, byes))
		b.call(order("v"))
		b.await("v", cti.LegConfirmed)
		b.hold("v", true)
		b.await("v", cti.LegHoldRefused)
		b.pass(2 * time.Minute)
		if got := directions(f); len(got) < 4 || strings.Count(strings.Join(got, " "), "sendonly") != 1 {
			t.Errorf("said %v", got)
		}
		if len(b.told("v", cti.LegEnded)) != 0 {
			t.Error("it ended the call")
		}
	})
}
