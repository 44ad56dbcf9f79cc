package media

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
)

// poller reads the sockets of many streams on one goroutine: no stack, no buffer and no switch of goroutines a leg, and
// one system call a packet where the runtime's own poller takes three. It waits in the runtime's poller, as a file of its
// own, so an idle one holds no thread.
type poller struct {
	ep     int      // the epoll instance
	file   *os.File // it, as the runtime sees it
	raw    syscall.RawConn
	events [64]syscall.EpollEvent
	packet [maxPacket]byte

	mu    sync.Mutex
	socks map[int32]*polledSocket // by descriptor
}

func newPoller() (*poller, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("media: epoll: %w", err)
	}
	if err := syscall.SetNonblock(fd, true); err != nil { // or the file would not be waited for by the runtime
		syscall.Close(fd)
		return nil, fmt.Errorf("media: epoll: %w", err)
	}
	p := &poller{ep: fd, file: os.NewFile(uintptr(fd), "epoll"), socks: map[int32]*polledSocket{}}
	if p.raw, err = p.file.SyscallConn(); err != nil {
		p.file.Close()
		return nil, fmt.Errorf("media: epoll: %w", err)
	}
	return p, nil
}

// close ends run. The sockets are closed by their streams, before.
func (p *poller) close() { p.file.Close() }

func (p *poller) run() {
	for {
		n := 0
		err := p.raw.Read(func(fd uintptr) bool {
			n, _ = syscall.EpollWait(int(fd), p.events[:], 0)
			return n > 0
		})
		if err != nil {
			return // closed
		}
		for _, e := range p.events[:n] {
			p.mu.Lock()
			k := p.socks[e.Fd]
			p.mu.Unlock()
			if k != nil { // else it was closed meanwhile
				k.read(p.packet[:])
			}
		}
	}
}

// polledSocket is a UDP socket that a poller reads.
type polledSocket struct {
	p  *poller
	s  *Stream
	v4 bool

	control bool // it carries RTCP
	to      netip.AddrPort
	sa      syscall.Sockaddr // of to

	mu    sync.Mutex // held while the descriptor is read or closed: its number may be another's afterwards
	fd    int
	shut  bool
	fails int
}

// adopt takes the descriptor of a socket away from the runtime.
func (p *poller) adopt(c *net.UDPConn, s *Stream, control bool) (*polledSocket, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	fd := -1
	if e := raw.Control(func(old uintptr) {
		syscall.ForkLock.RLock()
		defer syscall.ForkLock.RUnlock()
		if fd, err = syscall.Dup(int(old)); err == nil {
			syscall.CloseOnExec(fd)
		}
	}); e != nil || err != nil {
		return nil, errors.Join(e, err)
	}
	k := &polledSocket{p: p, s: s, control: control, fd: fd, v4: c.LocalAddr().(*net.UDPAddr).IP.To4() != nil}
	p.mu.Lock()
	p.socks[int32(fd)] = k
	p.mu.Unlock()
	if err := syscall.EpollCtl(p.ep, syscall.EPOLL_CTL_ADD, fd, &syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(fd)}); err != nil {
		k.close()
		return nil, err
	}
	c.Close() // the other descriptor of the same socket
	return k, nil
}

// close ends the socket; with its last descriptor it leaves the epoll instance.
func (k *polledSocket) close() {
	k.p.mu.Lock()
	delete(k.p.socks, int32(k.fd))
	k.p.mu.Unlock()
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.shut {
		k.shut = true
		syscall.Close(k.fd)
	}
}

// read takes one packet. If more have come epoll says so again.
func (k *polledSocket) read(b []byte) {
	n, from, err := k.recv(b)
	switch {
	case err == nil:
		k.fails = 0
		if k.control {
			k.s.receiveControl(b[:n], from)
		} else {
			k.s.receive(b[:n], from)
		}
	case err == syscall.EAGAIN || err == syscall.EINTR || err == net.ErrClosed:
	default:
		if k.fails++; k.fails == maxFails {
			k.s.e.log.Error("media socket cannot be read", "port", k.s.port, "error", err)
			syscall.EpollCtl(k.p.ep, syscall.EPOLL_CTL_DEL, k.fd, nil)
		}
	}
}

func (k *polledSocket) recv(b []byte) (int, netip.AddrPort, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.shut {
		return 0, netip.AddrPort{}, net.ErrClosed
	}
	n, from, err := syscall.Recvfrom(k.fd, b, 0)
	if err != nil {
		return 0, netip.AddrPort{}, err
	}
	switch a := from.(type) {
	case *syscall.SockaddrInet4:
		return n, netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port)), nil
	case *syscall.SockaddrInet6:
		return n, netip.AddrPortFrom(netip.AddrFrom16(a.Addr).Unmap(), uint16(a.Port)), nil
	}
	return 0, netip.AddrPort{}, syscall.EAGAIN // no packet of the Internet
}

// send does not wait: sound for which the kernel has no room now is of no use later.
func (k *polledSocket) send(b []byte, to netip.AddrPort) error {
	if k.to != to {
		k.to, k.sa = to, k.sockaddr(to)
	}
	if k.sa == nil {
		return syscall.EAFNOSUPPORT
	}
	return syscall.Sendto(k.fd, b, 0, k.sa)
}

func (k *polledSocket) sockaddr(to netip.AddrPort) syscall.Sockaddr {
	switch a := to.Addr(); {
	case k.v4 != a.Is4():
		return nil
	case k.v4:
		return &syscall.SockaddrInet4{Port: int(to.Port()), Addr: a.As4()}
	default:
		return &syscall.SockaddrInet6{Port: int(to.Port()), Addr: a.As16()}
	}
}
