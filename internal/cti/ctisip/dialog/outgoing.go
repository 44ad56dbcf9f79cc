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
	"strings"
	"sync"
	"syscall"

	"github.com/emiago/sipgo/sip"
)

// streams are the TCP and TLS streams that we open. The library tells nobody that a stream has ended, dials every TLS far
// end with one configuration and knows the name of none: here each is dialled, one of TLS is judged by its own Identity,
// and it is handed to the library as if it had been accepted.
type streams struct {
	s     *Stack
	lobby map[string]*lobby // by protocol: tcp, tls

	mu    sync.Mutex
	known map[string]*Identity // by key: what a request's mark stands for
	open  map[way]*outgoing
}

// way is where a stream goes.
type way struct {
	proto string // tcp or tls
	to    netip.AddrPort
}

// outgoing is a stream of ours, or one that is being opened.
type outgoing struct {
	identity *Identity     // nil = TCP
	over     chan struct{} // closed when it has ended
	ready    chan struct{} // closed when the fields below hold
	chain    []*x509.Certificate
	err      error
}

// maxKnown bounds the identities that are remembered; a request that is built makes its own known again.
const maxKnown = 4096

// What a request on a stream fails with before it is sent.
var (
	errNoStream = errors.New("dialog: its stream is gone, and nothing says who may be dialled")
	errIdentity = errors.New("dialog: a TLS stream to this address is open for another name or with another certificate")
)

func newStreams(s *Stack) *streams {
	return &streams{s: s, lobby: map[string]*lobby{"tcp": newLobby(), "tls": newLobby()}, known: map[string]*Identity{}, open: map[way]*outgoing{}}
}

// mark lets a request carry whom it is for.
func (k *streams) mark(r *sip.Request, i *Identity) {
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

// ensure sees to it that the request has a stream, and returns what is closed when that ends. One over TLS without a mark
// goes down the stream that is there, a telephone's own: nobody is dialled for it.
func (k *streams) ensure(ctx context.Context, r *sip.Request) (over <-chan struct{}, err error) {
	dest, err := netip.ParseAddrPort(r.Destination())
	if err != nil {
		return nil, err
	}
	w := way{strings.ToLower(r.Transport()), dest}
	k.mu.Lock()
	i := k.known[r.Laddr.Hostname]
	k.mu.Unlock()
	there := k.there(w)
	if i == nil {
		if over := k.s.guestOver(dest); there && over != nil {
			return over, nil
		}
		if w.proto == "tls" {
			return nil, errNoStream
		}
	}
	o, mine := k.claim(w, i, there)
	if mine {
		o.chain, o.err = k.dial(ctx, w, o)
		close(o.ready)
	}
	select {
	case <-o.ready:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	switch {
	case o.err != nil:
		return nil, o.err
	case i != nil && !i.fits(o.identity, o.chain):
		return nil, errIdentity
	}
	return o.over, nil
}

// there says whether the library has such a stream.
func (k *streams) there(w way) bool {
	c := k.s.tp.Pool(w.proto).Get(w.to.String())
	if c == nil {
		return false
	}
	c.TryClose() // Get had counted us
	return true
}

// claim returns a stream of ours. mine = the caller has to open it: there is none, it is gone, or it failed.
func (k *streams) claim(w way, i *Identity, there bool) (o *outgoing, mine bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if o = k.open[w]; o != nil {
		select {
		case <-o.ready:
			if there && o.err == nil {
				return o, false
			}
		default:
			return o, false // somebody opens it now
		}
	}
	o = &outgoing{identity: i, over: make(chan struct{}), ready: make(chan struct{})}
	k.open[w] = o
	return o, true
}

// dial opens a stream and hands it to the library. One that the library has from an accepted connection of the same
// address and port is replaced: nobody has checked who is there.
func (k *streams) dial(ctx context.Context, w way, o *outgoing) ([]*x509.Certificate, error) {
	plain := net.Dialer{Timeout: dialTimeout, Control: k.s.c.mark}
	var c net.Conn
	var chain []*x509.Certificate
	var err error
	if w.proto == "tls" {
		c, err = (&tls.Dialer{NetDialer: &plain, Config: o.identity.config()}).DialContext(ctx, "tcp", w.to.String())
	} else {
		c, err = plain.DialContext(ctx, "tcp", w.to.String())
	}
	if err != nil {
		if o.identity != nil {
			k.s.c.Log.Warn("tls stream not opened", "to", w.to.String(), "name", o.identity.domain, "error", err)
			err = fmt.Errorf("as %s: %w", o.identity.domain, err)
		}
		return nil, fmt.Errorf("%s to %s: %w", w.proto, w.to, err)
	}
	if t, ok := c.(*tls.Conn); ok {
		chain = t.ConnectionState().PeerCertificates
	}
	if !k.lobby[w.proto].enter(&client{Conn: c, left: func() { k.forget(w, o) }}) {
		return nil, net.ErrClosed
	}
	return chain, nil
}

// forget drops a stream that has ended.
func (k *streams) forget(w way, o *outgoing) {
	k.mu.Lock()
	defer k.mu.Unlock()
	close(o.over)
	if k.open[w] == o {
		delete(k.open, w)
	}
}

// ours says whether we have a TLS stream of our own to an address: one that comes from there would take its place.
func (k *streams) ours(a netip.AddrPort) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.open[way{"tls", a}] != nil
}

// identity is who is at the far end of a TLS stream of ours, nil = we have none to that address.
func (k *streams) identity(a netip.AddrPort) *Identity {
	k.mu.Lock()
	defer k.mu.Unlock()
	if o := k.open[way{"tls", a}]; o != nil {
		return o.identity
	}
	return nil
}

// close ends the lobbies.
func (k *streams) close() {
	for _, l := range k.lobby {
		l.Close()
	}
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

// undialled keeps the library from opening streams by itself.
func undialled(log *slog.Logger) *sip.TransportTCP {
	return &sip.TransportTCP{WriteTimeout: dialTimeout, DialerCreate: func(net.Addr) net.Dialer {
		return net.Dialer{Control: func(string, string, syscall.RawConn) error { return errNoStream }}
	}}
}
