package simcarrier

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/audio"
)

// TestPersonalities calls a person on a line of each personality. A personality without a story fails.
func TestPersonalities(t *testing.T) {
	stories := map[string]func(t *testing.T, c *Carrier, u *uac){
		"pcma_only": func(t *testing.T, c *Carrier, u *uac) {
			_, s := func() (*message, *session) { u.invite(); return u.answered() }()
			h := u.listen(2 * time.Second)
			if len(s.pts) != 2 || s.pts[0] != 8 || h.pts[8] == 0 || h.pts[0] != 0 || h.amplitude(audio.ALaw, time.Second, row1(t, c, "x").ToneHz) < 9000 {
				t.Errorf("answer %v, sound %v", s.pts, h.pts)
			}
			u.bye()
			u.callID, u.toHead, u.offer = "y", "<sip:x@y>", u.sdp("0 101", "sendrecv")
			u.invite()
			u.finalACK(u.expect("488"))
		},
		"ptime30": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			m, _ := u.answered()
			h := u.listen(3 * time.Second)
			if !strings.Contains(m.body, "a=ptime:30") || h.sizes[240] < 90 || len(h.sizes) != 1 || h.gaps != 0 {
				t.Errorf("sizes %v", h.sizes)
			}
			if h.keys != "1" {
				t.Errorf("keys %q", h.keys)
			}
		},
		"event_pt_96": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			_, s := u.answered()
			if h := u.listen(3 * time.Second); s.eventPT != 96 || h.pts[96] < 5 || h.keys != "1" {
				t.Errorf("event type %d, heard %v %q", s.eventPT, h.pts, h.keys)
			}
		},
		"no_events": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			_, s := u.answered()
			h := u.listen(3 * time.Second)
			lin := make([]int16, 800)
			at := samples(1520 * time.Millisecond)
			audio.ULaw.Decode(lin, h.pcm[at:at+800])
			if s.eventPT != -1 || len(h.pts) != 1 || audio.Goertzel(lin, 697) < 5000 || audio.Goertzel(lin, 1209) < 5000 {
				t.Errorf("event type %d, heard %v, key 1 in the sound: %.0f %.0f", s.eventPT, h.pts, audio.Goertzel(lin, 697), audio.Goertzel(lin, 1209))
			}
		},
		"info_keys": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			u.answered()
			if m := u.expect("INFO"); infoKey(m.body) != "1" || m.get("content-type") != "application/dtmf-relay" {
				t.Errorf("INFO %q", m.body)
			}
		},
		"asymmetric_rtp": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			_, s := u.answered()
			go u.speak(s, 660, time.Second)
			h := u.listen(2 * time.Second)
			if h.packets < 90 || len(h.from) != 1 || h.from[s.addr.String()] != 0 {
				t.Errorf("SDP names %v, sound came from %v", s.addr, h.from)
			}
			if e := row1(t, c, "x"); e.Packets != 50 {
				t.Errorf("heard %d packets at the port of the SDP", e.Packets)
			}
		},
		"new_tag_183_200": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			early := u.expect("183")
			e, err := parseSDP(early.body)
			if err != nil {
				t.Fatal(err)
			}
			m, s := u.answered()
			if m.toTag == early.toTag || m.toTag == "" || e.addr == s.addr {
				t.Errorf("183 with tag %s at %v, 200 with tag %s at %v", early.toTag, e.addr, m.toTag, s.addr)
			}
			if h := u.listen(time.Second); h.from[e.addr.String()] < 40 || h.from[s.addr.String()] < 40 {
				t.Errorf("sound from %v", h.from)
			}
			u.bye()
		},
		"early_media_183": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			early := u.expect("183")
			h := u.listen(900 * time.Millisecond)
			if h.amplitude(audio.ULaw, 500*time.Millisecond, 440) < 4000 {
				t.Error("no ringing in early media")
			}
			lin := make([]int16, 8000)
			audio.ULaw.Decode(lin, c.sounds.loop(ringing()[1].sound, audio.ULaw))
			if v := audio.DBFS(audio.RMS(lin)); v < -55 || v > -45 {
				t.Errorf("the pauses have %.0f dBFS, want about -50", v)
			}
			m, _ := u.answered()
			if h2 := u.listen(time.Second); m.toTag != early.toTag || len(h2.ssrcs) != 1 || h2.ssrcs[firstKey(h.ssrcs)] == 0 {
				t.Error("the answer is another dialog or source than the 183")
			}
		},
		"se90_refresher_uas": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			m, _ := u.answered()
			if m.get("session-expires") != "90;refresher=uas" {
				t.Errorf("Session-Expires %q", m.get("session-expires"))
			}
			start := time.Now()
			u.expect("INVITE")
			about(t, "refresh", time.Since(start), 45*time.Second, time.Millisecond)
			u.expect("ACK")
		},
		"reinvite_at_ack": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			u.answered()
			start := time.Now()
			u.expect("INVITE")
			about(t, "re-INVITE", time.Since(start), 50*time.Millisecond, time.Millisecond)
			if s, _ := parseSDP(u.expect("INVITE").body); s.dir != "sendonly" {
				t.Errorf("hold with %s", s.dir)
			}
			if s, _ := parseSDP(u.expect("INVITE").body); s.dir != "sendrecv" || s.version != "3" {
				t.Errorf("back with %s, version %s", s.dir, s.version)
			}
			u.expect("ACK")
			r := row1(t, c, "x").Reinvites
			if len(r) != 3 || r[0].Code != 200 || r[1].Answer != "recvonly" || r[2].Answer != "sendrecv" {
				t.Errorf("re-INVITEs: %+v", r)
			}
		},
		"many_180": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			u.answered()
			if e := row1(t, c, "x"); e.Provisionals < 16 {
				t.Errorf("%d provisionals", e.Provisionals)
			}
		},
		"silence": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			u.send("INVITE", 1, "i1", u.offer)
			u.send("CANCEL", 1, "i1", "")
			time.Sleep(10 * time.Second)
			if len(u.inbox) != 0 || row1(t, c, "x").Retransmits != 1 {
				t.Errorf("%d messages came", len(u.inbox))
			}
		},
		"only_100": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			u.expect("100")
			u.send("CANCEL", 1, "i1", "")
			time.Sleep(time.Minute)
			if len(u.inbox) != 0 {
				t.Errorf("%d messages came after the 100", len(u.inbox))
			}
		},
		"slow_6s": func(t *testing.T, c *Carrier, u *uac) {
			start := time.Now()
			u.invite()
			time.Sleep(3 * time.Second)
			u.send("INVITE", 1, "i1", u.offer)
			u.expect("100")
			about(t, "100", time.Since(start), 6*time.Second, time.Millisecond)
			u.answered()
			u.bye()
		},
		"no_1xx": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			if m := <-u.inbox; m.status != 200 {
				t.Errorf("%d came first", m.status)
			}
			if e := row1(t, c, "x"); !e.ProvisionalAt.IsZero() || e.RingingUntil.Sub(e.RingingFrom) != time.Second {
				t.Errorf("ledger %+v", e)
			}
		},
		"lost_ack": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			u.answered()
			u.answered()
			u.answered()
			time.Sleep(30 * time.Second)
			if e := row1(t, c, "x"); e.Resent != 2 || len(u.inbox) != 0 || !e.ByeAt.IsZero() {
				t.Errorf("ledger %+v", e)
			}
		},
		"lost_bye": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			u.answered()
			u.send("BYE", 2, "b2", "")
			u.send("BYE", 2, "b2", "")
			time.Sleep(time.Second)
			if e := row1(t, c, "x"); len(u.inbox) != 0 || !e.ByeAt.IsZero() {
				t.Errorf("%d messages, BYE at %v", len(u.inbox), e.ByeAt)
			}
			u.bye()
		},
		"challenge_stale": func(t *testing.T, c *Carrier, u *uac) {
			for i, want := range []string{"401", "401", "200"} {
				u.invite()
				m := u.expect(want)
				if want == "200" {
					break
				}
				u.finalACK(m)
				p := digestParams(strings.TrimPrefix(m.get("www-authenticate"), "Digest "))
				if (p["stale"] == "true") != (i == 1) {
					t.Errorf("challenge %d: %v", i, p)
				}
				u.extra = credentials("Authorization", p, "secret")
			}
		},
		"unavailable_503": refusedWith("503", "retry-after", "30"),
		"moved_302":       refusedWith("302", "contact", "<sip:+12025550199@192.0.2.1>"),
		"late_200": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			u.expect("180")
			u.send("CANCEL", 1, "i1", "")
			for u.expect("200").cseqMethod != "CANCEL" {
			}
			u.answered()
			u.bye()
			if e := row1(t, c, "x"); e.Final != 200 || e.CancelAt.IsZero() || e.AckedAt.IsZero() || e.ByeBy != "them" {
				t.Errorf("ledger %+v", e)
			}
		},
		"two_200": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			first, _ := u.answered()
			second, _ := u.answered()
			if first.toTag == second.toTag {
				t.Fatal("the same tag twice")
			}
			u.bye() // of the second
			u.toHead = first.get("to")
			time.Sleep(10 * time.Second)
			e := row1(t, c, "x")
			if e.TwinByeAt.IsZero() || !e.ByeAt.IsZero() || e.Resent != 0 {
				t.Errorf("ledger %+v", e)
			}
			u.bye()
		},
		"no_to_tag": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			if m, _ := u.answered(); m.toTag != "" {
				t.Errorf("To %q", m.get("to"))
			}
			u.bye()
		},
		"bye_ignored": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			u.answered()
			u.send("BYE", 2, "b2", "")
			u.send("BYE", 2, "b2", "")
			time.Sleep(10 * time.Second)
			if e := row1(t, c, "x"); len(u.inbox) != 0 || e.ByeBy != "them" || e.Retransmits != 1 {
				t.Errorf("%d messages, ledger %+v", len(u.inbox), e)
			}
		},
		"mute_in": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			_, s := u.answered()
			go u.speak(s, 660, time.Second)
			if h := u.listen(5 * time.Second); h.packets != 0 || row1(t, c, "x").Packets != 50 {
				t.Errorf("%d packets", h.packets)
			}
		},
		"freeze": func(t *testing.T, c *Carrier, u *uac) {
			u.invite()
			u.answered()
			h := u.listen(10 * time.Second)
			u.send("OPTIONS", 2, "o2", "")
			u.send("BYE", 3, "b3", "")
			time.Sleep(time.Second)
			if e := row1(t, c, "x"); h.packets < 245 || h.packets > 252 || len(u.inbox) != 0 || !e.Frozen {
				t.Errorf("%d packets, %d messages", h.packets, len(u.inbox))
			}
		},
		"challenge_401":    challenged("401", "www-authenticate", "Authorization"),
		"challenge_407":    challenged("407", "proxy-authenticate", "Proxy-Authorization"),
		"challenge_sha256": challenged("401", "www-authenticate", "Authorization"),
		"timer_422": func(t *testing.T, c *Carrier, u *uac) {
			u.extra = "Session-Expires: 90\r\n"
			u.invite()
			m := u.expect("422")
			if u.finalACK(m); m.get("min-se") != "1800" {
				t.Errorf("Min-SE %q", m.get("min-se"))
			}
			u.extra = "Session-Expires: 1800\r\n"
			u.invite()
			u.answered()
			u.bye()
		},
	}
	for _, p := range personalities() {
		t.Run(p.Name, func(t *testing.T) {
			story := stories[p.Name]
			if story == nil {
				story = zooStories()[p.Name]
			}
			if story == nil {
				story = registerStories()[p.Name]
			}
			if story == nil {
				t.Fatal("has no story")
			}
			synctest.Test(t, func(t *testing.T) {
				c, n := network1(t, Config{Username: "ann", Password: "secret"})
				defer c.Close()
				if err := c.SetPersonality(p.Name); err != nil {
					t.Fatal(err)
				}
				u := phone(t, n, "10.0.0.2", "+12025550100", "x")
				defer u.close()
				story(t, c, u)
			})
		})
	}
}

