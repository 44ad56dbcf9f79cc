package wire

import (
	"syscall"
	"time"
)

// userTimeout is TCP_USER_TIMEOUT of linux/tcp.h, which package syscall does not name.
const userTimeout = 18

// Patience ends a TCP connection when what was written to it is not acknowledged for so long (RFC 5482). A system that
// refuses it is no failure: the connection then ends when the kernel gives up by itself.
func Patience(raw syscall.RawConn, d time.Duration) {
	_ = raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, userTimeout, int(d/time.Millisecond))
	})
}
