package ctisip

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"ringback/internal/cti"
)

// refresher=uac is ours; on glare we back off between 2.1 and 4 s.
func TestSessionTimerOfOurs(t *testing.T) {
	simulate(t, func(b *bench) {
		n := 0
		f := b.far(trunkAddr, once(func(f *far, m *msg) {
			n++
			switch n {
			case 1:
				f.reply(m, 200, f.sdp(), "Session-Expires: 90;refresher=uac")
			case 2:
				f.reply(m, 491, "")
			default:
				f.reply(m, 200, f.sdp(), "Session-Expires: 90;refresher=uac")
			}
		}, byes))
		v := b.speaks(f, 440) // who is silent is asked for life, too
		b.call(order("v"))
		first := f.wait("INVITE", 1)
		v.speak(first)
		glare := f.wait("INVITE", 2)
		again := f.wait("INVITE", 3)
		between(t, "refresh", glare.at.Sub(first.at), 44*time.Second, 46*time.Second)
		between(t, "back-off", again.at.Sub(glare.at), 2100*time.Millisecond, 4*time.Second)
		between(t, "next refresh", f.wait("INVITE", 4).at.Sub(again.at), 44*time.Second, 46*time.Second)
		if glare.header("Session-Expires") != "90;refresher=uac" || version(first) != version(again) {
			t.Errorf("refresh says %q", glare.header("Session-Expires"))
		}
		f.wait("ACK", 4)
	})
}

// Their re-INVITE while ours is open gets 491.
func TestGlare(t *testing.T) {
	simulate(t, func(b *bench) {
		n := 0
		f := b.far(trunkAddr, once(func(f *far, m *msg) {
			if n++; n == 1 {
				f.reply(m, 200, f.sdp(), "Session-Expires: 90;refresher=uac")
			}
		}, byes))
		b.call(order("v"))
		f.wait("INVITE", 2)
		f.request(f.wait("INVITE", 1), "INVITE", 1, f.sdp())
		if a := answer(f, "1 INVITE"); !strings.HasPrefix(a.start, "SIP/2.0 491") {
			t.Errorf("glare: %s", a.start)
		}
	})
}

// A session of 90 s that we refresh lives for five hours, by UPDATE where the far end allows it.
func TestFiveHoursOfOurs(t *testing.T) {
	for _, allow := range []string{"INVITE, ACK, BYE", "INVITE, ACK, BYE, UPDATE"} {
		simulateAt(t, time.Second, func(b *bench) {
			const timer = "Session-Expires: 90;refresher=uac"
			n := 0
			f := b.far(trunkAddr, once(func(f *far, m *msg) { n++; f.reply(m, 200, f.sdp(), timer, "Allow: "+allow) }, func(f *far, m *msg) {
				if m.method == "UPDATE" {
					n++
					f.reply(m, 200, "", timer)
				}
				byes(f, m)
			}))
			v := b.speaks(f, 440)
			v.each = time.Second
			b.call(order("v"))
			b.await("v", cti.LegConfirmed)
			v.speak(f.wait("INVITE", 1))
			for range 300 {
				b.sw.Play(context.Background(), "leg_v", cti.Program{Then: cti.SoundWait})
				b.pass(time.Minute)
				f.mu.Lock()
				f.got = nil
				f.mu.Unlock()
				v.mu.Lock()
				v.heard = nil
				v.mu.Unlock()
			}
			if got := b.told("v", cti.LegEnded); got != nil || n < 5*60*60/45 {
				t.Errorf("%s: ended %v after %d requests", allow, got, n)
			}
		})
	}
}

// hum makes a far end heard that is up: who is silent is asked for life, which refreshes the session, too.
func hum(b *bench, f *far, inv *msg) {
	v := b.speaks(f, 440)
	v.each = time.Second
	v.speak(inv)
}

