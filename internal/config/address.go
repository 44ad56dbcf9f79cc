package config

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// SIPSocket is one place where SIP is spoken: udp://127.0.0.1:5060.
type SIPSocket struct {
	Network string // udp, tcp or tls
	Host    string // "" = every address of this machine
	Port    int    // 0 = any free port
}

// Addr is host:port for net.Listen.
func (s SIPSocket) Addr() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

func (s SIPSocket) String() string { return s.Network + "://" + s.Addr() }

// UnmarshalText reads udp://host:port, tcp://host:port or tls://host:port.
func (s *SIPSocket) UnmarshalText(text []byte) error {
	network, addr, ok := strings.Cut(string(text), "://")
	if !ok || (network != "udp" && network != "tcp" && network != "tls") {
		return fmt.Errorf("want udp://host:port, tcp://host:port or tls://host:port, got %q", text)
	}
	host, port, err := splitAddr(addr)
	if err != nil {
		return err
	}
	*s = SIPSocket{Network: network, Host: host, Port: port}
	return nil
}

// Ports is a range of UDP ports on one address: 127.0.0.1:20000-29999.
type Ports struct {
	Host        string // "" = every address of this machine
	First, Last int    // both belong to the range; 0, 0 = any free ports
}

func (p Ports) String() string {
	if p.First == 0 {
		return net.JoinHostPort(p.Host, "0")
	}
	return fmt.Sprintf("%s-%d", net.JoinHostPort(p.Host, strconv.Itoa(p.First)), p.Last)
}

// UnmarshalText reads host:first-last or host:0.
func (p *Ports) UnmarshalText(text []byte) error {
	addr, last, isRange := strings.Cut(string(text), "-")
	host, first, err := splitAddr(addr)
	if err != nil {
		return fmt.Errorf("want host:first-last such as 127.0.0.1:20000-29999: %w", err)
	}
	if !isRange {
		if first != 0 {
			return fmt.Errorf("one port is not enough; want host:first-last such as 127.0.0.1:20000-29999, or host:0 for any free ports")
		}
		*p = Ports{Host: host}
		return nil
	}
	end, err := strconv.ParseUint(last, 10, 16)
	switch {
	case err != nil:
		return fmt.Errorf("%q is no port; want host:first-last such as 127.0.0.1:20000-29999", last)
	case first == 0:
		return fmt.Errorf("a range cannot begin at port 0; write host:0 for any free ports")
	case int(end) < first+3:
		return fmt.Errorf("the range %d-%d is too small: one call of two legs takes 4 ports", first, end)
	}
	*p = Ports{Host: host, First: first, Last: int(end)}
	return nil
}

// splitAddr parts host:port; the host may be empty, a name or an address, the port 0.
func splitAddr(addr string) (host string, port int, err error) {
	host, number, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, fmt.Errorf("want host:port, got %q", addr)
	}
	n, err := strconv.ParseUint(number, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("%q is no port (0 to 65535)", number)
	}
	if strings.ContainsAny(host, " /@?#") {
		return "", 0, fmt.Errorf("%q is no host", host)
	}
	return host, int(n), nil
}