func firstKey(m map[uint32]int) uint32 {
	for k := range m {
		return k
	}
	return 0
}

func refusedWith(code, header, want string) func(t *testing.T, c *Carrier, u *uac) {
	return func(t *testing.T, c *Carrier, u *uac) {
		u.invite()
		m := u.expect(code)
		if u.finalACK(m); m.get(header) != want {
			t.Errorf("%s: %q", header, m.get(header))
		}
	}
}

func challenged(code, ask, answer string) func(t *testing.T, c *Carrier, u *uac) {
	return func(t *testing.T, c *Carrier, u *uac) {
		for _, password := range []string{"wrong", "replayed", "secret"} {
			u.callID, u.cseq, u.extra = password, 0, ""
			u.invite()
			m := u.expect(code)
			u.finalACK(m)
			p := digestParams(strings.TrimPrefix(m.get(ask), "Digest "))
			if password == "replayed" { // the right one, for a nonce of another day
				password, p["nonce"] = "secret", "x"
			}
			u.extra = credentials(answer, p, password)
			u.invite()
			if u.callID != "secret" {
				u.finalACK(u.expect("403"))
				continue
			}
			u.answered()
			if rows := c.Ledger(); len(rows) != 3 || rows[2].Final != 200 || rows[2].Overlap != 0 || rows[2].Retransmits != 0 {
				t.Errorf("ledger: %+v", rows)
			}
			u.bye()
		}
	}
}

