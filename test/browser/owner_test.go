//go:build browser

package browser

import (
	"os"
	"os/exec"
	"testing"
)

// Two businesses whose own telephone answers, and their people. Olga is one of both.
const owners = `
subscribers:
  - {id: acme, name: Acme Plumbing, regions: [US], time_zone: America/New_York, caller_id: "+12025550195", destination: "tel:+13125550101", wrap_up: 1s, recording: {on: true}, buttons: [{id: acme-main, tries: 1, proof: off, order: agent_first, channels: [phone, web]}]}
  - {id: zen, name: Zen Yoga, regions: [US], caller_id: "+12025550196", destination: "tel:+13125550101", buttons: [{id: zen-main, tries: 1, proof: off}]}
agents:
  - {id: cleo, name: Cleo, devices: ["tel:+13125550100"], ready: true, represents: [{subscriber: acme, display_name: Cleo at Acme, greeting: "Acme, Cleo speaking"}]}
users:
  - {id: olga, name: Olga, email: olga@acme.example, role: owner, subscribers: [acme, zen], password_file: olga.pw}
  - {id: omar, name: Omar, email: omar@zen.example, role: owner, subscribers: [zen], password_file: olga.pw}
`

// The pages of a business at the real service, over the simulated network.
func TestOwner(t *testing.T) {
	t.Parallel()
	p := serve(t)
	dir := p.dir
	write(t, dir, "owners.yaml", owners)
	write(t, dir, "olga.pw", "tulip-field\n")
	apply := exec.Command(program(t), "apply", "--config", "ringback.yaml", "-f", "owners.yaml")
	apply.Dir = dir
	if out, err := apply.CombinedOutput(); err != nil {
		t.Fatalf("apply: %v\n%s", err, out)
	}
	more := []string{}
	if os.Getenv("RINGBACK_SCREENSHOTS") != "" {
		more = append(more, "../../docs/images")
	}
	least, by := 7, []string(nil)
	if os.Getenv("RINGBACK_TEST_LONG") == "" && len(more) == 0 {
		least, by = 2, []string{"env", "ONLY=invited"} // the others make calls, and take their time
	}
	p.script(t, least, by, "owner.mjs", more...)
}