// What the far end has promised to refresh and did not is ended in time for the BYE to arrive.
func TestSessionExpires(t *testing.T) {
	for _, c := range []struct {
		timer    string
		from, to time.Duration
	}{{"90;refresher=uas", 59 * time.Second, 61 * time.Second}, {"1800;refresher=uas", 1767 * time.Second, 1769 * time.Second}} {
		simulateAt(t, time.Second, func(b *bench) {
			f, inv := up(b, byes, "Session-Expires: "+c.timer, "Require: timer")
			hum(b, f, inv)
			for range 12 {
				b.sw.Play(context.Background(), "leg_v", cti.Program{Then: cti.SoundWait})
				b.pass(c.from / 12)
			}
			if b.told("v", cti.LegEnded) != nil {
				t.Errorf("%s: ended too early: %s", c.timer, b.story("v"))
			}
			bye := f.wait("BYE", 1)
			between(t, "BYE", bye.at.Sub(inv.at), c.from, c.to)
			if !strings.Contains(bye.header("Reason"), "expired") {
				t.Errorf("Reason %q", bye.header("Reason"))
			}
			if e := b.await("v", cti.LegEnded); e.Cause != cti.MediaLost || e.By != cti.ByNetwork {
				t.Errorf("told %s", b.story("v"))
			}
		})
	}
}

// A change without a timer takes the limit of the far end's away; one that is refreshed too often is refused.
func TestSessionTimerRequests(t *testing.T) {
	simulateAt(t, time.Second, func(b *bench) {
		f, inv := up(b, byes, "Session-Expires: 90;refresher=uas")
		hum(b, f, inv)
		f.request(inv, "UPDATE", 1, "", "Supported: timer", "Session-Expires: 30;refresher=uac")
		if a := answer(f, "1 UPDATE"); !strings.HasPrefix(a.start, "SIP/2.0 422") || a.header("Min-SE") != "90" {
			t.Errorf("30 s: %s %s", a.start, a.header("Min-SE"))
		}
		f.request(inv, "INVITE", 2, f.sdp())
		if a := answer(f, "2 INVITE"); a.header("Session-Expires") != "" {
			t.Errorf("answered %s", a.header("Session-Expires"))
		}
		f.ack(inv, 2)
		b.pass(2 * time.Minute)
		if got := b.told("v", cti.LegEnded); got != nil {
			t.Errorf("ended: %s", b.story("v"))
		}
		// Now we are to refresh.
		f.request(inv, "UPDATE", 3, "", "Supported: timer", "Session-Expires: 120;refresher=uas")
		if a := answer(f, "3 UPDATE"); a.header("Session-Expires") != "120;refresher=uas" {
			t.Errorf("answered %s", a.header("Session-Expires"))
		}
		asked := time.Now()
		for n := 2; ; n++ {
			if r := f.wait("INVITE", n); strings.Contains(r.header("Session-Expires"), "120;refresher=uac") {
				between(t, "our refresh", r.at.Sub(asked), 0, 61*time.Second)
				break
			}
		}
	})
}

// session_timer: off neither offers, takes nor answers one.
func TestSessionTimerOff(t *testing.T) {
	simulateAt(t, time.Second, func(b *bench) {
		f := b.far(trunkAddr, once(func(f *far, m *msg) { f.reply(m, 200, f.sdp(), "Session-Expires: 90;refresher=uas") }, byes))
		tr := trunk("a", trunkAddr)
		tr.SessionTimer = cti.TimerOff
		b.trunks(tr)
		b.call(order("v"))
		b.await("v", cti.LegConfirmed)
		inv := f.wait("INVITE", 1)
		if strings.Contains(inv.header("Supported"), "timer") {
			t.Errorf("offered %s", inv.header("Supported"))
		}
		f.request(inv, "UPDATE", 1, "", "Session-Expires: 90;refresher=uac")
		if a := answer(f, "1 UPDATE"); !strings.HasPrefix(a.start, "SIP/2.0 200") || a.header("Session-Expires") != "" {
			t.Errorf("answered %s %s", a.start, a.header("Session-Expires"))
		}
		b.pass(2 * time.Minute)
		if got := b.told("v", cti.LegEnded); got != nil {
			t.Errorf("ended: %s", b.story("v"))
		}
	})
}

