package simcarrier

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"ringback/internal/audio"
)

// zooStories calls a person on a line of each personality that imitates a carrier of the field.
func zooStories() map[string]func(t *testing.T, c *Carrier, u *uac) {
	return map[string]func(t *testing.T, c *Carrier, u *uac){
		"private_sdp": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			_, s := u.answered()
			h := u.listen(2 * time.Second)
			if s.addr.Addr() != behindRouter || h.packets < 90 || len(h.from) != 1 || h.from["10.0.0.1:"+fmt.Sprint(s.addr.Port())] == 0 {
				t.Errorf("SDP names %v, sound from %v", s.addr, h.from)
			}
		},
		"late_media_6s": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			u.answered()
			if h := u.listen(5900 * time.Millisecond); h.packets != 0 {
				t.Errorf("%d packets before their time", h.packets)
			}
			if h := u.listen(3 * time.Second); h.packets < 140 || h.keys != "1" {
				t.Errorf("%d packets, keys %q", h.packets, h.keys)
			}
		},
		"comfort_noise": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			u.answered()
			h := u.listen(10 * time.Second)
			if h.pts[13] < 6 || h.sizes[1] != h.pts[13] || h.pts[0] < 200 || h.pts[0] > 330 || h.gaps != 0 || len(h.marks) < 3 {
				t.Errorf("types %v, %d gaps, talk-spurts at %v", h.pts, h.gaps, h.marks)
			}
		},
		"silent_mute": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			u.answered()
			if h := u.listen(20 * time.Second); h.packets < 190 || h.packets > 205 {
				t.Errorf("%d packets", h.packets)
			}
		},
		"rtcp": func(t *testing.T, c *Carrier, u *uac) {
			reports, err := c.cfg.Net.ListenPacket("10.0.0.2:4001")
			if err != nil {
				t.Fatal(err)
			}
			defer reports.Close()
			u.invite()
			_, s := u.answered()
			go u.speak(s, 660, 3*time.Second)
			b := make([]byte, 500)
			for i := range 2 {
				n, from, err := reports.ReadFrom(b)
				if err != nil || n < 28 || b[1] != 200 || from.String() != netip.AddrPortFrom(s.addr.Addr(), s.addr.Port()+1).String() {
					t.Fatalf("report %d: % x from %v", i, b[:n], from)
				}
				// a receiver report about its packets: a quarter lost, 10 ms of jitter, its own report 500 ms ago
				r := append([]byte{0x81, 201, 0, 7, 0, 0, 0, 9}, b[4:8]...)
				r = append(r, 64, 0, 0, 3, 0, 0, 1, 0, 0, 0, 0, 80)
				r = append(append(r, b[10:14]...), 0, 0, 0x80, 0)
				r = append(r, 0x81, 203, 0, 1, 0, 0, 0, 9)
				u.listen(520 * time.Millisecond)
				_, _ = reports.WriteTo(r, from)
			}
			u.listen(time.Second)
			e := row1(t, c, "x").RTCP
			if e == nil || e.Sent != 2 || e.Heard != 2 || !e.Bye || e.Lost != 0.25 || e.JitterMs != 10 || e.RTTMs == nil || *e.RTTMs < 19 || *e.RTTMs > 21 || e.Strange != 0 {
				t.Errorf("RTCP %+v", e)
			}
		},
		"rtcp_mux": func(t *testing.T, c *Carrier, u *uac) {
			u.offer += "a=rtcp-mux\r\n"
			u.invite()
			m, _ := u.answered()
			u.rtp.SetReadDeadline(time.Now().Add(3 * time.Second))
			b := make([]byte, 500)
			for n, _, err := u.rtp.ReadFrom(b); err == nil; n, _, err = u.rtp.ReadFrom(b) {
				if n > 1 && b[1] == 200 && strings.Contains(m.body, "a=rtcp-mux") {
					return
				}
			}
			t.Errorf("no report came with the sound; answer %q", m.body)
		},
		"deaf": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			_, s := u.answered()
			go u.speak(s, 660, time.Second)
			if h := u.listen(2 * time.Second); h.packets < 90 || row1(t, c, "x").Packets != 0 {
				t.Errorf("sent %d packets, heard %d", h.packets, row1(t, c, "x").Packets)
			}
		},
		"announcement_183": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			u.expect("183")
			h := u.listen(3 * time.Second)
			u.finalACK(u.expect("404"))
			e := row1(t, c, "x")
			if h.amplitude(audio.ULaw, time.Second, e.ToneHz) < 9000 || e.Final != 404 || !e.AnsweredAt.IsZero() {
				t.Errorf("%d packets, ledger %+v", h.packets, e)
			}
		},
		"sit_183": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			u.expect("183")
			specialTonesIn(t, u.listen(3*time.Second))
			u.finalACK(u.expect("404"))
		},
		"sit": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			u.answered()
			specialTonesIn(t, u.listen(3*time.Second))
			u.expect("BYE")
		},
		"forwarded_181": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			if m := u.expect("181"); !strings.HasPrefix(m.get("diversion"), "<sip:+12025550100@") || m.get("history-info") == "" {
				t.Errorf("181 with %v", m.heads)
			}
			u.expect("180")
			u.answered()
			h := u.listen(8 * time.Second)
			if e := row1(t, c, "x"); e.Person != "machine" || h.amplitude(audio.ULaw, 4100*time.Millisecond, 1000) < 9000 {
				t.Errorf("answered by %s", e.Person)
			}
		},
		"needs_prack": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			if m := u.expect("421"); m.get("require") != "100rel" {
				t.Errorf("Require %q", m.get("require"))
			} else {
				u.finalACK(m)
			}
			u.extra = "Supported: timer, 100rel\r\n"
			u.invite()
			first := u.expect("180")
			again := u.expect("180")
			if first.get("rseq") == "" || first.get("rseq") != again.get("rseq") || first.get("require") != "100rel" {
				t.Errorf("180 with %q and again with %q", first.get("rseq"), again.get("rseq"))
			}
			u.listen(10 * time.Second)
			if e := row1(t, c, "x"); !e.AnsweredAt.IsZero() {
				t.Error("answered without a PRACK")
			}
			u.toHead = first.get("to")
			u.extra = "RAck: 99 2 INVITE\r\n"
			u.send("PRACK", 3, "p3", "")
			u.expect("481")
			u.extra = "RAck: " + first.get("rseq") + " 2 INVITE\r\n"
			u.send("PRACK", 4, "p4", "")
			if m := u.expect("200"); m.cseqMethod == "INVITE" {
				u.expect("200")
			}
			u.listen(time.Second)
			if e := row1(t, c, "x"); e.AnsweredAt.IsZero() || e.Pracks != 1 {
				t.Errorf("ledger %+v", e)
			}
		},
		"false_answer": func(t *testing.T, c *Carrier, u *uac) {
			start := time.Now()
			u.invite()
			u.answered()
			about(t, "200", time.Since(start), 200*time.Millisecond, time.Millisecond)
			h := u.listen(8 * time.Second)
			if e := row1(t, c, "x"); h.amplitude(audio.ULaw, time.Second, 440) < 4000 || h.amplitude(audio.ULaw, 7*time.Second, e.ToneHz) < 9000 || h.keys != "1" {
				t.Errorf("keys %q; ringback %.0f, voice %.0f", h.keys, h.amplitude(audio.ULaw, time.Second, 440), h.amplitude(audio.ULaw, 7*time.Second, e.ToneHz))
			}
		},
		"fax": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			u.answered()
			if h := u.listen(3 * time.Second); h.amplitude(audio.ULaw, time.Second, 2100) < 9000 {
				t.Error("no 2100 Hz")
			}
		},
		"beep_machine":   becomes("machine"),
		"robot_screener": becomes("screens"),
		"update_only": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			u.answered()
			start := time.Now()
			m := u.expect("UPDATE")
			about(t, "refresh", time.Since(start), 45*time.Second, time.Millisecond)
			if m.body != "" || m.get("session-expires") != "90;refresher=uac" {
				t.Errorf("UPDATE with %q and %q", m.get("session-expires"), m.body)
			}
			u.send("INVITE", 2, "i2", u.offer)
			u.cseq = 2
			u.finalACK(u.expect("488"))
			if e := row1(t, c, "x"); e.Refreshes != 1 || e.Refused {
				t.Errorf("ledger %+v", e)
			}
		},
		"timer_cut": func(t *testing.T, c *Carrier, u *uac) {
			if err := c.SetPerson("0100", Person{Does: "answers", Talk: time.Hour}); err != nil {
				t.Fatal(err)
			}
			u.invite()
			if m, _ := u.answered(); m.get("session-expires") != "900;refresher=uac" {
				t.Errorf("Session-Expires %q", m.get("session-expires"))
			}
			u.listen(10 * time.Minute)
			start := time.Now()
			u.extra = "Session-Expires: 900;refresher=uac\r\n"
			u.send("UPDATE", 2, "u2", "")
			if m := u.expect("200"); m.get("session-expires") != "900;refresher=uac" {
				t.Errorf("the refresh was answered with %q", m.get("session-expires"))
			}
			for {
				m := <-u.inbox
				if m.method == "BYE" {
					break
				}
			}
			about(t, "BYE", time.Since(start), 15*time.Minute, time.Second)
			if e := row1(t, c, "x"); !e.Cut || e.ByeBy != "us" {
				t.Errorf("ledger %+v", e)
			}
		},
		"t38_reinvite": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			u.answered()
			u.deaf.Store(true)
			m := u.expect("INVITE")
			if !strings.Contains(m.body, "m=image ") || strings.Contains(m.body, "m=audio") {
				t.Errorf("offer %q", m.body)
			}
			u.write("SIP/2.0 488 No\r\nVia: " + m.get("via") + "\r\nFrom: " + m.get("from") + "\r\nTo: " + m.get("to") + "\r\nCall-ID: x\r\nCSeq: " + m.get("cseq") + "\r\n\r\n")
			u.expect("ACK")
			if h := u.listen(5 * time.Second); h.packets < 240 {
				t.Errorf("%d packets afterwards", h.packets)
			}
			if r := row1(t, c, "x").Reinvites; len(r) != 1 || r[0].Code != 488 || r[0].Direction != "image" {
				t.Errorf("re-INVITEs %+v", r)
			}
			u.bye()
		},
		"no_hold":  heldWith("488", "488"),
		"hold_491": heldWith("491", "200"),
		"hold_hangs_up": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			u.answered()
			u.send("INVITE", 2, "i2", u.sdp("0 101", "inactive"))
			u.expect("200")
			u.send("ACK", 2, "a2", "")
			u.expect("BYE")
		},
		"no_plus": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			u.finalACK(u.expect("484"))
			u.number, u.callID, u.toHead = "12025550100", "y", "<sip:12025550100@10.0.0.1>"
			u.invite()
			u.answered()
			u.bye()
		},
		"cps1": func(t *testing.T, c *Carrier, u *uac) {
			for i, want := range []string{"100", "503", "100"} {
				u.callID = fmt.Sprint("call", i)
				if i == 2 {
					u.listen(time.Second)
				}
				u.invite()
				u.expect(want)
			}
		},
		"wrong_caller_id": func(t *testing.T, c *Carrier, u *uac) {
			u.extra = "P-Asserted-Identity: \"Acme\" <sip:+12025550177@us>\r\n"
			u.invite()
			u.expect("180")
			if e := row1(t, c, "x"); e.CallerShown != "+12025550999" || e.CallerName != "Acme" {
				t.Errorf("shows %q %q", e.CallerShown, e.CallerName)
			}
			c.SetPersonality("")
			u.callID = "y"
			u.invite()
			u.answered()
			if e := row1(t, c, "y"); e.CallerShown != "+12025550177" || e.From != "+12025550190" {
				t.Errorf("shows %q, From %q", e.CallerShown, e.From)
			}
		},
		"decline_603": refusedWith("603", "retry-after", ""),
		"blocked_607": refusedWith("607", "retry-after", ""),
		"blocked_608": refusedWith("608", "call-info", "<https://carrier.example/redress>;purpose=jcard"),
	}
}

