//go:build !linux

package wire

import "syscall"

// Mark does nothing here: packets travel unmarked.
func Mark(syscall.RawConn, bool, int) {}
