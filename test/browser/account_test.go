//go:build browser

package browser

import (
	"os"
	"os/exec"
	"testing"
)

const oneAgent = `
agents:
  - {id: ann, name: Ann, devices: ["sip:ann"], password_file: ann.pw}
`

// An agent's account at the real service: a passkey is added, opens the desk, is removed; another password. The device with
// finger and face is one that Chromium plays.
func TestAccount(t *testing.T) {
	t.Parallel()
	node, chromium := tools(t)
	dir := t.TempDir()
	write(t, dir, "ringback.yaml", `
url: "http://localhost:0"
listen: {http: "127.0.0.1:0", sip: ["udp://127.0.0.1:0"], rtp: "127.0.0.1:0", rtc: "127.0.0.1:0"}
`)
	write(t, dir, "seed.yaml", oneAgent)
	write(t, dir, "ann.pw", "tulip-field\n")
	apply := exec.Command(program(t), "apply", "--config", "ringback.yaml", "-f", "seed.yaml")
	apply.Dir = dir
	if out, err := apply.CombinedOutput(); err != nil {
		t.Fatalf("apply: %v\n%s", err, out)
	}
	url := background(t, dir, []string{program(t), "serve", "--config", "ringback.yaml"})["url"]
	args := []string{node, "account.mjs", url, chromium}
	if os.Getenv("RINGBACK_SCREENSHOTS") != "" {
		args = append(args, "../../docs/images")
	}
	run(t, 3, args...)
}
