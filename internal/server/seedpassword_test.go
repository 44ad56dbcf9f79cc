package server

import (
	"testing"

	"ringback/internal/agent"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/id"
)

// A seed that is applied again takes no password back that an agent has chosen meanwhile; a seed with another one does.
func TestSeedKeepsAChosenPassword(t *testing.T) {
	ann := &agent.Agent{ID: "agt_1", Slug: "ann", PasswordHash: "of what she chose", SIP: cti.NewSecret("ann", "first")}
	now := &directory.Directory{Agents: map[id.Agent]*agent.Agent{ann.ID: ann}}
	now.Index()
	for _, row := range []struct {
		password string
		keeps    bool
	}{{"first", true}, {"second", false}} {
		s := Seed{Setup: directory.Setup{Agents: []agent.Agent{{Slug: "ann"}}}, Passwords: map[string]string{"ann": row.password}}
		if err := s.Hash(now); err != nil {
			t.Fatal(err)
		}
		if got := s.Setup.Agents[0]; (got.PasswordHash == ann.PasswordHash) != row.keeps || got.PasswordHash == "" || got.SIP != cti.NewSecret("ann", row.password) {
			t.Errorf("with %q in the seed she has %q", row.password, got.PasswordHash)
		}
	}
}
