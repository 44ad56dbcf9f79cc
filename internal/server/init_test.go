package server

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"ringback/internal/config"
)

// What init writes is read without a word, says what was asked for, and lies about no default.
func TestInit(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	for name, c := range map[string]initCmd{
		"plain": {Dir: dir + "1", URL: "http://127.0.0.1:8080", Name: "Acme Plumbing", Region: "US", Zone: "UTC", Trunk: "sip:127.0.0.1:5070;transport=udp"},
		"full":  {Dir: dir + "2", URL: "https://call.example.com/", Name: "Müller & Söhne", Region: "de", Zone: "Europe/Berlin", CallerID: "030 123456", Phone: "+4930123457", Trunk: "sip:sip.example.com;transport=tls"},
		"sip":   {Dir: dir + "3", URL: "http://127.0.0.1:8080", Name: "A", Region: "US", Zone: "UTC", Phone: "sip:ann@192.0.2.9", Trunk: "sip:127.0.0.1:5070"},
	} {
		if err := c.Run(&streams{out: io.Discard}); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		cfg, err := config.Load(filepath.Join(c.Dir, "ringback.yaml"), nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if cfg.Data != filepath.Join(c.Dir, "data") || cfg.Policy.Proof != "required" || cfg.Listen.RTP != config.Default().Listen.RTP {
			t.Errorf("%s: %+v", name, cfg)
		}
		seed, err := ReadSeed(filepath.Join(c.Dir, "seed.yaml"))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		s := seed.Setup
		if len(s.Subscribers) != 1 || s.Subscribers[0].Name != c.Name || len(s.Agents) != 1 || s.Agents[0].Ready != (c.Phone != "") || len(s.Keys) != 1 {
			t.Errorf("%s: %+v", name, s)
		}
		for _, secret := range []string{"operator.key", "ann.pw", "data/keys/hash.key", "data/keys/seal.key"} {
			if info, err := os.Stat(filepath.Join(c.Dir, secret)); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %s: %v, %v", name, secret, info, err)
			}
		}
	}
	for flag, c := range map[string]initCmd{
		"--name": {Name: "…", Zone: "UTC"}, "--zone": {Name: "a", Zone: "x"}, "--caller-id": {Name: "a", Zone: "UTC", Region: "US", CallerID: "12"}, "--phone": {Name: "a", Zone: "UTC", Region: "US", Phone: "12"},
	} {
		c.Dir = dir + "4"
		if err := c.Run(&streams{out: io.Discard}); !config.IsProblem(err) {
			t.Errorf("%s: %v", flag, err)
		}
	}
	if _, err := os.Stat(dir + "4"); !os.IsNotExist(err) {
		t.Errorf("a folder was made for nothing: %v", err)
	}
}
