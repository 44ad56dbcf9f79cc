//go:build !linux

package wire

import (
	"syscall"
	"time"
)

// Patience does nothing here: a connection ends when the kernel gives up by itself.
func Patience(syscall.RawConn, time.Duration) {}
