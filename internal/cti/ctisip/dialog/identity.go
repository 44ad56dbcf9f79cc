package dialog

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// Identity is who must be at the other end of a TLS stream, and who we are there.
type Identity struct {
	domain string           // the name that was dialled, never the target of an SRV record (RFC 5922 section 4)
	mine   *tls.Certificate // nil = none is shown
	roots  *x509.CertPool   // nil = the system's
	key    string           // the same for identities that are the same
}

// NewIdentity returns the identity of a far end that was dialled by domain, a name or an address. cert and key are our
// own certificate as PEM, empty = none; ca are the only authorities that are believed, empty = the system's.
func NewIdentity(domain string, cert, key, ca []byte) (*Identity, error) {
	i := &Identity{domain: strings.ToLower(domain)}
	if len(cert) > 0 {
		c, err := tls.X509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("client certificate: %w", err)
		}
		i.mine = &c
	}
	if len(ca) > 0 {
		i.roots = x509.NewCertPool()
		if !i.roots.AppendCertsFromPEM(ca) {
			return nil, errors.New("the file of authorities holds no certificate (PEM)")
		}
	}
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %q", i.domain, cert, ca)
	i.key = hex.EncodeToString(h.Sum(nil)[:12])
	return i, nil
}

// config is that of a client. The name is checked by check: Go's own check knows nothing of SIP domains.
func (i *Identity) config() *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: i.domain, RootCAs: i.roots, InsecureSkipVerify: true,
		VerifyConnection: func(s tls.ConnectionState) error { return i.check(s.PeerCertificates) }}
	if i.mine != nil {
		c.Certificates = []tls.Certificate{*i.mine}
	}
	return c
}

// check verifies a chain and that its first certificate names the domain: by a SIP address (RFC 5922 section 7.1), else
// by DNS name or IP address. A wildcard is accepted though that RFC forbids it: large carriers use them.
func (i *Identity) check(chain []*x509.Certificate) error {
	if len(chain) == 0 {
		return errors.New("the far end has no certificate")
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	leaf := chain[0]
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: i.roots, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
		return err
	}
	if !serves(leaf) {
		return errors.New("the far end's certificate is not for servers")
	}
	for _, u := range leaf.URIs {
		if strings.EqualFold(u.Scheme, "sip") && strings.EqualFold(u.Opaque, i.domain) {
			return nil
		}
	}
	return leaf.VerifyHostname(i.domain)
}

// serves says whether a certificate may be shown by a server: it says nothing of its use, or names TLS servers, any use,
// or SIP domains (RFC 5924).
func serves(c *x509.Certificate) bool {
	if len(c.ExtKeyUsage) == 0 && len(c.UnknownExtKeyUsage) == 0 {
		return true
	}
	for _, u := range c.ExtKeyUsage {
		if u == x509.ExtKeyUsageServerAuth || u == x509.ExtKeyUsageAny {
			return true
		}
	}
	for _, u := range c.UnknownExtKeyUsage {
		if u.String() == "1.3.6.1.5.5.7.3.20" {
			return true
		}
	}
	return false
}

// fits says whether a stream that was opened for another identity serves this one too.
func (i *Identity) fits(other *Identity, chain []*x509.Certificate) bool {
	if i.key == other.key {
		return true
	}
	same := i.mine == nil && other.mine == nil ||
		i.mine != nil && other.mine != nil && i.mine.Leaf.Equal(other.mine.Leaf)
	return same && i.check(chain) == nil
}
