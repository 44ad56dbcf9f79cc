//go:build browser

package browser

import (
	"bufio"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ringback/internal/cti/ctitest"
)

// inspected is two networks: in one the service, in the other a browser that gets nothing out but TLS on 443. What speaks
// STUN in the open is cut there, on that port too.
type inspected struct {
	t               *testing.T
	service, office string
	dir             string
}

const (
	serviceAt = "10.92.0.1"
	ledgerAt  = serviceAt + ":5071" // the test's own, which the office lets through
)

func inspectedNetworks(t *testing.T) *inspected {
	t.Helper()
	if os.Getenv("RINGBACK_TEST_LONG") == "" {
		t.Skip("long: a network that looks into connections is tried with RINGBACK_TEST_LONG=1")
	}
	if os.Geteuid() != 0 {
		t.Skip("NOT RUN: a network of its own needs root")
	}
	for _, tool := range []string{"ip", "iptables"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("NOT RUN: %s is missing (apt-get install iproute2 iptables)", tool)
		}
	}
	n := &inspected{t: t, service: fmt.Sprintf("rbs%d", os.Getpid()), office: fmt.Sprintf("rbo%d", os.Getpid()), dir: t.TempDir()}
	for _, name := range []string{n.service, n.office} {
		n.must("netns", "add", name)
		t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", name).Run() })
		n.must("-n", name, "link", "set", "lo", "up")
	}
	n.must("-n", n.service, "link", "add", "s0", "type", "veth", "peer", "name", "o0", "netns", n.office)
	for name, link := range map[string][2]string{n.service: {"s0", serviceAt}, n.office: {"o0", "10.92.0.2"}} {
		n.must("-n", name, "addr", "add", link[1]+"/24", "dev", link[0])
		n.must("-n", name, "link", "set", link[0], "up")
		n.must("-n", name, "route", "add", "default", "via", "10.92.0.9") // a browser without one looks for no way at all
	}
	for _, rule := range []string{
		"-o lo -j ACCEPT",
		"-p tcp --dport 443 -m string --algo bm --hex-string |2112A442| -j REJECT --reject-with tcp-reset",
		"-p tcp --dport 443 -j ACCEPT",
		"-p tcp --dport 5071 -j ACCEPT",
		"-j DROP",
	} {
		n.must(append([]string{"netns", "exec", n.office, "iptables", "-A", "OUTPUT"}, strings.Fields(rule)...)...)
	}
	return n
}

func (n *inspected) must(args ...string) {
	n.t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		n.t.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

func (n *inspected) in(where string, command ...string) []string {
	return append([]string{"ip", "netns", "exec", where}, command...)
}

// start runs a command of the program where the service is, and waits until it is ready.
func (n *inspected) start(args ...string) {
	n.t.Helper()
	words := n.in(n.service, append([]string{program(n.t)}, args...)...)
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Dir = n.dir
	var log strings.Builder
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		if n.t.Failed() {
			n.t.Logf("%s said:\n%s", args[0], log.String())
		}
	})
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		n.t.Fatalf("%s: %v\n%s", args[0], err, log.String())
	}
}

func (n *inspected) write(name, text string) string {
	n.t.Helper()
	path := filepath.Join(n.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		n.t.Fatal(err)
	}
	return path
}

// An office that lets nothing out but TLS: an agent there answers, talks and is back after a reload as anywhere else.
func TestAnswerWithinTLS(t *testing.T) {
	node, chromium := tools(t)
	n := inspectedNetworks(t)
	authority := ctitest.NewAuthority(t)
	cert, key := authority.Files(n.dir, time.Hour, serviceAt)
	n.start("carrier", "--listen", "udp://127.0.0.1:5070", "--http", ledgerAt)
	n.write("ringback.yaml", fmt.Sprintf(`
url: https://%[1]s
listen: {http: "127.0.0.1:8080", https: "%[1]s:443", sip: ["udp://127.0.0.1:5060"], rtp: "127.0.0.1:20000-20199", rtc: "%[1]s:3478"}
tls: {cert: %[2]q, key: %[3]q}
`, serviceAt, cert, key))
	n.write("dana.pw", "tulip-field\n")
	n.write("seed.yaml", `
trunks:
  - {id: pstn, address: "sip:127.0.0.1:5070;transport=udp"}
subscribers:
  - {id: acme, name: Acme Plumbing, regions: [US], time_zone: America/New_York, caller_id: "+12025550190", buttons: [{id: acme-main, proof: off}]}
  - {id: bell, name: Bell Bakery, regions: [US], time_zone: America/New_York, caller_id: "+12025550191", buttons: [{id: bell-main, proof: off}]}
agents:
  - id: dana
    name: Dana
    devices: ["web"]
    password_file: dana.pw
    represents:
      - {subscriber: acme, display_name: "Dana at Acme", greeting: "Acme Plumbing, Dana speaking."}
      - {subscriber: bell, display_name: "Dana at Bell", greeting: "Bell Bakery, good morning!"}
`)
	n.start("serve", "--config", "ringback.yaml")
	apply := n.in(n.service, program(t), "apply", "--config", "ringback.yaml", "-f", "seed.yaml")
	cmd := exec.Command(apply[0], apply[1:]...)
	cmd.Dir = n.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("apply: %v\n%s", err, out)
	}
	run(t, 2, n.in(n.office, "env", "ONLY=two businesses", "NODE_EXTRA_CA_CERTS="+n.write("authority.pem", string(authority.PEM)),
		"CHROMIUM_FLAGS=--ignore-certificate-errors-spki-list="+fingerprint(t, cert), node, "answer.mjs", "https://"+serviceAt, "http://"+ledgerAt, chromium, "dana", "tulip-field")...)
}

// fingerprint is of a certificate's key, as Chromium is told to believe it.
func fingerprint(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := pem.Decode(text)
	c, err := x509.ParseCertificate(b.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:])
}
