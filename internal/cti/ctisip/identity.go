package ctisip

import (
	"net/netip"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/dialog"
)

// certificate is what our TLS sockets show, nil = none is configured.
func certificate(c Config) (*dialog.Certificate, error) {
	if c.Cert == "" {
		return nil, nil
	}
	return dialog.LoadCertificate(c.Cert, c.Key, c.Log)
}

// identityOf is who must answer as a trunk over TLS: the host of its address, the name that was dialled. An address of
// numbers with a domain beside it was looked up by whoever wrote it: then it is the domain.
func identityOf(t cti.Trunk) (*dialog.Identity, error) {
	_, host, _, transport, err := cti.Endpoint(t.Address).SIPURI()
	if err != nil || transport != "tls" {
		return nil, nil
	}
	if _, err := netip.ParseAddr(host); err == nil && t.Domain != "" {
		host = t.Domain
	}
	return dialog.NewIdentity(host, []byte(t.ClientCert), []byte(t.ClientKey), []byte(t.CA))
}

// telephone is who must answer at a sip: address that is dialled over TLS.
func (sw *Switch) telephone(host string) *dialog.Identity {
	i, err := dialog.NewIdentity(host, nil, nil, sw.c.CA)
	if err != nil {
		sw.c.Log.Warn("authorities for telephones", "error", err)
	}
	return i
}

// identityOfLeg is who must be at the far end of a leg of a process that is no more.
func (sw *Switch) identityOfLeg(k cti.KnownLeg) *dialog.Identity {
	if k.Order.To.Kind() == cti.SIP {
		_, host, _, _, _ := k.Order.To.SIPURI()
		return sw.telephone(host)
	}
	sw.mu.Lock()
	defer sw.mu.Unlock()
	if t := sw.lines[k.Trunk]; t != nil {
		return t.identity
	}
	return nil
}

// loginOfLeg is who we are towards the trunk of a leg of a process that is no more: its BYE may be challenged.
func (sw *Switch) loginOfLeg(k cti.KnownLeg) dialog.Login {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	if t := sw.lines[k.Trunk]; t != nil {
		return dialog.Login{User: t.account().Username, Pass: t.account().Password}
	}
	return dialog.Login{}
}
