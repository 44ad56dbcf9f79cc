package peer_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"ringback/internal/audio"
	"ringback/internal/simcarrier"
)

// Ports of the service's media, and where a stranger sits.
const (
	firstMedia, lastMedia = 20000, 20059
	strangerAddr          = "203.0.113.77:4000"
)

// TestNAT: the service has a private address behind 1:1 address translation and is told its public one; the carrier is
// outside; the agent's telephone sits behind a router that masquerades. Tones go both ways, and whoever hangs up, the
// BYE arrives everywhere. A stranger gets nothing of it and injects nothing.
func TestNAT(t *testing.T) {
	needBaresip(t)
	t.Parallel()
	n := newInternet(t)
	ann := phone(t, "ann", "10.88.1.2:5060", 1800, n.phone)
	carrier := start(t, t.TempDir(), "carrier", n.outside.command(program(t, "carrier", "--listen", "udp://203.0.113.1:5070", "--http", "203.0.113.1:5071")))
	s := serve(t, config{http: "10.77.1.2:8080", sip: "udp://10.77.1.2:5060", rtp: fmt.Sprintf("10.77.1.2:%d-%d", firstMedia, lastMedia), at: n.service,
		more: "url: http://10.77.1.2:8080\npublic: {ip4: 203.0.113.10}\n"},
		seed(`{id: net, address: "sip:203.0.113.1:5070"}`)+`
agents:
  - {id: ann, name: Ann, devices: ["sip:ann@203.0.113.203:5060"], ready: true, represents: [{subscriber: acme, display_name: Ann at Acme}]}
`)
	outside := n.outside.client()
	for _, c := range []struct {
		who    string
		number string
		hangUp func(cb string)
	}{
		{"us", "+12125550100", func(cb string) { s.cancel(t, cb) }},
		{"visitor", "+12135550100", func(string) { hangUpAll(t, outside, carrier["http"]) }},
		{"agent", "+12145550100", func(string) { ann.do("hangup") }},
	} {
		t.Run(c.who+" hangs up", func(t *testing.T) {
			status, body := s.ask(t, "POST", "/api/v1/agents/ann/presence", map[string]any{"presence": "ready"})
			if status != 200 && status != 204 {
				t.Fatalf("presence: %d %s", status, body)
			}
			cb := s.request(t, map[string]any{"button": "once", "number": c.number})
			s.connected(t, cb, soon)
			var e simcarrier.Entry
			heard := wait(t, 10*time.Second, func() (*simcarrier.Entry, bool) {
				e = entryOf(t, outside, carrier["http"], cb)
				return &e, toneOf(e, int(ann.hz)) >= 3
			})
			if heard == nil {
				t.Errorf("the visitor heard the agent for %.1f s: %s", toneOf(e, int(ann.hz)), asJSON(e))
			}
			before := s.dropped(t)
			got := n.spray(t)
			if d := s.dropped(t) - before; d < 90 {
				t.Errorf("%d packets of a stranger were refused: they did not come to the two telephones' ports", d)
			}
			c.hangUp(cb)
			r := s.await(t, cb, soon, "ended", func(r *record) bool {
				return r.State == "ended" && r.last("visitor").EndedAt != nil && r.last("agent").EndedAt != nil
			})
			if r.Outcome != "completed" {
				t.Errorf("outcome %s", r.Outcome)
			}
			by := map[bool]string{true: "us", false: "them"}[c.who == "visitor"]
			if wait(t, 5*time.Second, func() (*simcarrier.Entry, bool) {
				e = entryOf(t, outside, carrier["http"], cb)
				return &e, !e.ByeAt.IsZero() && e.ByeBy == by
			}) == nil {
				t.Errorf("BYE at the carrier at %v by %q", e.ByeAt, e.ByeBy)
			}
			if len(e.SSRCs) != 1 || e.OwnEcho > 0 || e.SilenceMax > 2 {
				t.Errorf("visitor: %d senders, own voice %.1f s, nothing for %.1f s", len(e.SSRCs), e.OwnEcho, e.SilenceMax)
			}
			if wait(t, 5*time.Second, func() (*softphone, bool) { return ann, ann.calls() == 0 }) == nil {
				t.Error("the agent's telephone is still in its call")
			}
			if got > 0 || toneOf(e, strangeTone) > 0 || ann.hearsAny(strangeTone) {
				t.Errorf("a stranger got %d packets; the visitor heard him for %.1f s, the agent: %v", got, toneOf(e, strangeTone), ann.hearsAny(strangeTone))
			}
			if clear, own := ann.hears(float64(e.ToneHz)); clear < 2*time.Second || own > 0 {
				t.Errorf("the agent heard the visitor's %d Hz for %v, itself for %v", e.ToneHz, clear, own)
			}
		})
	}
}

// dropped is how many packets came to the service's media from where nobody is expected.
func (s *service) dropped(t *testing.T) (n int) {
	t.Helper()
	_, body := s.ask(t, "GET", "/metrics", nil)
	for line := range strings.Lines(string(body)) {
		if count, ok := strings.CutPrefix(line, `ringback_rtp_dropped_total{why="source"} `); ok {
			if _, err := fmt.Sscan(count, &n); err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("no ringback_rtp_dropped_total in the metrics:\n%s", body)
	return 0
}

// strangeTone is what a stranger says, in Hz.
const strangeTone = 2100

// spray sends a second of sound from an address that has no part in any call to all ports of the service's media, and
// returns how many packets came back.
func (n *internet) spray(t *testing.T) (got int) {
	t.Helper()
	conn, err := n.outside.listenUDP(strangerAddr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	p := make([]byte, 12+audio.Frame)
	p[0], p[11] = 0x80, 99
	lin := audio.Render(audio.Tone{Hz: []float64{strangeTone}, Level: 0.5, Ms: 1000})
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for at := 0; at < len(lin); at += audio.Frame {
		binary.BigEndian.PutUint16(p[2:], uint16(at/audio.Frame))
		binary.BigEndian.PutUint32(p[4:], uint32(at))
		audio.ULaw.Encode(p[12:], lin[at:at+audio.Frame])
		for port := firstMedia; port < lastMedia; port += 2 {
			if _, err := conn.WriteTo(p, &net.UDPAddr{IP: net.IPv4(203, 0, 113, 10), Port: port}); err != nil {
				t.Fatal(err)
			}
		}
		<-tick.C
	}
	if err := conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	for {
		if _, _, err := conn.ReadFrom(p); err != nil {
			return got
		}
		got++
	}
}

func entryOf(t *testing.T, c *http.Client, url, cb string) simcarrier.Entry {
	t.Helper()
	resp, err := c.Get(url + "/ledger?callback=" + cb)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var all []simcarrier.Entry
	if err := json.NewDecoder(resp.Body).Decode(&all); err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 {
		t.Fatalf("%d calls of %s at the carrier", len(all), cb)
	}
	return all[0]
}

func hangUpAll(t *testing.T, c *http.Client, url string) {
	t.Helper()
	req, err := http.NewRequest("DELETE", url+"/calls", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}
