package server

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strconv"
	"sync"
	"time"

	"ringback/internal/config"
)

// front is the port of listen.https: pages come there over TLS, and the speech of browsers whose network lets nothing
// through but that port. The first byte tells which: a TLS handshake begins with 22, a framed STUN message (RFC 4571: its
// length in two bytes, at most 255 here) with 0. Networks that look for TLS get it: inside of it a relay is spoken to
// (TURN), which says so in the handshake (RFC 7443), or begins with 0 to 3, as no request for a page does.
type front struct {
	l        net.Listener
	tls      *tls.Config
	pages    *lane
	browsers *lane
	relays   *lane
	wg       sync.WaitGroup

	wait time.Duration // until a connection must have told what it is

	mu    sync.Mutex
	shut  bool
	newly map[net.Conn]struct{} // they have not said a byte
}

// Bounds of connections that are not told apart yet.
const (
	frontPlaces = 1000
	frontWait   = 10 * time.Second
)

const (
	tlsHandshake = 22
	framedStun   = 0
	stunMost     = 3           // of the first byte of a STUN message (RFC 8489 section 5)
	turnALPN     = "stun.turn" // RFC 7443
	relayQueue   = 64 << 10    // bytes that wait to be sent: some seconds of speech, older ones help nobody
)

// openFront opens the port, nil when none is wanted.
func openFront(c *config.Config, log *slog.Logger) (*front, error) {
	if c.Listen.HTTPS == "" {
		return nil, nil
	}
	f, err := newFront(c, log)
	if err != nil {
		return nil, err
	}
	f.wg.Go(f.run)
	return f, nil
}

func newFront(c *config.Config, log *slog.Logger) (*front, error) {
	pair := &certificate{file: c.TLS.Cert, key: c.TLS.Key, log: log}
	if _, err := pair.newest(nil); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", c.Listen.HTTPS)
	if err != nil {
		return nil, inUse("listen.https", c.Listen.HTTPS, err)
	}
	f := &front{l: l, newly: map[net.Conn]struct{}{}, wait: frontWait}
	f.pages, f.browsers, f.relays = newLane(l.Addr()), newLane(outside(c.URL, l.Addr())), newLane(l.Addr())
	f.tls = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: pair.newest, NextProtos: []string{"h2", "http/1.1", turnALPN}}
	return f, nil
}

// outside is the address with the port that browsers see: a router may stand before us.
func outside(base string, at net.Addr) net.Addr {
	u, err := url.Parse(base)
	tcp, ok := at.(*net.TCPAddr)
	if err != nil || !ok || u.Scheme != "https" {
		return at
	}
	out := *tcp
	out.Port = 443
	if p, err := strconv.Atoi(u.Port()); err == nil && p > 0 {
		out.Port = p
	}
	return &out
}

// relayURL is where browsers find the relay: on the port of the pages, by the name that their certificate has.
func relayURL(base string, at net.Addr) string {
	host, port, err := net.SplitHostPort(outside(base, at).String())
	if u, bad := url.Parse(base); bad == nil && u.Hostname() != "" {
		host = u.Hostname()
	}
	if err != nil {
		return ""
	}
	return "turns:" + net.JoinHostPort(host, port) + "?transport=tcp"
}

func (f *front) run() {
	for {
		c, err := f.l.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // no file descriptor is left: the next may have one
			select {
			case <-time.After(10 * time.Millisecond):
			case <-f.pages.closed:
			}
			continue
		}
		if f.enter(c) {
			f.wg.Go(func() { f.tell(c) })
		} else {
			c.Close()
		}
	}
}

func (f *front) enter(c net.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.shut || len(f.newly) >= frontPlaces {
		return false
	}
	f.newly[c] = struct{}{}
	return true
}

func (f *front) leave(c net.Conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.newly, c)
}

// tell finds out what a connection is and hands it on.
func (f *front) tell(c net.Conn) {
	c.SetDeadline(time.Now().Add(f.wait))
	to, whole := f.which(c)
	if f.leave(c); to == nil {
		c.Close()
		return
	}
	c.SetDeadline(time.Time{})
	to.put(whole)
}

