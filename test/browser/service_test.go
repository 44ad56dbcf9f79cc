//go:build browser

package browser

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// place is a service with businesses of its own, and the telephone network that it calls over.
type place struct {
	URL     string `json:"url"`
	Key     string `json:"key"`     // of the operator
	Carrier string `json:"carrier"` // the network's ledger
	Net     string `json:"net"`     // host:port of the network's telephones
	RTC     int    `json:"rtc"`     // port of browsers' speech
	Inside  string `json:"inside"`  // name of the network namespace, "" = this machine's

	dir string // of the service
}

// Three businesses, each with one agent: at a telephone, at an Internet telephone, at the desk. A fourth has two: who is
// asked first sits at a desk, the other has a telephone.
const businesses = `
trunks:
  - {id: net, address: "sip:%[1]s"}
subscribers:
  - {id: shop-tel, name: Shop, regions: [US], caller_id: "+12025550190", buttons: [{id: tel-agent-first, tries: 1, proof: off, channels: [phone, web]}, {id: tel-visitor-first, tries: 1, proof: off, order: visitor_first, channels: [phone, web]}]}
  - {id: shop-sip, name: Shop, regions: [US], caller_id: "+12025550191", buttons: [{id: sip-agent-first, tries: 1, proof: off, channels: [phone, web]}, {id: sip-visitor-first, tries: 1, proof: off, order: visitor_first, channels: [phone, web]}]}
  - {id: shop-web, name: Shop, regions: [US], caller_id: "+12025550192", buttons: [{id: web-agent-first, tries: 1, proof: off, channels: [phone, web]}, {id: web-visitor-first, tries: 1, proof: off, order: visitor_first, channels: [phone, web]}]}
  - {id: shop-two, name: Two, regions: [US], caller_id: "+12025550193", buttons: [{id: two, tries: 1, proof: off}]}
agents:
  - {id: ann-tel, name: Ann, devices: ["tel:+13125550180"], ready: true, represents: [{subscriber: shop-tel, display_name: Ann}]}
  - {id: ann-sip, name: Ann, devices: ["sip:ann0180@%[1]s"], ready: true, represents: [{subscriber: shop-sip, display_name: Ann}]}
  - {id: ann-web, name: Ann, devices: ["web"], password_file: ann.pw, represents: [{subscriber: shop-web, display_name: Ann}, {subscriber: shop-two, display_name: Ann, priority: 1}]}
  - {id: bob, name: Bob, devices: ["sip:bob0100@%[1]s"], ready: true, represents: [{subscriber: shop-two, display_name: Bob, priority: 2}]}
`

// serve starts both, by a command before them where there is one, and applies the seed. They end with the test.
func serve(t *testing.T, by ...string) place {
	t.Helper()
	dir := t.TempDir()
	web, rtc := port(t, "tcp"), port(t, "udp")
	p := place{URL: fmt.Sprintf("http://127.0.0.1:%d", web), RTC: rtc, dir: dir}
	network := background(t, dir, append(by[:len(by):len(by)], program(t), "carrier", "--listen", "udp://127.0.0.1:0", "--http", "127.0.0.1:0"))
	p.Carrier, p.Net = network["http"], strings.TrimPrefix(network["sip"], "udp://")
	write(t, dir, "ringback.yaml", fmt.Sprintf(`
url: %s
listen: {http: "127.0.0.1:%d", sip: ["udp://127.0.0.1:0"], rtp: "127.0.0.1:0", rtc: "127.0.0.1:%d"}
policy: {limits: {per_number: [], per_visitor: [{n: 100, per: 1h}]}}
`, p.URL, web, rtc))
	write(t, dir, "seed.yaml", fmt.Sprintf(businesses, p.Net))
	write(t, dir, "ann.pw", "tulip-field\n")
	background(t, dir, append(by[:len(by):len(by)], program(t), "serve", "--config", "ringback.yaml"))
	apply := exec.Command(program(t), "apply", "--config", "ringback.yaml", "-f", "seed.yaml", "--key-file", "op.key")
	apply.Dir = dir
	if out, err := apply.CombinedOutput(); err != nil {
		t.Fatalf("apply: %v\n%s", err, out)
	}
	key, err := os.ReadFile(filepath.Join(dir, "op.key"))
	if err != nil {
		t.Fatal(err)
	}
	p.Key = strings.TrimSpace(string(key))
	return p
}

// script runs one of the folder's against the place.
func (p place) script(t *testing.T, least int, by []string, name string, more ...string) {
	t.Helper()
	node, chromium := tools(t)
	where, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	run(t, least, append(append(by[:len(by):len(by)], node, name, string(where), chromium), more...)...)
}

// port is one that is free now.
func port(t *testing.T, network string) int {
	t.Helper()
	if network == "udp" {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.LocalAddr().(*net.UDPAddr).Port
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

var pair = regexp.MustCompile(`(\w+)=(\S+)`)

// background runs a program of ours until the test ends, and returns what its ready line says.
func background(t *testing.T, dir string, words []string) map[string]string {
	t.Helper()
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Dir = dir
	var log strings.Builder
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Process.Signal(syscall.SIGTERM) // calls that are up are not waited for
		_ = cmd.Wait()
		if t.Failed() {
			said := log.String()
			t.Logf("%v said:\n%s", words, said[max(0, len(said)-4000):])
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "ready ") {
		t.Fatalf("%v did not become ready: %q %v\n%s", words, line, err, log.String())
	}
	ready := map[string]string{}
	for _, kv := range pair.FindAllStringSubmatch(line, -1) {
		ready[kv[1]] = kv[2]
	}
	return ready
}
