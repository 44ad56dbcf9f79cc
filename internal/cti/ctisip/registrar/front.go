package registrar

import (
	"bytes"
	"net"
	"net/netip"
	"strings"
)

// Front is the door for those who are not known yet: REGISTER only, for our domain only, from the networks that may.
type Front struct {
	Who     string          // private, anywhere, none
	Domains map[string]bool // hosts that a REGISTER may be for, in small letters
	AnyAddr bool            // and every address: we are bound to all of this machine's
}

// Networks that Front.Who names.
const (
	Private  = "private"
	Anywhere = "anywhere"
	None     = "none"
)

// From says whether telephones may register from an address.
func (f *Front) From(a netip.Addr) bool {
	a = a.Unmap()
	switch f.Who {
	case Anywhere:
		return true
	case None:
		return false
	}
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast()
}

// Ours says whether a REGISTER for this host is meant for us.
func (f *Front) Ours(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	if f.Domains[host] {
		return true
	}
	_, err := netip.ParseAddr(host)
	return err == nil && f.AnyAddr
}

// judged is how much of a message is looked at before anything is parsed.
const judged = 200

// Judge looks at the beginning of a message from an unknown source. enough = there is no need to wait for more of it.
func (f *Front) Judge(b []byte) (ok, enough bool) {
	b = bytes.TrimLeft(b[:min(len(b), judged)], "\r\n")
	line, _, whole := bytes.Cut(b, []byte("\r\n"))
	if !whole {
		const head = "REGISTER sip"
		n := min(len(line), len(head))
		return false, string(line[:n]) != head[:n] || len(b) >= judged-4
	}
	uri, isRegister := strings.CutPrefix(string(line), "REGISTER sip:")
	if !isRegister {
		uri, isRegister = strings.CutPrefix(string(line), "REGISTER sips:")
	}
	uri, version := strings.CutSuffix(uri, " SIP/2.0")
	if !isRegister || !version || strings.ContainsAny(uri, "@ ?") {
		return false, true
	}
	host, _, _ := strings.Cut(uri, ";")
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return f.Ours(host), true
}
