package dialog

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"syscall"

	"github.com/emiago/sipgo/sip"
)

// secure are the TLS streams that we open. The library dials every far end with one configuration and knows the name of
// none: here each is dialled and judged by its own Identity and then handed to the library as if it had been accepted.
type secure struct {
	s     *Stack
	lobby *lobby

	mu      sync.Mutex
	known   map[string]*Identity         // by key: what a request's mark stands for
	streams map[netip.AddrPort]*outgoing // by where they go
}

// outgoing is a stream of ours, or one that is being opened.
type outgoing struct {
	identity *Identity
	ready    chan struct{} // closed when the fields below hold
	chain    []*x509.Certificate
	err      error
}

// maxKnown bounds the identities that are remembered; a request that is built makes its own known again.
const maxKnown = 4096

// What a request over TLS fails with before it is sent.
var (
	errNoStream = errors.New("dialog: its TLS stream is gone, and nothing says who may be dialled")
	errIdentity = errors.New("dialog: a TLS stream to this address is open for another name or with another certificate")
)

func newSecure(s *Stack) *secure {
	return &secure{s: s, lobby: newLobby(), known: map[string]*Identity{}, streams: map[netip.AddrPort]*outgoing{}}
}

// mark lets a request carry whom it is for.
func (k *secure) mark(r *sip.Request, i *Identity) {
	if i == nil || r.Transport() != "TLS" {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.known) >= maxKnown {
		clear(k.known)
	}
	k.known[i.key] = i
	r.Laddr = sip.Addr{Hostname: i.key} // without IP and port the library does not look at it
}

// ensure sees to it that the request has a stream. One without a mark goes down the stream that is there, a telephone's
// own: nobody is dialled for it.
func (k *secure) ensure(ctx context.Context, r *sip.Request) error {
	dest, err := netip.ParseAddrPort(r.Destination())
	if err != nil {
		return err
	}
	k.mu.Lock()
	i := k.known[r.Laddr.Hostname]
	k.mu.Unlock()
	open := k.open(dest)
	if i == nil {
		if !open {
			return errNoStream
		}
		return nil
	}
	o, mine := k.claim(dest, i, open)
	if mine {
		o.chain, o.err = k.dial(ctx, dest, o)
		close(o.ready)
	}
	select {
	case <-o.ready:
	case <-ctx.Done():
		return ctx.Err()
	}
	switch {
	case o.err != nil:
		return o.err
	case !i.fits(o.identity, o.chain):
		return errIdentity
	}
	return nil
}

// open says whether the library has a stream to dest.
func (k *secure) open(dest netip.AddrPort) bool {
	c := k.s.tp.Pool("tls").Get(dest.String())
	if c == nil {
		return false
	}
	c.TryClose() // Get had counted us
	return true
}

// claim returns the stream to dest. mine = the caller has to open it: there is none, it is gone, or it failed.
func (k *secure) claim(dest netip.AddrPort, i *Identity, open bool) (o *outgoing, mine bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if o = k.streams[dest]; o != nil {
		select {
		case <-o.ready:
			if open && o.err == nil {
				return o, false
			}
		default:
			return o, false // somebody opens it now
		}
	}
	o = &outgoing{identity: i, ready: make(chan struct{})}
	k.streams[dest] = o
	return o, true
}

// dial opens a stream and hands it to the library. One that the library has from an accepted connection of the same
// address and port is replaced: nobody has checked who is there.
func (k *secure) dial(ctx context.Context, dest netip.AddrPort, o *outgoing) ([]*x509.Certificate, error) {
	d := &tls.Dialer{NetDialer: &net.Dialer{Timeout: dialTimeout, Control: k.s.c.mark}, Config: o.identity.config()}
	c, err := d.DialContext(ctx, "tcp", dest.String())
	if err != nil {
		k.s.c.Log.Warn("tls stream not opened", "to", dest.String(), "name", o.identity.domain, "error", err)
		return nil, fmt.Errorf("tls to %s as %s: %w", dest, o.identity.domain, err)
	}
	chain := c.(*tls.Conn).ConnectionState().PeerCertificates
	if !k.lobby.enter(&client{Conn: c, left: func() { k.forget(dest, o) }}) {
		return nil, net.ErrClosed
	}
	return chain, nil
}

// forget drops a stream that has ended.
func (k *secure) forget(dest netip.AddrPort, o *outgoing) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.streams[dest] == o {
		delete(k.streams, dest)
	}
}

// ours says whether we have a stream of our own to an address: one that comes from there would take its place.
func (k *secure) ours(a netip.AddrPort) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.streams[a] != nil
}

// client is a stream of ours that tells its end.
type client struct {
	net.Conn
	once sync.Once
	left func()
}

func (c *client) Close() error {
	err := c.Conn.Close()
	c.once.Do(c.left)
	return err
}

// lobby is a listener whose connections come from us.
type lobby struct {
	in    chan net.Conn
	asked chan struct{} // the library asks for another: it has registered the one before
	over  chan struct{}
	once  sync.Once
	mu    sync.Mutex // of enter
}

func newLobby() *lobby {
	return &lobby{in: make(chan net.Conn), asked: make(chan struct{}), over: make(chan struct{})}
}

// enter hands a connection over and waits until it is known; false after Close.
func (l *lobby) enter(c net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.in <- c:
	case <-l.over:
		c.Close()
		return false
	}
	select {
	case <-l.asked:
		return true
	case <-l.over:
		return false
	}
}

// Accept returns the next connection of ours.
func (l *lobby) Accept() (net.Conn, error) {
	for {
		select {
		case l.asked <- struct{}{}: // enter waits for it
		case c := <-l.in:
			return c, nil
		case <-l.over:
			return nil, net.ErrClosed
		}
	}
}

// Close ends Accept and enter.
func (l *lobby) Close() error {
	l.once.Do(func() { close(l.over) })
	return nil
}

// Addr is no address of the network.
func (l *lobby) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 5061} }

// undialled keeps the library from opening TLS streams by itself.
func undialled(c Config, log *slog.Logger) *sip.TransportTLS {
	t := dials(c, log)
	t.DialerCreate = func(net.Addr) net.Dialer {
		return net.Dialer{Control: func(string, string, syscall.RawConn) error { return errNoStream }}
	}
	return &sip.TransportTLS{TransportTCP: t}
}
