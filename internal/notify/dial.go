package notify

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// errPrivate: the address is not of the public network.
var errPrivate = errors.New("its address is of a private network, where nothing is called unless it is allowed")

// Client makes requests to programs of others. What it connects to is looked at when it connects, after every name has been
// resolved, so that no name and no spelling leads inside: networks of this machine and this house only with private, what no
// letter has to do with (link-local with clouds' secrets, multicast, reserved) never. It follows no redirect, asks no proxy,
// and gives up after timeout.
func Client(private bool, timeout time.Duration) *http.Client {
	d := &net.Dialer{Timeout: timeout / 2, ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
		return mayConnect(address, private)
	}}
	return &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DialContext: d.DialContext, TLSHandshakeTimeout: timeout / 2, ResponseHeaderTimeout: timeout, MaxResponseHeaderBytes: 64 << 10,
			MaxIdleConns: 2, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true},
	}
}

func mayConnect(address string, private bool) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return errPrivate
	}
	if a := inner(at.Addr()); never(a) || within(a, inside) && !private {
		return errPrivate
	}
	return nil
}

var (
	// inside are networks of a house (RFC 1918, 4193, 6598) and of this machine.
	inside = prefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "::1/128", "fc00::/7")
	// reserved lead to nobody one writes to: RFC 6890 and its registry.
	reserved = prefixes("0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "224.0.0.0/3", "::/128", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16", "fe80::/9", "ff00::/8",
		"fd00:ec2::254/128")
)

func prefixes(all ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(all))
	for i, s := range all {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

func never(a netip.Addr) bool { return !a.IsValid() || within(a, reserved) }

func within(a netip.Addr, all []netip.Prefix) bool {
	for _, p := range all {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// inner is the IPv4 address that an IPv6 one stands for: mapped, by NAT64 (RFC 6052), or by 6to4 (RFC 3056).
func inner(a netip.Addr) netip.Addr {
	a = a.WithZone("").Unmap()
	if a.Is4() {
		return a
	}
	b := a.As16()
	switch {
	case within(a, nat64):
		return netip.AddrFrom4([4]byte(b[12:]))
	case within(a, sixToFour):
		return netip.AddrFrom4([4]byte(b[2:6]))
	case within(a, compatible) && a != netip.IPv6Loopback() && a != netip.IPv6Unspecified():
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return a
}

var (
	nat64      = prefixes("64:ff9b::/96")
	sixToFour  = prefixes("2002::/16")
	compatible = prefixes("::/96")
)
