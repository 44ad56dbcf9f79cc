package wire

import "syscall"

// Mark sets the differentiated services code point of what a socket sends (RFC 2474), 0 to 63; 0 leaves it as it is. A
// system that refuses it is no failure: the packets travel unmarked.
func Mark(raw syscall.RawConn, v6 bool, dscp int) {
	if dscp == 0 {
		return
	}
	level, option := syscall.IPPROTO_IP, syscall.IP_TOS
	if v6 {
		level, option = syscall.IPPROTO_IPV6, syscall.IPV6_TCLASS
	}
	_ = raw.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), level, option, dscp<<2) })
}
