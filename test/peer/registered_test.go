package peer_test

import (
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