// which reads what a connection begins with; nil = it is none of ours.
func (f *front) which(c net.Conn) (*lane, net.Conn) {
	kind, whole := peek(c)
	switch kind {
	case framedStun:
		return f.browsers, whole
	case tlsHandshake:
		return f.inside(c, tls.Server(whole, f.tls))
	}
	return nil, nil
}

// inside tells pages from relays within TLS. Who names no protocol in the handshake is told by the first byte.
func (f *front) inside(c net.Conn, secure *tls.Conn) (*lane, net.Conn) {
	if secure.Handshake() != nil {
		return nil, nil
	}
	switch secure.ConnectionState().NegotiatedProtocol {
	case turnALPN:
		return f.relay(c), secure
	case "":
	default:
		return f.pages, secure
	}
	switch kind, whole := peek(secure); {
	case kind < 0:
		return nil, nil
	case kind <= stunMost:
		return f.relay(c), whole
	default:
		return f.pages, whole
	}
}

func (f *front) relay(c net.Conn) *lane {
	if t, ok := c.(*net.TCPConn); ok {
		t.SetWriteBuffer(relayQueue)
	}
	return f.relays
}

// peek reads the first byte, -1 = there is none, and gives it back with the connection.
func peek(c net.Conn) (kind int, whole net.Conn) {
	var first [1]byte
	if _, err := c.Read(first[:]); err != nil {
		return -1, nil
	}
	return int(first[0]), &begun{Conn: c, first: first[:]}
}

// Close takes no more connections and waits until nothing of the front runs. Those that were handed on stay.
func (f *front) Close() {
	if f == nil {
		return
	}
	f.l.Close()
	f.pages.Close()
	f.browsers.Close()
	f.relays.Close()
	f.mu.Lock()
	f.shut = true
	for c := range f.newly {
		c.Close()
	}
	f.mu.Unlock()
	f.wg.Wait()
}

// begun is a connection whose first byte was read already.
type begun struct {
	net.Conn
	first []byte
}

func (b *begun) Read(p []byte) (int, error) {
	if len(b.first) > 0 && len(p) > 0 {
		n := copy(p, b.first)
		b.first = b.first[n:]
		return n, nil
	}
	return b.Conn.Read(p)
}

// lane is a listener of the connections of one kind.
type lane struct {
	addr   net.Addr
	in     chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newLane(a net.Addr) *lane {
	return &lane{addr: a, in: make(chan net.Conn), closed: make(chan struct{})}
}

// put hands a connection to who accepts; who does not in time loses it.
func (w *lane) put(c net.Conn) {
	late := time.NewTimer(frontWait)
	defer late.Stop()
	select {
	case w.in <- c:
	case <-w.closed:
		c.Close()
	case <-late.C:
		c.Close()
	}
}

// Accept returns the next connection.
func (w *lane) Accept() (net.Conn, error) {
	select {
	case c := <-w.in:
		return c, nil
	case <-w.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept.
func (w *lane) Close() error {
	w.once.Do(func() { close(w.closed) })
	return nil
}

// Addr is where the connections come to, as they see it.
func (w *lane) Addr() net.Addr { return w.addr }

// certificate is read again when its files have changed; what does not fit together leaves the old one in use.
type certificate struct {
	file, key string
	log       *slog.Logger

	mu    sync.Mutex
	pair  *tls.Certificate
	stamp [2]time.Time
}

func (c *certificate) newest(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var stamp [2]time.Time
	for i, name := range []string{c.file, c.key} {
		if info, err := os.Stat(name); err == nil {
			stamp[i] = info.ModTime()
		}
	}
	if c.pair != nil && stamp == c.stamp {
		return c.pair, nil
	}
	pair, err := tls.LoadX509KeyPair(c.file, c.key)
	switch {
	case err == nil:
		c.pair = &pair
	case c.pair == nil:
		return nil, err
	default:
		c.log.Warn("the certificate of the pages has changed and cannot be read; the old one stays in use", "err", err)
	}
	c.stamp = stamp
	return c.pair, nil
}