// A refresh that is refused is asked for in another way: without UPDATE, with a longer session, with credentials.
func TestRefreshRefused(t *testing.T) {
	simulate(t, func(b *bench) {
		var said []string
		f := b.far(trunkAddr, func(f *far, m *msg) {
			said = append(said, m.method+" "+m.header("Session-Expires"))
			const timer = "Session-Expires: 90;refresher=uac"
			switch fmt.Sprint(m.method, len(f.count("INVITE"))) {
			case "INVITE1":
				f.reply(m, 200, f.sdp(), timer, "Allow: UPDATE")
			case "UPDATE1":
				f.reply(m, 501, "")
			case "INVITE2":
				f.reply(m, 422, "", "Min-SE: 600")
			case "INVITE3":
				f.reply(m, 407, "", `Proxy-Authenticate: Digest realm="x", nonce="y"`)
			case "INVITE4":
				if !strings.Contains(m.header("Proxy-Authorization"), `username="acct"`) {
					t.Errorf("credentials %q", m.header("Proxy-Authorization"))
				}
				f.reply(m, 200, f.sdp(), "Session-Expires: 600;refresher=uac")
			case "INVITE5":
				f.reply(m, 481, "")
			}
		})
		v := b.speaks(f, 440)
		tr := trunk("a", trunkAddr)
		tr.Username, tr.Password = "acct", "secret"
		b.trunks(tr)
		b.call(order("v"))
		v.speak(f.wait("INVITE", 1))
		last := f.wait("INVITE", 4)
		b.sw.Play(context.Background(), "leg_v", cti.Program{Then: cti.SoundWait})
		for range 4 {
			b.pass(time.Minute)
			b.sw.Play(context.Background(), "leg_v", cti.Program{Then: cti.SoundWait})
		}
		between(t, "the next", f.wait("INVITE", 5).at.Sub(last.at), 299*time.Second, 301*time.Second)
		if e := b.await("v", cti.LegEnded); e.Cause != cti.NormalClearing || e.By != cti.ByVisitor {
			t.Errorf("481 to a refresh: %s", b.story("v"))
		}
	})
}

// A telephone that answers OPTIONS for a call that it has ended is found out by a re-INVITE: at the first question if it has
// sent RTCP; else, for it may be a machine that understands calls alone, 20 s later.
func TestDeadPeerAnswersOptions(t *testing.T) {
	for name, reports := range map[string]bool{"reports": true, "never reported": false} {
		t.Run(name, func(t *testing.T) { simulate(t, func(b *bench) { deadButAnswers(b, reports) }) })
	}
}

func deadButAnswers(b *bench, reports bool) {
	ann, _ := joined(b, 0, func(f *far, m *msg) {
		if m.method == "OPTIONS" {
			f.reply(m, 200, "", "Allow: UPDATE")
		}
	})
	died, from, to := b.told("a", cti.LegAnswered)[0].At, 39*time.Second, 45*time.Second
	if reports {
		b.pass(4 * time.Second) // our port for RTCP opens with our first report
		reportsOnce(b, ann)
		died, from, to = time.Now(), 20*time.Second, 25*time.Second
	}
	for _, f := range b.fars {
		f.becomes(func(f *far, m *msg) {
			switch m.method {
			case "OPTIONS", "BYE":
				f.reply(m, 200, "")
			case "INVITE":
				f.reply(m, 481, "")
			}
		})
	}
	e := b.await("a", cti.LegEnded)
	between(b.t, "ended", e.At.Sub(died), from, to)
	if e.Cause != cti.MediaLost || e.By != cti.ByNetwork {
		b.t.Errorf("told %s", b.story("a"))
	}
}

// reportsOnce sends a receiver report without blocks to the port after our sound's.
func reportsOnce(b *bench, f *far) {
	v := b.speaks(f, 440)
	to := v.address(f.wait("INVITE", 1)).(*net.UDPAddr)
	if _, err := v.conn.WriteTo([]byte{0x80, 201, 0, 1, 0, 0, 0, 7}, &net.UDPAddr{IP: to.IP, Port: to.Port + 1}); err != nil {
		b.t.Fatal(err)
	}
}
