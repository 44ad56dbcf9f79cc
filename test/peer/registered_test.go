package peer_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"
)

// twoDesks are two agents whose telephones register; ann represents the business.
const twoDesks = `
agents:
  - {id: ann, name: Ann, devices: ["sip:ann"], password_file: ann.pw, ready: true, represents: [{subscriber: acme, display_name: Ann at Acme}]}
  - {id: joe, name: Joe, devices: ["sip:joe"], password_file: joe.pw}
`

var deskPasswords = map[string]string{"ann.pw": passwordOf("ann"), "joe.pw": passwordOf("joe")}

// TestRegisteredPhones: two desk telephones register by digest over UDP and over TCP and are joined; over TCP our calls
// go down the connection that each has opened.
func TestRegisteredPhones(t *testing.T) {
	needBaresip(t)
	t.Parallel()
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			port := freePort(t)
			s := serve(t, config{http: "127.0.0.1:0", rtp: "127.0.0.1:0", files: deskPasswords,
				sip: fmt.Sprintf(`udp://127.0.0.1:%d", "tcp://127.0.0.1:%d`, port, port)}, seed()+twoDesks)
			server := fmt.Sprintf("127.0.0.1:%d", port)
			ann := registered(t, "ann", fmt.Sprintf("127.0.0.1:%d", freePort(t)), server, transport, 700, here)
			joe := registered(t, "joe", fmt.Sprintf("127.0.0.1:%d", freePort(t)), server, transport, 1000, here)
			cb := s.request(t, map[string]any{"button": "once", "endpoint": "sip:joe", "limits": "skip"})
			talkThrough(t, s, cb, ann, joe)
		})
	}
}

// TestRegisteredPhoneDials: a desk telephone that answers only dials an emergency number and is told where help is to be
// had; another number is refused with words for its display.
func TestRegisteredPhoneDials(t *testing.T) {
	needBaresip(t)
	t.Parallel()
	s := serve(t, config{files: deskPasswords}, seed()+twoDesks)
	ann := registered(t, "ann", fmt.Sprintf("127.0.0.1:%d", freePort(t)), s.sip, "udp", 700, here)
	for number, words := range map[string]string{"911": "No emergency calls here, use your mobile", "2125550100": "This telephone only answers"} {
		ann.do(fmt.Sprintf("dial sip:%s@%s", number, s.sip))
		if wait(t, soon, func() (*softphone, bool) { return ann, ann.said(words) }) == nil {
			t.Errorf("%s: nothing was told:\n%s", number, ann.log())
		}
	}
}

// TestRegisteredSurvivesKill: the service dies and comes back; a telephone that had registered before is rung at once.
func TestRegisteredSurvivesKill(t *testing.T) {
	needBaresip(t)
	t.Parallel()
	port, web := freePort(t), freePort(t)
	s := serve(t, config{http: fmt.Sprintf("127.0.0.1:%d", web), rtp: "127.0.0.1:0", files: deskPasswords,
		sip: fmt.Sprintf("udp://127.0.0.1:%d", port), more: fmt.Sprintf("url: http://127.0.0.1:%d\n", web)}, seed()+twoDesks)
	server := fmt.Sprintf("127.0.0.1:%d", port)
	ann := registered(t, "ann", fmt.Sprintf("127.0.0.1:%d", freePort(t)), server, "udp", 700, here)
	joe := registered(t, "joe", fmt.Sprintf("127.0.0.1:%d", freePort(t)), server, "udp", 1000, here)
	s.kill()
	start(t, s.dir, "again", here.command(program(t, "serve", "--config", "ringback.yaml")))
	began := time.Now()
	cb := s.request(t, map[string]any{"button": "once", "endpoint": "sip:joe", "limits": "skip"})
	talkThrough(t, s, cb, ann, joe)
	t.Logf("joined and heard %v after the start", time.Since(began).Round(time.Millisecond))
}

// TestRegisteredBehindRouter: a desk telephone behind a router that gives each connection another port registers, with
// the service behind 1:1 address translation. It rings and is heard; then its router forgets it, and within 30 s it rings
// again, for it comes back by itself.
func TestRegisteredBehindRouter(t *testing.T) {
	needBaresip(t)
	t.Parallel()
	n := newInternet(t)
	s := serve(t, config{http: "10.77.1.2:8080", sip: "udp://10.77.1.2:5060", rtp: fmt.Sprintf("10.77.1.2:%d-%d", firstMedia, lastMedia), at: n.service, files: deskPasswords, doors: "anywhere",
		more: "url: http://10.77.1.2:8080\npublic: {ip4: 203.0.113.10}\n"}, seed()+twoDesks)
	ann := registered(t, "ann", "10.88.1.2:5062", "203.0.113.10:5060", "udp", 700, n.phone)
	joe := phone(t, "joe", "203.0.113.1:5066", 1000, n.outside)
	ring := func() {
		t.Helper()
		if status, body := s.ask(t, "POST", "/api/v1/agents/ann/presence", map[string]any{"presence": "ready"}); status != 200 {
			t.Fatalf("presence: %d %s", status, body)
		}
		cb := s.request(t, map[string]any{"button": "once", "endpoint": "sip:joe@203.0.113.1:5066", "limits": "skip"})
		talkThrough(t, s, cb, ann, joe)
	}
	ring()
	before := addressOf(t, s, "ann")
	do(t, n.far, "ip addr del 203.0.113.203/25 dev wan && ip addr add 203.0.113.203/25 dev wan && ip route replace default via 203.0.113.201")
	lost := time.Now()
	back := wait(t, 30*time.Second, func() (*string, bool) {
		now := addressOf(t, s, "ann")
		return &now, now != before
	})
	if back == nil {
		t.Fatalf("not back %v after its router forgot it", time.Since(lost).Round(time.Second))
	}
	t.Logf("back as %s instead of %s, %v after its router forgot it", *back, before, time.Since(lost).Round(100*time.Millisecond))
	ring()
}

// addressOf is where an agent's only registered telephone speaks from.
func addressOf(t *testing.T, s *service, agent string) string {
	t.Helper()
	_, body := s.ask(t, "GET", "/api/v1/agents/"+agent, nil)
	var a struct{ Telephones []struct{ Address string } }
	if err := json.Unmarshal(body, &a); err != nil || len(a.Telephones) != 1 {
		t.Fatalf("%v: %s", err, body)
	}
	return a.Telephones[0].Address
}
