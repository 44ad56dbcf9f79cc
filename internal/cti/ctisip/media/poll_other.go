//go:build !linux

package media

import (
	"errors"
	"net"
	"net/netip"
)

// poller is there on Linux; elsewhere each socket has a goroutine.
type poller struct{}

func newPoller() (*poller, error) { return nil, errors.ErrUnsupported }
func (*poller) run()              {}
func (*poller) close()            {}
func (*poller) adopt(*net.UDPConn, *Stream, bool) (*polledSocket, error) {
	return nil, errors.ErrUnsupported
}

type polledSocket struct{}

func (*polledSocket) send([]byte, netip.AddrPort) error { return errors.ErrUnsupported }
func (*polledSocket) close()                            {}
