package wire

import (
	"net"
	"runtime"
	"syscall"
	"testing"
)

// A marked socket's packets carry its code point, over both families.
func TestMark(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("NOT RUN: packets are marked on Linux only")
	}
	for network, host := range map[string]string{"udp4": "127.0.0.1", "udp6": "::1"} {
		v6 := network == "udp6"
		in, err := net.ListenUDP(network, &net.UDPAddr{IP: net.ParseIP(host)})
		if err != nil {
			t.Skipf("NOT RUN: no %s here: %v", network, err)
		}
		defer in.Close()
		tell(t, in, v6)
		out, err := net.DialUDP(network, nil, in.LocalAddr().(*net.UDPAddr))
		if err != nil {
			t.Fatal(err)
		}
		defer out.Close()
		raw, err := out.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		for _, dscp := range []int{0, 46, 24} {
			Mark(raw, v6, dscp)
			if _, err := out.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
			if got := classOf(t, in); got != dscp<<2 {
				t.Errorf("%s: class %#x, want %#x", network, got, dscp<<2)
			}
		}
	}
}

// tell lets a socket tell the class of what it receives.
func tell(t *testing.T, c *net.UDPConn, v6 bool) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	level, option := syscall.IPPROTO_IP, syscall.IP_RECVTOS
	if v6 {
		level, option = syscall.IPPROTO_IPV6, syscall.IPV6_RECVTCLASS
	}
	raw.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), level, option, 1) })
	if err != nil {
		t.Fatal(err)
	}
}

func classOf(t *testing.T, c *net.UDPConn) int {
	t.Helper()
	b, oob := make([]byte, 9), make([]byte, 128)
	_, n, _, _, err := c.ReadMsgUDP(b, oob)
	if err != nil {
		t.Fatal(err)
	}
	all, err := syscall.ParseSocketControlMessage(oob[:n])
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		if m.Header.Type == syscall.IP_TOS || m.Header.Type == syscall.IPV6_TCLASS {
			return int(m.Data[0])
		}
	}
	t.Fatal("the kernel told no class")
	return 0
}
