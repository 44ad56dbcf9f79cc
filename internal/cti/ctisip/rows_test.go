package ctisip

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ringback/internal/cti"
)

// What must happen to an INVITE when the far end misbehaves; each test is a row.

// byes answers BYE, CANCEL and OPTIONS with 200.
func byes(f *far, m *msg) {
	switch m.method {
	case "BYE", "CANCEL", "OPTIONS":
		f.reply(m, 200, "")
	}
}

// once calls f for the first INVITE of a Call-ID and CSeq and passes the rest on.
func once(first func(f *far, m *msg), rest func(f *far, m *msg)) func(f *far, m *msg) {
	var mu sync.Mutex
	seen := map[string]bool{}
	return func(f *far, m *msg) {
		if m.method != "INVITE" {
			if rest != nil {
				rest(f, m)
			}
			return
		}
		mu.Lock()
		key := m.header("Call-ID") + m.header("CSeq")
		again := seen[key]
		seen[key] = true
		mu.Unlock()
		if !again {
			first(f, m)
		}
	}
}

func TestManyProvisionals(t *testing.T) {
	simulateAt(t, time.Second, func(b *bench) {
		b.far(trunkAddr, once(func(f *far, m *msg) {
			for i := range 15 {
				time.AfterFunc(time.Duration(i)*time.Minute, func() { f.reply(m, 183, "") })
			}
			time.AfterFunc(15*time.Minute, func() { f.reply(m, 200, f.sdp()) })
		}, byes))
		o := order("v")
		o.Ring = 20 * time.Minute
		b.call(o)
		b.pass(15*time.Minute + time.Second)
		if got := b.story("v"); got != "sent, ringing, answered, confirmed" {
			t.Errorf("told %s", got)
		}
	})
}

// crossesCancel rings, and picks up when it is told to stop.
func crossesCancel() func(f *far, m *msg) {
	var inv *msg
	return func(f *far, m *msg) {
		switch m.method {
		case "INVITE":
			inv = m
			f.reply(m, 180, "")
		case "CANCEL":
			f.reply(inv, 200, f.sdp())
			f.reply(m, 200, "")
		case "BYE":
			f.reply(m, 200, "")
		}
	}
}

func TestAnswerCrossesCancel(t *testing.T) {
	simulate(t, func(b *bench) {
		f := b.far(trunkAddr, crossesCancel())
		b.call(order("v"))
		b.await("v", cti.LegRinging)
		b.sw.HangUp(context.Background(), "leg_v", cti.HangUp{Cause: cti.CauseCancelled})
		cancel := f.wait("CANCEL", 1)
		between(t, "ACK", f.wait("ACK", 1).at.Sub(cancel.at), 0, 100*time.Millisecond)
		between(t, "BYE", f.wait("BYE", 1).at.Sub(cancel.at), 0, 200*time.Millisecond)
		b.await("v", cti.LegEnded)
		if got := b.story("v"); got != "sent, ringing, ended cancelled by us 200" {
			t.Errorf("told %s", got)
		}
	})
}

func TestAnswerAfterGivingUp(t *testing.T) {
	simulate(t, func(b *bench) {
		f := b.far(trunkAddr, func(f *far, m *msg) { // silent
			if m.method == "BYE" {
				f.reply(m, 200, "")
			}
		})
		b.call(order("v"))
		inv := f.wait("INVITE", 1)
		b.pass(time.Second)
		b.sw.HangUp(context.Background(), "leg_v", cti.HangUp{Cause: cti.CauseCancelled})
		e := b.await("v", cti.LegEnded)
		between(t, "ended", e.At.Sub(inv.at), 31*time.Second, 33*time.Second)
		if e.Cause != cti.CauseCancelled || len(f.count("CANCEL")) > 0 {
			t.Errorf("told %s, %d CANCELs before any answer", b.story("v"), len(f.count("CANCEL")))
		}
		b.pass(5 * time.Second)
		late := time.Now()
		f.reply(inv, 200, f.sdp())
		between(t, "ACK", f.wait("ACK", 1).at.Sub(late), 0, 100*time.Millisecond)
		between(t, "BYE", f.wait("BYE", 1).at.Sub(late), 0, 200*time.Millisecond)
		f.reply(inv, 200, f.sdp()) // its ACK was lost
		f.wait("ACK", 2)
		b.pass(time.Second)
		if n := len(f.count("BYE")); n != 1 {
			t.Errorf("%d BYEs", n)
		}
	})
}

