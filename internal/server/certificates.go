package server

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"time"

	"ringback/internal/config"
	"ringback/internal/directory"
)

// authorities are those that are believed when a telephone is dialled over TLS; none = those of this machine.
func authorities(c *config.Config) []byte {
	if c.SIPTLS.CA == "" {
		return nil
	}
	b, err := os.ReadFile(c.SIPTLS.CA)
	if err != nil {
		return nil // the check of the configuration has read it a moment ago
	}
	return b
}

// expiryNotice is how long before its end a certificate is told of.
const expiryNotice = 14 * 24 * time.Hour

// checkCertificates says which certificates end soon: ours, and those that trunks are shown.
func checkCertificates(c *config.Config, dir *directory.Directory, now time.Time) []Finding {
	var out []Finding
	if c.SIPTLS.Cert != "" {
		b, err := os.ReadFile(c.SIPTLS.Cert)
		if err != nil {
			return []Finding{{What: "sip_tls", Say: err.Error(), Fix: "name a file that can be read in sip_tls.cert"}}
		}
		out = append(out, expiry("sip_tls", b, now, "renew it and write it to "+c.SIPTLS.Cert+": it is taken without a restart"))
	}
	if dir == nil {
		return out
	}
	for _, t := range dir.Trunks {
		if t.ClientCert != "" {
			out = append(out, expiry("trunk "+t.Slug, []byte(t.ClientCert), now, "renew client_cert and apply the seed again"))
		}
	}
	return out
}

// expiry judges the certificate that stands first in a PEM text.
func expiry(what string, text []byte, now time.Time, fix string) Finding {
	b, _ := pem.Decode(text)
	if b == nil {
		return Finding{What: what, Say: "the certificate is no PEM text", Fix: fix}
	}
	c, err := x509.ParseCertificate(b.Bytes)
	if err != nil {
		return Finding{What: what, Say: err.Error(), Fix: fix}
	}
	end := c.NotAfter.UTC().Format(time.DateOnly)
	switch left := c.NotAfter.Sub(now); {
	case left <= 0:
		return Finding{What: what, Say: "the certificate ended on " + end + ": nobody who checks it connects", Fix: fix}
	case left < expiryNotice:
		return Finding{What: what, Say: fmt.Sprintf("the certificate ends on %s, in %d days", end, int(left.Hours()/24)), Fix: fix}
	}
	return Finding{What: what, OK: true, Say: "the certificate is good until " + end}
}
