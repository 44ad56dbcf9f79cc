package ctitest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Authority makes certificates for tests.
type Authority struct {
	PEM  []byte // its own
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority returns an authority that nobody else trusts.
func NewAuthority(t testing.TB) *Authority {
	t.Helper()
	a := &Authority{t: t}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	a.key, a.PEM = a.sign(tmpl, tmpl, nil)
	b, _ := pem.Decode(a.PEM)
	var err error
	if a.cert, err = x509.ParseCertificate(b.Bytes); err != nil {
		t.Fatal(err)
	}
	return a
}

// Issue returns a certificate and its key, PEM, valid for a time: names are DNS names, addresses, or sip:domain.
func (a *Authority) Issue(valid time.Duration, names ...string) (cert, key []byte) {
	a.t.Helper()
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "test"},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(valid)}
	for _, n := range names {
		switch ip := net.ParseIP(n); {
		case ip != nil:
			tmpl.IPAddresses = append(tmpl.IPAddresses, ip)
		case strings.HasPrefix(n, "sip:"):
			tmpl.URIs = append(tmpl.URIs, &url.URL{Scheme: "sip", Opaque: n[4:]})
		default:
			tmpl.DNSNames = append(tmpl.DNSNames, n)
		}
	}
	k, cert := a.sign(tmpl, a.cert, a.key)
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// Files writes a certificate and its key into a folder and returns their paths.
func (a *Authority) Files(dir string, valid time.Duration, names ...string) (cert, key string) {
	a.t.Helper()
	c, k := a.Issue(valid, names...)
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for name, b := range map[string][]byte{cert: c, key: k} {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
	return cert, key
}

// sign makes a key and its certificate; without a parent key it is signed by itself.
func (a *Authority) sign(tmpl, parent *x509.Certificate, by *ecdsa.PrivateKey) (*ecdsa.PrivateKey, []byte) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	if by == nil {
		by = k
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, k.Public(), by)
	if err != nil {
		a.t.Fatal(err)
	}
	return k, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
