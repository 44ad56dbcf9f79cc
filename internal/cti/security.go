package cti

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
)

// CheckSecurity says what of a trunk's encryption does not fit together, and the key that is wrong.
func (t *Trunk) CheckSecurity() (key string, err error) {
	_, _, _, transport, _ := Endpoint(t.Address).SIPURI()
	secure := transport == "tls"
	switch {
	case t.SRTP != "" && t.SRTP != SRTPNo && !secure:
		return "srtp", errors.New("the keys would travel in the clear: write ;transport=tls in address, or no")
	case t.ClientCert+t.ClientKey+t.CA != "" && !secure:
		return "address", errors.New("certificates are for TLS: write ;transport=tls, or leave client_cert, client_key and ca_file out")
	case t.ClientCert != "" && t.ClientKey == "":
		return "client_key", errors.New("client_cert needs its key")
	case t.ClientCert == "" && t.ClientKey != "":
		return "client_cert", errors.New("client_key needs its certificate")
	case t.ClientCert != "":
		if _, err := tls.X509KeyPair([]byte(t.ClientCert), []byte(t.ClientKey)); err != nil {
			return "client_cert", fmt.Errorf("it does not fit client_key: %w", err)
		}
	}
	if t.CA != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(t.CA)) {
		return "ca_file", errors.New("it holds no certificate (PEM)")
	}
	return "", nil
}

// CheckDeviceSRTP says whether a telephone may be asked for encrypted speech: the keys travel in the SDP, so it must be
// dialled over TLS, or register (then it is rung where it did over TLS).
func CheckDeviceSRTP(to Endpoint, s SRTP) error {
	if s == "" || s == SRTPNo {
		return nil
	}
	if to.Kind() != SIP {
		return errors.New("it is for SIP telephones")
	}
	if _, registers := to.Account(); registers {
		return nil
	}
	if _, _, _, transport, err := to.SIPURI(); err == nil && transport != "tls" {
		return errors.New("the keys would travel in the clear: write ;transport=tls, or no")
	}
	return nil
}