// credentials is the header that answers challenge p, with a comma in the URI to be read through.
func credentials(header string, p map[string]string, password string) string {
	hash := func(s string) string { h := md5.Sum([]byte(s)); return hex.EncodeToString(h[:]) }
	if p["algorithm"] == "SHA-256" {
		hash = func(s string) string { h := sha256.Sum256([]byte(s)); return hex.EncodeToString(h[:]) }
	}
	response := hash(hash("ann:"+p["realm"]+":"+password) + ":" + p["nonce"] + ":00000001:abc:auth:" + hash("INVITE:sip:a,b@c"))
	return fmt.Sprintf("%s: Digest username=\"ann\", realm=%q, nonce=%q, uri=\"sip:a,b@c\", qop=auth, nc=00000001, cnonce=\"abc\", algorithm=%s, response=%q\r\n",
		header, p["realm"], p["nonce"], p["algorithm"], response)
}

// Personalities add up, the network's own and the line's.
func TestPersonalitiesAddUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, n := network1(t, Config{Personality: "pcma_only+ptime30"})
		defer c.Close()
		if err := c.SetPerson("0100", Person{Does: "answers", Personality: "no_events+ptime30", Tone: 437, Press: "12", Talk: 5 * time.Second}); err != nil {
			t.Fatal(err)
		}
		u := phone(t, n, "10.0.0.2", "+12025550100", "x")
		defer u.close()
		u.invite()
		u.answered()
		h := u.listen(4 * time.Second)
		e := row1(t, c, "x")
		if len(h.pts) != 1 || h.pts[8] == 0 || h.sizes[240] == 0 || h.amplitude(audio.ALaw, 2*time.Second, 437) < 9000 || e.Personality != "pcma_only+ptime30+no_events+ptime30" {
			t.Errorf("types %v, sizes %v, personality %s", h.pts, h.sizes, e.Personality)
		}
		u.expect("BYE")
		if w, _ := mannerOf("se90_refresher_uas+ptime30+se90_refresher_uas"); len(w.answerExtra) != 1 || len(w.answered) != 1 {
			t.Error("the same personality twice counts twice")
		}
		for _, bad := range []Person{{Does: "dances"}, {Does: "answers", Personality: "nice"}, {Does: "answers", Tone: 20}, {Does: "answers", Press: "x"}} {
			if c.SetPerson("0100", bad) == nil {
				t.Errorf("%+v was taken", bad)
			}
		}
	})
}

