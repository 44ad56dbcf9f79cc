package ctisip

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/speech"
	"ringback/internal/wire"
)

// dials sends an INVITE from a registered telephone.
func (p *deskphone) dials(number string, more ...string) *msg {
	p.cseq++
	m := &msg{start: "INVITE sip:" + number + "@10.0.0.1 SIP/2.0", method: "INVITE", from: udp(ours)}
	m.lines = append([]string{fmt.Sprintf("Via: SIP/2.0/UDP %s;branch=z9hG4bKdial%s%d;rport", p.conn.LocalAddr(), number, p.cseq),
		"Max-Forwards: 70", "From: <sip:" + p.user + "@10.0.0.1>;tag=d1", "To: <sip:" + number + "@10.0.0.1>", "Call-ID: dial-" + number + p.user,
		"CSeq: 1 INVITE", "Contact: " + p.contact, "Content-Type: application/sdp"}, more...)
	m.body = p.sdp()
	p.send(udp(ours), append([]string{m.start}, m.lines...), m.body)
	return m
}

// within sends a request of the dialog that an answer to dials opened: ACK, BYE; or with a nil answer the CANCEL.
func (p *deskphone) within(inv, answer *msg, method string, cseq int) {
	to, uri, branch := inv.header("To"), strings.Fields(inv.start)[1], fmt.Sprintf("z9hG4bK%s%d%s", method, cseq, p.user)
	via := fmt.Sprintf("Via: SIP/2.0/UDP %s;branch=%s;rport", p.conn.LocalAddr(), branch)
	if answer != nil {
		to = answer.header("To")
	} else {
		via = "Via: " + inv.header("Via")
	}
	p.send(udp(ours), []string{method + " " + uri + " SIP/2.0", via, "Max-Forwards: 70", "From: " + inv.header("From"), "To: " + to,
		"Call-ID: " + inv.header("Call-ID"), fmt.Sprintf("CSeq: %d %s", cseq, method)}, "")
}

// A registered telephone only answers: what it dials is refused, and a stranger at no address of ours gets nothing.
func TestTelephonesAnswerOnly(t *testing.T) {
	simulate(t, func(b *bench) {
		b.devices("ann")
		p := b.deskphone("10.0.1.1:5060", "ann", "ann-secret", nil)
		p.register()
		p.dials("2025550100")
		m := p.wait("SIP/2.0 403", 1)
		if !strings.Contains(m.header("Warning"), "answers calls and makes none") {
			t.Errorf("refused with %v", m.lines)
		}
		if n := b.sw.Counters().Dialled.Of("refused"); n != 1 {
			t.Errorf("counted %d", n)
		}
		other := b.deskphone("10.0.1.2:5060", "ann", "x", nil)
		other.dials("911")
		b.pass(10 * time.Second)
		if got := other.starts(); len(got) != 0 {
			t.Errorf("one that has not registered got %v", got)
		}
	})
}

// speaking lets the switch say the recorded sentences; more changes its configuration.
func speaking(t *testing.T, more func(*Config), f func(b *bench)) {
	simulateWith(t, func(c *Config) {
		c.Speech = speech.NewVoices().Samples
		if more != nil {
			more(c)
		}
	}, f)
}

func simulateWith(t *testing.T, change func(*Config), f func(b *bench)) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, wire.NewSimulated(1))
		b.with = change
		b.simulated()
		b.start("udp://" + ours)
		b.trunks(trunk("a", trunkAddr))
		defer b.stop()
		f(b)
	})
}

// Who dials an emergency number from a telephone that answers only hears a whole sentence, in early media, and then 403.
func TestEmergencyIsExplained(t *testing.T) {
	for _, number := range []string{"911", "112", "999", "110", "000"} {
		speaking(t, nil, func(b *bench) {
			b.devices("ann")
			p := b.deskphone("10.0.1.1:5060", "ann", "ann-secret", nil)
			ear := b.speaks(p.far, 440)
			p.register()
			inv := p.dials(number)
			at := p.wait("SIP/2.0 183", 1)
			m := p.wait("SIP/2.0 403", 1)
			p.within(inv, m, "ACK", 1)
			b.pass(time.Second)
			between(t, number+": the sentence", m.at.Sub(at.at), 1500*time.Millisecond, 8*time.Second)
			if !strings.Contains(m.start+m.header("Warning"), "cannot call emergency services, use your mobile") {
				t.Errorf("%s: refused with %v", number, m)
			}
			if loud := ear.loud(at.at); loud.IsZero() || loud.Sub(at.at) > 500*time.Millisecond {
				t.Errorf("%s: first heard at %v", number, loud)
			}
			if n := b.openStreams(); n != 0 {
				t.Errorf("%s: %d streams are left", number, n)
			}
		})
	}
}

