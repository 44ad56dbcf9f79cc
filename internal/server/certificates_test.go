package server

import (
	"strings"
	"testing"
	"time"

	"ringback/internal/config"
	"ringback/internal/cti"
	"ringback/internal/cti/ctitest"
	"ringback/internal/directory"
	"ringback/internal/id"
)

// A certificate is told of 14 days before its end, ours and the one a trunk is shown.
func TestCheckCertificates(t *testing.T) {
	a := ctitest.NewAuthority(t)
	c := config.Default()
	c.SIPTLS.Cert, c.SIPTLS.Key = a.Files(t.TempDir(), 60*24*time.Hour, "sip.acme.test")
	client, _ := a.Issue(30*24*time.Hour, "acme.test")
	dir := &directory.Directory{Trunks: map[id.Trunk]*cti.Trunk{"trk_1": {Slug: "pstn", ClientCert: string(client)}, "trk_2": {Slug: "plain"}}}
	for _, row := range []struct {
		days        int
		ours, trunk string
	}{
		{0, "good until", "good until"},
		{17, "good until", "in 12 days"},
		{45, "good until", "ended on"},
		{50, "in 9 days", "ended on"},
	} {
		got := checkCertificates(c, dir, time.Now().Add(time.Duration(row.days)*24*time.Hour))
		if len(got) != 2 || !strings.Contains(got[0].Say, row.ours) || !strings.Contains(got[1].Say, row.trunk) {
			t.Errorf("after %d days: %+v", row.days, got)
			continue
		}
		for _, f := range got {
			if f.OK != strings.Contains(f.Say, "good until") || f.OK == (f.Fix != "") {
				t.Errorf("after %d days: %+v", row.days, f)
			}
		}
	}
}