func TestForkedAnswers(t *testing.T) {
	simulate(t, func(b *bench) {
		f := b.far(trunkAddr, once(func(f *far, m *msg) {
			f.reply(m, 180, "", "tag=one")
			f.reply(m, 180, "", "tag=two")
			f.reply(m, 200, f.sdp(), "tag=one")
			time.AfterFunc(time.Second, func() { f.reply(m, 200, f.sdp(), "tag=two") })
		}, byes))
		b.call(order("v"))
		b.await("v", cti.LegConfirmed)
		bye := f.wait("BYE", 1)
		between(t, "BYE of the second", bye.at.Sub(b.told("v", cti.LegAnswered)[0].At), time.Second, 1200*time.Millisecond)
		if !strings.Contains(bye.header("To"), "tag=two") {
			t.Errorf("BYE to %s", bye.header("To"))
		}
		b.pass(time.Minute)
		if got := b.story("v"); got != "sent, ringing, answered, confirmed" || len(f.count("BYE")) != 1 {
			t.Errorf("told %s; %v", got, f.starts())
		}
	})
}

func TestTryingOnly(t *testing.T) {
	simulate(t, func(b *bench) {
		f := b.far(trunkAddr, func(f *far, m *msg) {
			if m.method == "INVITE" {
				f.reply(m, 100, "")
			}
		})
		b.call(order("v"))
		inv := f.wait("INVITE", 1)
		between(t, "CANCEL", f.wait("CANCEL", 1).at.Sub(inv.at), 44800*time.Millisecond, 45200*time.Millisecond)
		between(t, "ended", b.await("v", cti.LegEnded).At.Sub(inv.at), 49*time.Second, 50500*time.Millisecond)
		if got := b.story("v"); got != "sent, ended no_answer by us 0" {
			t.Errorf("told %s", got)
		}
	})
}

func TestAnswerWithoutTag(t *testing.T) {
	simulate(t, func(b *bench) {
		f := b.far(trunkAddr, once(func(f *far, m *msg) { f.reply(m, 200, f.sdp(), "tag=") }, byes))
		b.call(order("v"))
		f.wait("ACK", 1)
		f.wait("BYE", 1)
		if e := b.await("v", cti.LegEnded); e.Cause != cti.NetworkOutOfOrder {
			t.Errorf("told %s", b.story("v"))
		}
	})
}

func TestLostACK(t *testing.T) {
	simulate(t, func(b *bench) {
		f := b.far(trunkAddr, once(func(f *far, m *msg) {
			for i := range 4 {
				after(time.Duration(i)*500*time.Millisecond, func() { f.reply(m, 200, f.sdp()) })
			}
		}, byes))
		b.call(order("v"))
		f.wait("ACK", 4)
		if got := b.story("v"); got != "sent, answered, confirmed" || len(f.count("BYE")) != 0 {
			t.Errorf("told %s; %v", got, f.starts())
		}
	})
}

func TestRefusals(t *testing.T) {
	for code, want := range map[int]string{
		486: "user_busy by visitor 486", 603: "call_rejected by visitor 603", 600: "call_rejected by visitor 600", 404: "unallocated_number by network 404",
		480: "no_answer by visitor 480", 302: "network_out_of_order by network 302", 484: "invalid_number by network 484", 403: "network_out_of_order by network 403",
		608: "call_rejected by network 608",
	} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			simulate(t, func(b *bench) {
				elsewhere := b.far("10.0.0.7:5060", byes)
				second := b.far(secondAddr, picksUp(0, 0))
				f := b.far(trunkAddr, once(func(f *far, m *msg) {
					f.reply(m, 180, "")
					f.reply(m, code, "", "Contact: <sip:else@10.0.0.7:5060>")
				}, nil))
				b.trunks(trunk("a", trunkAddr), trunk("b", secondAddr))
				b.call(order("v"))
				b.await("v", cti.LegEnded)
				f.wait("ACK", 1)
				f.reply(f.wait("INVITE", 1), code, "") // its ACK was lost
				f.wait("ACK", 2)
				if got := b.story("v"); got != "sent, ringing, ended "+want {
					t.Errorf("told %s", got)
				}
				if n := len(elsewhere.starts()) + len(second.count("INVITE")); n != 0 {
					t.Errorf("%d messages elsewhere", n)
				}
			})
		})
	}
}

