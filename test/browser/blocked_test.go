//go:build browser

package browser

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// network is one of its own, with two addresses beside the loopback's: what a browser sees of a machine with two ways out.
// inside is what runs a command there.
func network(t *testing.T) (inside []string, name string) {
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
	name = fmt.Sprintf("rbt%d", os.Getpid())
	do := func(line string) { ip(t, line) }
	do("netns add " + name)
	t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", name).Run() })
	do("-n " + name + " link set lo up")
	// A browser that sees no network but the loopback looks for no way at all.
	for i, link := range []string{"a", "b"} {
		do(fmt.Sprintf("-n %s link add %s0 type veth peer name %[2]s1", name, link))
		do(fmt.Sprintf("-n %s addr add 10.9%d.0.1/24 dev %s0", name, 1+i, link))
		do(fmt.Sprintf("-n %s link set %s1 up", name, link))
		do(fmt.Sprintf("-n %s link set %s0 up", name, link))
		do(fmt.Sprintf("-n %s route add default via 10.9%d.0.2 metric %d", name, 1+i, 100+i))
	}
	return []string{"ip", "netns", "exec", name}, name
}

func ip(t *testing.T, line string) {
	t.Helper()
	if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v: %s", line, err, out)
	}
}

// blocked is a network in which nothing comes through to the port of browsers' speech but TCP.
func blocked(t *testing.T) (inside []string) {
	t.Helper()
	inside, name := network(t)
	ip(t, "netns exec "+name+" iptables -A INPUT -p udp --dport 3478 -j DROP")
	return inside
}

// Where UDP is blocked an agent answers, talks and is back after a reload as anywhere else: over TCP.
func TestAnswerOverTCP(t *testing.T) {
	node, chromium := tools(t)
	inside := blocked(t)
	r := demo(t, inside...)
	run(t, 4, append(inside, node, "answer.mjs", r.URL, r.Carrier, chromium, "dana", "tulip-field")...)
}
