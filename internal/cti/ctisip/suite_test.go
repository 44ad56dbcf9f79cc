package ctisip

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/cti"
	"ringback/internal/cti/ctitest"
	"ringback/internal/wire"
)

// The suite that every driver of cti.Switch passes, over SIP and RTP on the simulated network.
func TestSuite(t *testing.T) {
	ctitest.Run(t, func(t *testing.T, sink func(cti.Event)) *ctitest.Harness {
		b := newBench(t, wire.NewSimulated(1))
		b.simulated()
		b.pace = 100 * time.Millisecond
		b.tap = sink
		b.with = func(c *Config) { c.RTC = "10.0.0.1:3478" }
		b.open("udp://" + ours)
		town := newTown(b)
		pages := &suitePages{b: b, open: map[string]*ctitest.Browser{}}
		return &ctitest.Harness{
			Switch: b.sw,
			Trunk:  trunk("suite", trunkAddr),
			Phone:  func(last int) cti.Endpoint { return cti.Endpoint(fmt.Sprintf("sip:p%d@%s", last, trunkAddr)) },
			Script: func(at cti.Endpoint, p ctitest.Person) {
				town.mu.Lock()
				town.people[dialled(at)] = p
				town.mu.Unlock()
			},
			Restart: func() cti.Switch {
				b.kill()
				b.open("udp://" + ours)
				return b.sw
			},
			Browser:     pages.load,
			LoseBrowser: pages.lose,

			Call:  town.call,
			Open:  town.open,
			Rung:  func(at cti.Endpoint) int { return town.rung(dialled(at)) },
			Close: func() { pages.close(); b.stop(); town.stop() },
			Slack: 100 * time.Millisecond,
		}
	})
}

// dialled is the user part of an INVITE to an endpoint.
func dialled(e cti.Endpoint) string {
	user, _, _, _, _ := e.SIPURI()
	return e.Number() + user
}

// town is a carrier whose people do what the suite says.
type town struct {
	b      *bench
	far    *far
	sound  net.PacketConn
	mu     sync.Mutex
	people map[string]ctitest.Person
	calls  map[string]*townCall
	rings  map[string]int
	placed int // calls
	done   chan struct{}
}

type townCall struct {
	inv    *msg
	person ctitest.Person
	state  string // ringing, up, over
	cseq   int
}

func newTown(b *bench) *town {
	w := &town{b: b, people: map[string]ctitest.Person{}, calls: map[string]*townCall{}, rings: map[string]int{}, done: make(chan struct{})}
	var err error
	if w.sound, err = b.net.ListenPacket(strings.Replace(trunkAddr, "5060", "4000", 1)); err != nil {
		b.t.Fatal(err)
	}
	w.far = b.far(trunkAddr, w.on)
	go w.talk()
	return w
}

func (w *town) stop() {
	w.sound.Close()
	<-w.done
}

// talk sends a packet a second on every call that is up: enough to be heard.
func (w *town) talk() {
	defer close(w.done)
	p := make([]byte, 172)
	p[0] = 0x80
	for seq := byte(0); ; seq++ {
		w.mu.Lock()
		for _, c := range w.calls {
			if c.state != "up" {
				continue
			}
			for _, l := range splitLines(c.inv.body) {
				if port, ok := strings.CutPrefix(l, "m=audio "); ok {
					p[3], p[6] = seq, seq
					to := netip.AddrPortFrom(netip.MustParseAddrPort(ours).Addr(), uint16(atoi(port)))
					if _, err := w.sound.WriteTo(p, net.UDPAddrFromAddrPort(to)); err != nil {
						w.mu.Unlock()
						return
					}
				}
			}
		}
		w.mu.Unlock()
		w.sound.SetReadDeadline(time.Now().Add(time.Second))
		var b [2000]byte
		for {
			if _, _, err := w.sound.ReadFrom(b[:]); err == net.ErrClosed {
				return
			} else if err != nil {
				break
			}
		}
	}
}

func (w *town) on(f *far, m *msg) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.calls[m.header("Call-ID")]
	if c != nil && strings.HasPrefix(m.start, "SIP/2.0 ") {
		w.outcome(c, m)
		return
	}
	switch m.method {
	case "INVITE":
		switch {
		case c == nil:
			w.invited(f, m)
		case c.state == "up" && c.person.HoldCode != 0 && strings.Contains(m.body, "a=sendonly"):
			f.reply(m, c.person.HoldCode, "")
		case c.state == "up" && m.header("To") != c.inv.header("To"): // inside the call
			f.reply(m, 200, f.sdp())
		}
	case "CANCEL":
		f.reply(m, 200, "")
		if c != nil && c.state == "ringing" {
			c.state = "over"
			f.reply(c.inv, 487, "")
		}
	case "BYE":
		f.reply(m, 200, "")
		if c != nil {
			c.state = "over"
		}
	case "OPTIONS", "NOTIFY":
		f.reply(m, 200, "")
	}
}

func (w *town) invited(f *far, m *msg) {
	number := strings.TrimPrefix(strings.Fields(m.start)[1], "sip:")
	number, _, _ = strings.Cut(number, "@")
	c := &townCall{inv: m, person: w.people[number], state: "ringing"}
	w.calls[m.header("Call-ID")] = c
	w.rings[number]++
	f.reply(m, 180, "")
	final := map[string]int{"busy": 486, "declines": 603, "unknown": 404, "answers": 200}[c.person.Does]
	if final == 0 {
		return
	}
	after(c.person.After, func() { w.finally(c, final) })
}

func (w *town) finally(c *townCall, code int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.state != "ringing" {
		return
	}
	if code != 200 {
		c.state = "over"
		w.far.reply(c.inv, code, "")
		return
	}
	c.state = "up"
	w.far.reply(c.inv, 200, w.far.sdp())
	for i, k := range c.person.Press {
		after(c.person.PressAfter+time.Duration(i)*200*time.Millisecond, func() {
			w.says(c, "INFO", string(k), "Content-Type: application/dtmf")
		})
	}
	if to := c.person.Refers; to != "" {
		uri := "sip:" + strings.TrimPrefix(string(to), "sip:")
		if to.Number() != "" {
			uri = "sip:" + to.Number() + "@10.0.0.1"
		}
		after(c.person.ReferAfter, func() { w.says(c, "REFER", "", "Refer-To: <"+uri+">") })
	}
	if c.person.HoldAfter > 0 {
		after(c.person.HoldAfter, func() { w.says(c, "UPDATE", w.far.sdp("a=sendonly")) })
		after(c.person.HoldAfter+c.person.HoldFor, func() { w.says(c, "UPDATE", w.far.sdp()) })
	}
	if c.person.Talk > 0 {
		after(c.person.Talk, func() { w.says(c, "BYE", "") })
	}
}

func (w *town) says(c *townCall, method, body string, more ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.state != "up" {
		return
	}
	if method == "BYE" {
		c.state = "over"
	}
	c.cseq++
	w.far.request(c.inv, method, c.cseq, body, more...)
}

func (w *town) open() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.calls {
		if c.state != "over" {
			n++
		}
	}
	return n
}

func (w *town) rung(number string) int {
	synctest.Wait() // an order is taken before its INVITE is on the wire
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rings[number]
}