func specialTonesIn(t *testing.T, h heard) {
	t.Helper()
	for i, hz := range []int{950, 1400, 1800} {
		if v := h.amplitude(audio.ULaw, time.Duration(40+330*i)*time.Millisecond, hz); v < 9000 {
			t.Errorf("%d Hz: %.0f", hz, v)
		}
	}
}

func becomes(who string) func(t *testing.T, c *Carrier, u *uac) {
	return func(t *testing.T, c *Carrier, u *uac) {
		u.invite()
		u.answered()
		if e := row1(t, c, "x"); e.Person != who {
			t.Errorf("answered by %s", e.Person)
		}
	}
}

// heldWith holds twice.
func heldWith(codes ...string) func(t *testing.T, c *Carrier, u *uac) {
	return func(t *testing.T, c *Carrier, u *uac) {
		u.invite()
		u.answered()
		for i, want := range codes {
			u.cseq++
			u.send("INVITE", u.cseq, fmt.Sprint("h", i), u.sdp("0 101", "sendonly"))
			m := u.expect(want)
			branch := fmt.Sprint("h", i)
			if want == "200" {
				branch = "ack"
			}
			u.send("ACK", u.cseq, branch, "")
			if s, err := parseSDP(m.body); want == "200" && (err != nil || s.dir != "recvonly") {
				t.Errorf("held with %q", m.body)
			}
		}
		if e := row1(t, c, "x"); e.Held != (codes[1] == "200") || e.Resent != 0 {
			t.Errorf("ledger: held %v, %d sent again", e.Held, e.Resent)
		}
		u.bye()
	}
}