func TestRetryAfter(t *testing.T) {
	simulate(t, func(b *bench) {
		f := b.far(trunkAddr, once(func(f *far, m *msg) { f.reply(m, 503, "", "Retry-After: 60 (busy)") }, nil))
		b.far(secondAddr, picksUp(0, 0))
		b.trunks(trunk("a", trunkAddr), trunk("b", secondAddr))
		b.call(order("v"))
		e := b.await("v", cti.LegAnswered)
		between(t, "answered over the other trunk", time.Since(e.At), 0, time.Second)
		call := func(leg string) {
			b.sw.HangUp(context.Background(), "leg_v", cti.HangUp{Cause: cti.NormalClearing})
			b.await("v", cti.LegEnded)
			o := order(leg)
			o.Callback = "cb_" + "2"
			b.call(o)
		}
		b.pass(58 * time.Second)
		call("w")
		b.await("w", cti.LegAnswered)
		if n := len(f.count("INVITE")); n != 1 {
			t.Fatalf("%d INVITEs to the trunk that rests", n)
		}
		b.sw.HangUp(context.Background(), "leg_w", cti.HangUp{Cause: cti.NormalClearing})
		b.await("w", cti.LegEnded)
		b.pass(3 * time.Second)
		call("x")
		f.wait("INVITE", 2)
	})
}

func TestNoOtherTrunk(t *testing.T) {
	simulate(t, func(b *bench) {
		b.far(trunkAddr, once(func(f *far, m *msg) { f.reply(m, 503, "") }, nil))
		b.call(order("v"))
		b.await("v", cti.LegEnded)
		if got := b.story("v"); got != "sent, ended congestion by network 503" {
			t.Errorf("told %s", got)
		}
	})
}

// digest checks an Authorization header by hand (RFC 2617).
func digest(t *testing.T, m *msg, name, nonce string) bool {
	h := m.header(name)
	if h == "" {
		return false
	}
	get := func(k string) string {
		for p := range strings.SplitSeq(strings.TrimPrefix(h, "Digest "), ",") {
			if key, v, _ := strings.Cut(strings.TrimSpace(p), "="); key == k {
				return strings.Trim(v, `"`)
			}
		}
		return ""
	}
	sum := func(s string) string { b := md5.Sum([]byte(s)); return hex.EncodeToString(b[:]) }
	want := sum(sum("ann:carrier:secret") + ":" + nonce + ":" + get("nc") + ":" + get("cnonce") + ":auth:" + sum("INVITE:"+get("uri")))
	return get("response") == want && get("nonce") == nonce && m.method == "INVITE" && strings.Contains(m.start, get("uri"))
}

func TestCredentials(t *testing.T) {
	challenge := func(code int, nonce string, stale bool) (int, string) {
		name := "WWW-Authenticate"
		if code == 407 {
			name = "Proxy-Authenticate"
		}
		return code, fmt.Sprintf(`%s: Digest realm="carrier", nonce="%s", qop="auth", algorithm=MD5, stale=%v`, name, nonce, stale)
	}
	for name, c := range map[string]struct {
		code    int
		stale   bool
		pass    string
		invites int
		told    string
	}{
		"401":            {401, false, "secret", 2, "sent, answered, confirmed"},
		"407":            {407, false, "secret", 2, "sent, answered, confirmed"},
		"stale":          {401, true, "secret", 3, "sent, answered, confirmed"},
		"wrong password": {401, false, "wrong", 2, "sent, ended network_out_of_order by network 401"},
		"no password":    {407, false, "", 1, "sent, ended network_out_of_order by network 407"},
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, func(b *bench) {
				header := map[int]string{401: "Authorization", 407: "Proxy-Authorization"}[c.code]
				var n atomic.Int32
				f := b.far(trunkAddr, once(func(f *far, m *msg) {
					k := int(n.Add(1))
					if c.stale && k == 2 {
						code, h := challenge(c.code, "n2", true)
						f.reply(m, code, "", h)
						return
					}
					if k > 1 && digest(t, m, header, map[bool]string{true: "n2", false: "n1"}[c.stale]) {
						f.reply(m, 200, f.sdp())
						return
					}
					code, h := challenge(c.code, fmt.Sprintf("n%d", k), false)
					f.reply(m, code, "", h)
				}, byes))
				tr := trunk("a", trunkAddr)
				if c.pass != "" {
					tr.Username, tr.Password = "ann", c.pass
				}
				b.trunks(tr)
				b.call(order("v"))
				if strings.Contains(c.told, "ended") {
					b.await("v", cti.LegEnded)
				} else {
					b.await("v", cti.LegConfirmed)
				}
				b.pass(time.Second)
				if got := b.story("v"); got != c.told || int(n.Load()) != c.invites {
					t.Errorf("told %s after %d INVITEs, want %s after %d", got, n.Load(), c.told, c.invites)
				}
				all := f.count("INVITE")
				if a, z := all[0], all[len(all)-1]; a.header("Call-ID") != z.header("Call-ID") || a.header("From") != z.header("From") {
					t.Error("the second INVITE is of another call")
				}
			})
		})
	}
}

