package ctisip

import (
	"slices"
	"strings"
	"testing"
	"time"

	"ringback/internal/cti"
	"ringback/internal/simcarrier"
)

// Registration with the simulated carrier, whose SIP is its own: every way in which it takes one, kept for an hour, and
// calls that it takes only from who is registered.
func TestZooRegisters(t *testing.T) {
	for _, personality := range []string{"", "register_sha256", "register_both", "register_407", "register_423", "register_60s",
		"needs_register", "needs_register+register_sha256+challenge_407", "register_403", "register_503"} {
		t.Run(personality, func(t *testing.T) {
			simulatedWith(t, func(*Config) {}, func(b *bench) {
				c, err := simcarrier.New(simcarrier.Config{Net: b.net, Listen: trunkAddr, Seed: 1, Personality: personality, Pace: time.Second, Username: "acct", Password: "secret"})
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				tr := registers(trunkAddr)
				tr.Expires = 2 * time.Minute
				b.trunks(tr)
				if strings.HasPrefix(personality, "register_403") || strings.HasPrefix(personality, "register_503") {
					b.becomes("a", "down: account acct is not registered: "+personality[len("register_"):], time.Minute)
					if err := c.SetPersonality(""); err != nil {
						t.Fatal(err)
					}
				}
				b.becomes("a", "up", 2*time.Minute)
				bound := func() bool {
					return slices.ContainsFunc(c.Registrations(), func(r simcarrier.Registration) bool { return r.User == "acct" })
				}
				for range 120 {
					if !bound() {
						t.Fatal("the carrier does not have us")
					}
					b.pass(30 * time.Second)
				}
				b.call(order("v"))
				b.await("v", cti.LegConfirmed)
				b.trunks()
				b.pass(time.Second)
				if bound() {
					t.Error("a trunk that was taken away is still registered")
				}
			})
		})
	}
}
