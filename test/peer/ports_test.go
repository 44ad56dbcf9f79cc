package peer_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
)

// ports keeps what was given away, so that tests that run at the same time do not get the same.
type ports struct {
	mu   sync.Mutex
	seen map[int]bool
}

var given = ports{seen: map[int]bool{}}

// first says whether the port was not given before.
func (p *ports) first(port int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	again := p.seen[port]
	p.seen[port] = true
	return !again
}

// freePort is a UDP port of the loopback that nobody has now, with the one behind it, and is not given twice. It lies
// outside of what the kernel gives to sockets that ask for any.
func freePort(t testing.TB) int {
	t.Helper()
	for range 1000 {
		port := 10000 + 2*rand.IntN(5000)
		if !given.first(port) {
			continue
		}
		c, err := net.ListenPacket("udp4", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		return port
	}
	t.Fatal("no free port")
	return 0
}

// listens says whether somebody has the UDP port (the table of the kernel: sipp says nothing).
func listens(port int) bool {
	b, err := os.ReadFile("/proc/net/udp")
	return err == nil && strings.Contains(string(b), fmt.Sprintf(":%04X 00000000:0000", port))
}