func TestIntervalTooSmall(t *testing.T) {
	simulate(t, func(b *bench) {
		f := b.far(trunkAddr, once(func(f *far, m *msg) {
			if m.header("Session-Expires") != "600" {
				f.reply(m, 422, "", "Min-SE: 600")
				return
			}
			f.reply(m, 422, "", "Min-SE: 900")
		}, byes))
		b.call(order("v"))
		b.await("v", cti.LegEnded)
		if n := len(f.count("INVITE")); n != 2 {
			t.Errorf("%d INVITEs, want 2", n)
		}
	})
}

func TestRingLimit(t *testing.T) {
	simulate(t, func(b *bench) {
		f := b.far(trunkAddr, picksUp(9*time.Second, time.Hour))
		b.call(order("v"))
		e := b.await("v", cti.LegRinging)
		between(t, "CANCEL", f.wait("CANCEL", 1).at.Sub(e.At), 29800*time.Millisecond, 30200*time.Millisecond)
		b.await("v", cti.LegEnded)
		if got := b.story("v"); got != "sent, ringing, ended no_answer by us 487" {
			t.Errorf("told %s", got)
		}
		f.wait("ACK", 1)
	})
}

func TestHardStop(t *testing.T) {
	simulate(t, func(b *bench) {
		f := b.far(trunkAddr, picksUp(20*time.Second, time.Hour))
		b.call(order("v"))
		between(t, "CANCEL", f.wait("CANCEL", 1).at.Sub(f.wait("INVITE", 1).at), 44800*time.Millisecond, 45200*time.Millisecond)
	})
}

// A CANCEL waits for the first provisional answer.
func TestCancelWaits(t *testing.T) {
	simulate(t, func(b *bench) {
		f := b.far(trunkAddr, once(func(f *far, m *msg) {
			after(3*time.Second, func() { f.reply(m, 180, "") })
		}, func(f *far, m *msg) {
			if m.method == "CANCEL" {
				f.reply(m, 200, "")
				f.reply(f.count("INVITE")[0], 487, "")
			}
		}))
		b.call(order("v"))
		inv := f.wait("INVITE", 1)
		b.pass(time.Second)
		b.sw.HangUp(context.Background(), "leg_v", cti.HangUp{Cause: cti.CauseCancelled})
		between(t, "CANCEL", f.wait("CANCEL", 1).at.Sub(inv.at), 3*time.Second, 3100*time.Millisecond)
		b.await("v", cti.LegEnded)
		if got := b.story("v"); got != "sent, ended cancelled by us 487" {
			t.Errorf("told %s", got)
		}
	})
}

func TestSilentAfterBye(t *testing.T) {
	simulate(t, func(b *bench) {
		f := b.far(trunkAddr, once(func(f *far, m *msg) { f.reply(m, 200, f.sdp()) }, nil))
		b.call(order("v"))
		b.await("v", cti.LegConfirmed)
		b.sw.HangUp(context.Background(), "leg_v", cti.HangUp{Cause: cti.NormalClearing})
		bye := f.wait("BYE", 1)
		between(t, "ended", b.await("v", cti.LegEnded).At.Sub(bye.at), 31*time.Second, 33*time.Second)
		if n := len(f.count("BYE")); n < 8 {
			t.Errorf("BYE sent %d times", n)
		}
	})
}
