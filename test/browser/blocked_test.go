//go:build browser

package browser

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// blocked is a network of its own in which nothing comes through to the port of browsers' speech but TCP.
func blocked(t *testing.T) (inside []string) {
	t.Helper()
	if os.Getenv("RINGBACK_TEST_LONG") == "" {
		t.Skip("long: a network that blocks UDP is tried with RINGBACK_TEST_LONG=1")
	}
	if os.Geteuid() != 0 {
		t.Skip("NOT RUN: a network of its own needs root")
	}
	for _, tool := range []string{"ip", "iptables"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("NOT RUN: %s is missing (apt-get install iproute2 iptables)", tool)
		}
	}
	name := fmt.Sprintf("rbt%d", os.Getpid())
	do := func(line string) {
		t.Helper()
		if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v: %s", line, err, out)
		}
	}
	do("netns add " + name)
	t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", name).Run() })
	do("-n " + name + " link set lo up")
	// A browser that sees no network but the loopback looks for no way at all.
	do("-n " + name + " link add a0 type veth peer name a1")
	do("-n " + name + " addr add 10.91.0.1/24 dev a0")
	do("-n " + name + " link set a1 up")
	do("-n " + name + " link set a0 up")
	do("-n " + name + " route add default via 10.91.0.2")
	do("netns exec " + name + " iptables -A INPUT -p udp --dport 3478 -j DROP")
	return []string{"ip", "netns", "exec", name}
}

// Where UDP is blocked an agent answers, talks and is back after a reload as anywhere else: over TCP.
func TestAnswerOverTCP(t *testing.T) {
	node, chromium := tools(t)
	inside := blocked(t)
	r := demo(t, inside...)
	run(t, 4, append(inside, node, "answer.mjs", r.URL, r.Carrier, chromium, "dana", "tulip-field")...)
}
