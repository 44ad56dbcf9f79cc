package peer_test

import (
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// place is a network namespace by its name: a machine with addresses of its own. here is this one.
type place string

const here place = ""

// command lets a program run in the place.
func (p place) command(cmd *exec.Cmd) *exec.Cmd {
	if p == here {
		return cmd
	}
	in := exec.Command("ip", append([]string{"netns", "exec", string(p)}, cmd.Args...)...)
	in.Env, in.Dir = cmd.Env, cmd.Dir
	return in
}

// dial connects from the place.
func (p place) dial(ctx context.Context, network, addr string) (conn net.Conn, err error) {
	d := net.Dialer{Timeout: 5 * time.Second}
	err = p.within(func() (err error) { conn, err = d.DialContext(ctx, network, addr); return err })
	return conn, err
}

// listenUDP opens a socket in the place.
func (p place) listenUDP(addr string) (conn net.PacketConn, err error) {
	err = p.within(func() (err error) { conn, err = net.ListenPacket("udp4", addr); return err })
	return conn, err
}

// within lets f open a socket in the place: it stays in the namespace of the thread that made it.
func (p place) within(f func() error) error {
	if p == here {
		return f()
	}
	ns, err := os.Open("/run/netns/" + string(p))
	if err != nil {
		return err
	}
	defer ns.Close()
	runtime.LockOSThread()
	home, err := os.Open(fmt.Sprintf("/proc/self/task/%d/ns/net", syscall.Gettid()))
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer home.Close()
	if err := enter(ns); err != nil {
		runtime.UnlockOSThread()
		return err
	}
	err = f()
	if back := enter(home); back != nil {
		return back // the thread stays locked and ends with its goroutine
	}
	runtime.UnlockOSThread()
	return err
}

// setns is the number of setns(2), which package syscall lacks on some machines; 0 where it is not known here.
func setns() uintptr {
	return map[string]uintptr{"amd64": 308, "arm64": 268}[runtime.GOARCH]
}

func enter(ns *os.File) error {
	if _, _, e := syscall.RawSyscall(setns(), ns.Fd(), syscall.CLONE_NEWNET, 0); e != 0 {
		return fmt.Errorf("setns: %w", e)
	}
	return nil
}

func (p place) client() *http.Client {
	return &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DialContext: p.dial, DisableKeepAlives: p != here}}
}

// internet are five machines in namespaces of their own: the service behind 1:1 address translation, a carrier outside,
// and a telephone behind a router that gives each of its connections another port.
//
//	service 10.77.1.2 -- near 203.0.113.10 -- outside 203.0.113.1 -- far 203.0.113.203 -- phone 10.88.1.2
type internet struct{ service, near, outside, far, phone place }

func newInternet(t *testing.T) *internet {
	t.Helper()
	n := newPlaces(t, "")
	cable(t, n.service, "eth0", "10.77.1.2/24", n.near, "lan", "10.77.1.1/24")
	cable(t, n.near, "wan", "203.0.113.10/25", n.outside, "near", "203.0.113.1/25")
	cable(t, n.phone, "eth0", "10.88.1.2/24", n.far, "lan", "10.88.1.1/24")
	cable(t, n.far, "wan", "203.0.113.203/25", n.outside, "far", "203.0.113.201/25")
	do(t, n.outside, "ip addr add 203.0.113.77/25 dev near")
	for from, by := range map[place]string{n.service: "10.77.1.1", n.near: "203.0.113.1", n.phone: "10.88.1.1", n.far: "203.0.113.201"} {
		do(t, from, "ip route add default via "+by)
	}
	for _, p := range []place{n.near, n.outside, n.far} {
		do(t, p, "echo 1 > /proc/sys/net/ipv4/ip_forward")
	}
	do(t, n.near, "iptables -t nat -A PREROUTING -i wan -d 203.0.113.10 -j DNAT --to-destination 10.77.1.2")
	do(t, n.near, "iptables -t nat -A POSTROUTING -o wan -s 10.77.1.2 -j SNAT --to-source 203.0.113.10")
	do(t, n.far, "iptables -t nat -A PREROUTING -i wan -p udp --dport 5060 -j DNAT --to-destination 10.88.1.2")
	do(t, n.far, "iptables -t nat -A POSTROUTING -o wan -p udp -j MASQUERADE --to-ports 50000-51000 --random")
	do(t, n.far, "iptables -A FORWARD -i wan -m conntrack --ctstate NEW -p udp ! --dport 5060 -j DROP") // nothing comes in unasked but calls
	return n
}

// newPlaces are the machines without any cable; tag tells those of one test from those of another.
func newPlaces(t *testing.T, tag string) *internet {
	t.Helper()
	for _, program := range []string{"ip", "iptables"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	if os.Getuid() != 0 || setns() == 0 {
		t.Skip("only root makes network namespaces, on Linux with amd64 or arm64")
	}
	test := crc32.ChecksumIEEE([]byte(t.Name())) // several tests have machines at a time
	name := func(s string) place { return place(fmt.Sprintf("ringback-%d-%x-%s%s", os.Getpid(), test, tag, s)) }
	n := &internet{name("service"), name("near"), name("outside"), name("far"), name("phone")}
	all := []place{n.service, n.near, n.outside, n.far, n.phone}
	t.Cleanup(func() {
		for _, p := range all {
			_ = exec.Command("ip", "netns", "del", string(p)).Run() // it may not have come to be
		}
	})
	for _, p := range all {
		if out, err := exec.Command("ip", "netns", "add", string(p)).CombinedOutput(); err != nil {
			t.Skipf("network namespaces cannot be made here: %v: %s", err, out)
		}
		do(t, p, "ip link set lo up")
	}
	return n
}

// cable connects two machines.
func cable(t *testing.T, a place, aName, aAddr string, b place, bName, bAddr string) {
	t.Helper()
	out, err := exec.Command("ip", "link", "add", aName, "netns", string(a), "type", "veth", "peer", "name", bName, "netns", string(b)).CombinedOutput()
	if err != nil {
		t.Skipf("no virtual cables here: %v: %s", err, out)
	}
	do(t, a, "ip addr add "+aAddr+" dev "+aName+" && ip link set "+aName+" up")
	do(t, b, "ip addr add "+bAddr+" dev "+bName+" && ip link set "+bName+" up")
}

// do runs a line of shell in a place. What this kernel cannot is said, and the test not run.
func do(t *testing.T, p place, line string) {
	t.Helper()
	out, err := p.command(exec.Command("sh", "-c", line)).CombinedOutput()
	if err != nil {
		t.Skipf("%s: %v: %s", line, err, strings.TrimSpace(string(bytes.TrimSpace(out))))
	}
}
