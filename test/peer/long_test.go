package peer_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestLongRequest: an INVITE above 1300 bytes goes over TCP by itself, and over UDP after all where the carrier has none.
func TestLongRequest(t *testing.T) {
	needSIPp(t)
	t.Parallel()
	label := strings.Repeat("a", 60)
	domain := strings.Join([]string{label, label, label, "example"}, ".") // stands three times in an INVITE
	for transport, mode := range map[string]string{"TCP": "t1", "UDP": "u1"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			port, dir := freePort(t), t.TempDir()
			cmd := exec.Command("sipp", "-sn", "uas", "-t", mode, "-i", "127.0.0.1", "-p", strconv.Itoa(port), "-nostdin", "-trace_msg", "-message_file", "messages")
			cmd.Dir, cmd.Env = dir, append(os.Environ(), "TERM=dumb")
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { done <- cmd.Wait() }()
			t.Cleanup(func() {
				_ = cmd.Process.Kill()
				<-done
			})
			if wait(t, 10*time.Second, func() (*int, bool) {
				if mode == "u1" {
					return &port, listens(port)
				}
				c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
				if err == nil {
					c.Close()
				}
				return &port, err == nil
			}) == nil {
				t.Fatal("sipp does not listen")
			}
			own := freePort(t)
			s := serve(t, config{http: "127.0.0.1:0", rtp: "127.0.0.1:0", sip: fmt.Sprintf(`udp://127.0.0.1:%d", "tcp://127.0.0.1:%d`, own, own)},
				seed(fmt.Sprintf(`{id: net, address: "sip:127.0.0.1:%d", domain: %s}`, port, domain)))
			cb := s.request(t, map[string]any{"button": "once", "number": "+12125550100", "destination": "tel:+12135550100"})
			r := s.await(t, cb, soon, "answered", func(r *record) bool { return r.last("agent").AnsweredAt != nil || r.State == "ended" })
			if r.last("agent").AnsweredAt == nil {
				t.Errorf("the long INVITE was not answered: %+v", r.last("agent"))
			}
			s.cancel(t, cb)
			s.ended(t, cb, soon)
			b, err := os.ReadFile(filepath.Join(dir, "messages"))
			if err != nil {
				t.Fatal(err)
			}
			if _, invite, ok := strings.Cut(string(b), "INVITE sip:"); !ok || !strings.Contains(invite[:min(900, len(invite))], "Via: SIP/2.0/"+transport) {
				t.Errorf("no INVITE over %s came to SIPp:\n%s", transport, tail(filepath.Join(dir, "messages"), 3000))
			}
		})
	}
}