// She hangs up while it is explained.
func TestEmergencyCancelled(t *testing.T) {
	speaking(t, nil, func(b *bench) {
		b.devices("ann")
		p := b.deskphone("10.0.1.1:5060", "ann", "ann-secret", nil)
		p.register()
		inv := p.dials("911")
		p.wait("SIP/2.0 183", 1)
		p.within(inv, nil, "CANCEL", 1)
		p.wait("SIP/2.0 200", 2) // the first was to REGISTER
		p.wait("SIP/2.0 487", 1)
		b.pass(time.Minute)
		if n := b.openStreams(); n != 0 {
			t.Errorf("%d streams are left", n)
		}
		if got := p.count("SIP/2.0 403"); len(got) != 0 {
			t.Errorf("refused after it was cancelled")
		}
	})
}

// A CANCEL that overtakes its INVITE ends it all the same.
func TestCancelOvertakes(t *testing.T) {
	speaking(t, nil, func(b *bench) {
		b.devices("ann")
		p := b.deskphone("10.0.1.1:5060", "ann", "ann-secret", nil)
		p.register()
		held := true
		w := func(from, to netip.AddrPort, m []byte, r *rand.Rand) wire.Fate {
			if held && strings.HasPrefix(string(m), "INVITE") {
				return wire.Fate{20 * time.Millisecond}
			}
			return wire.Fate{0}
		}
		b.weather.Store(&w)
		inv := p.dials("911")
		p.within(inv, nil, "CANCEL", 1)
		p.wait("SIP/2.0 481", 1)
		p.wait("SIP/2.0 487", 1)
		if got := p.count("SIP/2.0 183"); len(got) != 0 {
			t.Error("it was explained to nobody")
		}
	})
}

// With a trunk and a location an emergency call goes out as it was dialled, is heard both ways, and either side ends it.
func TestEmergencyCarried(t *testing.T) {
	for _, hangsUp := range []string{"ann", "help"} {
		speaking(t, func(c *Config) { c.EmergencyTrunk, c.Location = "a", "1 Main Street" }, func(b *bench) {
			b.devices("ann")
			p := b.deskphone("10.0.1.1:5060", "ann", "ann-secret", func(f *far, m *msg) {
				if m.method == "BYE" {
					f.reply(m, 200, "")
				}
			})
			help := b.far(trunkAddr, picksUp(100*time.Millisecond, 2*time.Second))
			annEar, helpEar := b.speaks(p.far, 440), b.speaks(help, 700)
			p.register()
			inv := p.dials("911")
			out := help.wait("INVITE", 1)
			if out.start != "INVITE sip:911@10.0.0.2:5060 SIP/2.0" || out.header("Priority") != "emergency" {
				t.Errorf("sent %s %s", out.start, out.header("Priority"))
			}
			ok := p.wait("SIP/2.0 200", 2)
			p.within(inv, ok, "ACK", 1)
			port := *inv
			port.body = ok.body
			annEar.speak(&port)
			helpEar.speak(out)
			talk := time.Now()
			b.pass(3 * time.Second)
			if a, h := annEar.level(700, talk.Add(time.Second), time.Now()), helpEar.level(440, talk.Add(time.Second), time.Now()); a < 3000 || h < 3000 {
				t.Errorf("ann hears %.0f of help, help %.0f of ann", a, h)
			}
			if hangsUp == "ann" {
				p.within(inv, ok, "BYE", 2)
				help.wait("BYE", 1)
			} else {
				help.request(out, "BYE", 1, "")
				p.wait("BYE", 1)
			}
			b.pass(5 * time.Second)
			if n := b.openStreams(); n != 0 {
				t.Errorf("%s hangs up: %d streams are left", hangsUp, n)
			}
		})
	}
}

// A trunk that does not carry it is told to her at once.
func TestEmergencyFails(t *testing.T) {
	speaking(t, func(c *Config) { c.EmergencyTrunk, c.Location = "a", "1 Main Street" }, func(b *bench) {
		b.devices("ann")
		p := b.deskphone("10.0.1.1:5060", "ann", "ann-secret", nil)
		b.far(trunkAddr, says(503))
		p.register()
		p.dials("112")
		m := p.wait("SIP/2.0 503", 1)
		b.pass(time.Minute)
		if !strings.Contains(m.start, "use your mobile") {
			t.Errorf("told %s", m.start)
		}
	})
}

// An answer without an ACK is repeated and then ended, as RFC 3261 wants it.
func TestAnswerWithoutACK(t *testing.T) {
	speaking(t, func(c *Config) { c.EmergencyTrunk, c.Location = "a", "1 Main Street" }, func(b *bench) {
		b.devices("ann")
		p := b.deskphone("10.0.1.1:5060", "ann", "ann-secret", byes)
		help := b.far(trunkAddr, picksUp(0, 0))
		p.register()
		p.dials("911")
		p.wait("SIP/2.0 200", 7)
		p.wait("BYE", 1)
		help.wait("BYE", 1)
		b.pass(time.Minute)
	})
}

// openStreams counts the ports of ours that carry speech now.
func (b *bench) openStreams() (n int) {
	for port := 20000; port < 20040; port += 2 {
		c, err := b.net.ListenPacket(fmt.Sprintf("10.0.0.1:%d", port))
		if err != nil {
			n++
			continue
		}
		c.Close()
	}
	return n
}