// A session timer of 90 s, refreshed by the carrier, for five hours of a simulated day.
func TestFiveHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, n := network1(t, Config{Personality: "se90_refresher_uas", Pace: time.Second})
		defer c.Close()
		if err := c.SetPerson("0100", Person{Does: "answers", Talk: 6 * time.Hour, Personality: "se90_refresher_uas"}); err != nil {
			t.Fatal(err)
		}
		u := phone(t, n, "10.0.0.2", "+12025550100", "x")
		defer u.close()
		u.invite()
		u.answered()
		for range 5 * 3600 / 45 {
			u.expect("INVITE")
			u.expect("ACK")
		}
		h := u.listen(time.Second)
		if e := row1(t, c, "x"); e.Refreshes != 400 || e.Resent != 0 || !e.ByeAt.IsZero() || h.packets == 0 {
			t.Errorf("%d refreshes, %d sent again", e.Refreshes, e.Resent)
		}
		u.deaf.Store(true) // refuses the next one
		m := u.expect("INVITE")
		u.write("SIP/2.0 488 No\r\nVia: " + m.get("via") + "\r\nFrom: " + m.get("from") + "\r\nTo: " + m.get("to") + "\r\nCall-ID: x\r\nCSeq: " + m.get("cseq") + "\r\n\r\n")
		start := time.Now()
		u.expect("BYE")
		about(t, "BYE", time.Since(start), 0, time.Millisecond)
		if e := row1(t, c, "x"); !e.Refused || e.ByeBy != "us" {
			t.Errorf("refused %v, BYE by %q", e.Refused, e.ByeBy)
		}
	})
}

// A re-INVITE that meets another is tried again within two seconds.
func TestGlare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, n := network1(t, Config{Personality: "reinvite_at_ack"})
		defer c.Close()
		u := phone(t, n, "10.0.0.2", "+12025550100", "x")
		defer u.close()
		u.invite()
		u.answered()
		u.deaf.Store(true)
		m := u.expect("INVITE")
		u.send("INVITE", 2, "i2", u.offer)
		u.expect("491")
		u.write("SIP/2.0 491 Pending\r\nVia: " + m.get("via") + "\r\nFrom: " + m.get("from") + "\r\nTo: " + m.get("to") + "\r\nCall-ID: x\r\nCSeq: " + m.get("cseq") + "\r\n\r\n")
		if ack := u.expect("ACK"); ack.via.branch != m.via.branch || ack.cseq != m.cseq {
			t.Errorf("ACK of a refusal with branch %s of %s", ack.via.branch, m.via.branch)
		}
		u.deaf.Store(false)
		start := time.Now()
		again := u.expect("INVITE")
		if d := time.Since(start); again.cseq <= m.cseq || d > 2*time.Second {
			t.Errorf("again after %v with CSeq %d after %d", d, again.cseq, m.cseq)
		}
	})
}
