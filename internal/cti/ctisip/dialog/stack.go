// Package dialog speaks SIP for the embedded switch: INVITEs of ours, the dialogs that grow from them, and polite
// answers to all else. Parser, transport and transactions are sipgo's; what is above is here, because the library's own
// dialogs give up after eleven provisional answers, leave late 200s unanswered and never fall back to TCP.
package dialog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/emiago/sipgo/sip"

	"ringback/internal/wire"
)

// Config is what a Stack needs of its surroundings.
type Config struct {
	Net      wire.Net
	Listen   []string                                     // udp://127.0.0.1:5060, tcp://[::1]:5060, tls://0.0.0.0:5061
	Cert     *Certificate                                 // what TLS sockets show; nil = there are none
	DSCP     int                                          // mark of our packets, 0 = none (RFC 2474)
	Allow    func(netip.Addr) bool                        // whose messages are let in
	Front    *Front                                       // for all others; nil = none is let in
	ShutOut  func(callID, method string, from netip.Addr) // a request inside a call of ours was refused at the door; it must not wait
	Dropped  func(why string)                             // a message was refused at the door
	Panicked func(v any, at []byte)                       // a handler panicked
	Random   func(n int) int                              // 0 <= r < n
	Log      *slog.Logger
	Trace    func(Traced) // shown every message of known sources, from many goroutines; it must not wait. nil = nobody

	Register    func(*sip.Request) (a *sip.Response, known bool) // answers REGISTER, nil = with nothing; not known: nobody registers here
	Invited     func(*Incoming)                                  // takes an INVITE of theirs, on its lane; who does not Take it declines. nil = 603 for all
	Seen        func(far netip.Addr) netip.Addr                  // our address as they see it, when it is not the socket's; nil = it always is
	StreamEnded func(far netip.AddrPort)                         // told of each stream that others opened; nil = nobody
}

// Stack owns the SIP sockets of a switch.
type Stack struct {
	c        Config
	tp       *sip.TransportLayer
	tx       *sip.TransactionLayer
	outgoing *streams
	sockets  []*socket
	wg       sync.WaitGroup
	panicked func(v any)
	held     sync.Map       // *sip.Request -> *held
	follows  sync.WaitGroup // transactions that are listened to; none begins once closed
	gate     sync.RWMutex
	shut     bool          // no goroutine begins any more
	busy     chan *Lane    // to the goroutines that wait for one
	idle     chan struct{} // a place for each of them
	over     chan struct{} // closed when they may end

	shutOut shutOut // shutout.go

	mu      sync.Mutex
	calls   map[string]*Call
	guests  map[netip.AddrPort]*guest // streams that others have opened
	waiting int                       // INVITEs of theirs without a final answer
	stray   map[string]time.Time      // foreign 200s that were ended, by Call-ID and tag
	swept   time.Time
	routes  map[netip.Addr]netip.Addr // our address towards theirs, for sockets bound to all
	closed  bool
}

type socket struct {
	proto string // udp, tcp, tls
	addr  netip.AddrPort
	close func() error
}

// settle sets, once and before anything runs, what sipgo keeps in package variables: requests above 1300 bytes may go over
// UDP when TCP was tried and refused (RFC 3261 section 18.1.1), and its counting of streams is not told to everybody.
// A client transaction is kept for a second, not for 32, after its final answer: Terminate does not stop those timers, which
// hold 5 kB a leg, and answers that are repeated are met by order.go and foreign.go, not by the transaction.
var settle = sync.OnceFunc(func() {
	sip.UDPMTUSize = 16 << 10
	sip.Timer_D, sip.Timer_M = time.Second, time.Second
	sip.SetDefaultLogger(slog.New(slog.DiscardHandler))
})

// Open opens the sockets and serves them until Close.
func Open(c Config) (*Stack, error) {
	settle()
	s := &Stack{c: c, calls: map[string]*Call{}, guests: map[netip.AddrPort]*guest{}, stray: map[string]time.Time{}, routes: map[netip.Addr]netip.Addr{},
		busy: make(chan *Lane), idle: make(chan struct{}, maxIdle), over: make(chan struct{})}
	s.panicked = func(v any) { c.Panicked(v, debug.Stack()) }
	log := slog.New(quiet{c.Log.Handler()})
	f := &folds{ended: map[string]bool{}}
	s.tp = sip.NewTransportLayer(net.DefaultResolver, sip.NewParser(), nil, sip.WithTransportLayerLogger(log),
		sip.WithTransportLayerReadFilter(f.check), sip.WithTransportLayerTransports(sip.TransportsConfig{TCP: undialled(log), TLS: &sip.TransportTLS{TransportTCP: undialled(log)}}))
	s.outgoing = newStreams(s)
	s.tp.OnMessage(s.arrived) // before the transactions see it
	s.tx = sip.NewTransactionLayer(s.tp, sip.WithTransactionLayerLogger(log), sip.WithTransactionLayerUnhandledResponseHandler(s.unmatched))
	s.tx.OnRequest(s.request)
	s.wg.Go(func() { s.tp.ServeTCP(s.outgoing.lobby["tcp"]) })
	s.wg.Go(func() { s.tp.ServeTLS(s.outgoing.lobby["tls"]) })
	for _, l := range c.Listen {
		if err := s.listen(l); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

// dialTimeout bounds how long a lane waits for a stream.
const dialTimeout = 2 * time.Second

// mark gives a socket our mark, before it is used.
func (c Config) mark(network, _ string, raw syscall.RawConn) error {
	wire.Mark(raw, strings.HasSuffix(network, "6"), c.DSCP)
	return nil
}

func (s *Stack) listen(addr string) error {
	proto, host, ok := strings.Cut(addr, "://")
	if !ok {
		return fmt.Errorf("listen %q: want udp://address:port, tcp://address:port or tls://address:port", addr)
	}
	switch proto {
	case "udp":
		return s.listenUDP(host)
	case "tcp", "tls":
		return s.listenStream(proto, host)
	}
	return fmt.Errorf("listen %q: %s is not spoken here; udp, tcp and tls are", addr, proto)
}

func (s *Stack) listenUDP(host string) error {
	pc, err := s.c.Net.ListenPacket(host)
	if err != nil {
		return inUse("udp", host, err)
	}
	s.enlarge(pc)
	if u, ok := pc.(*net.UDPConn); ok {
		if raw, err := u.SyscallConn(); err == nil {
			wire.Mark(raw, portOf(u.LocalAddr()).Addr().Is6(), s.c.DSCP)
		}
	}
	d := &door{PacketConn: pc, allow: s.c.Allow, dropped: s.c.Dropped, ready: make(chan struct{})}
	if s.c.Trace != nil {
		d.trace = s.traceUDP
	}
	if s.c.ShutOut != nil {
		d.turned = s.turnedAway
	}
	if s.c.Front != nil {
		d.front = s.c.Front.Knock
	}
	s.sockets = append(s.sockets, &socket{"udp", portOf(pc.LocalAddr()), pc.Close})
	s.wg.Go(func() { s.tp.ServeUDP(d) })
	<-d.ready // before that the transport would open a socket of its own for a request
	return nil
}

func (s *Stack) listenStream(proto, host string) error {
	if _, real := s.c.Net.(wire.Real); !real {
		return fmt.Errorf("listen %s://%s: there are no streams on a simulated network", proto, host)
	}
	h := &hall{allow: s.c.Allow, dropped: s.c.Dropped, places: make(chan struct{}, maxStreams),
		new: &newcomers{front: s.c.Front}, came: s.came, gone: s.gone}
	serve := s.tp.ServeTCP
	if proto == "tls" {
		if s.c.Cert == nil {
			return fmt.Errorf("listen tls://%s: there is no certificate", host)
		}
		h.secure, h.taken, serve = s.c.Cert.config(), s.outgoing.ours, s.tp.ServeTLS
	}
	l, err := (&net.ListenConfig{Control: s.c.mark}).Listen(context.Background(), family("tcp", host), host)
	if err != nil {
		return inUse(proto, host, err)
	}
	h.Listener = l
	s.sockets = append(s.sockets, &socket{proto, portOf(l.Addr()), l.Close})
	s.wg.Go(func() { serve(h) })
	return nil
}

// family names the network of an address: a socket serves one family.
func family(network, host string) string {
	switch ap, err := netip.ParseAddrPort(host); {
	case err != nil:
		return network
	case ap.Addr().Is4():
		return network + "4"
	}
	return network + "6"
}

// inUse says what to do about the commonest failure.
func inUse(proto, host string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		_, port, _ := net.SplitHostPort(host)
		return fmt.Errorf("listen %s://%s: the port is in use by another program; `ss -lnp 'sport = :%s'` names it; stop it, or set another port in listen.sip: %w", proto, host, port, err)
	}
	return fmt.Errorf("listen %s://%s: %w", proto, host, err)
}

// enlarge asks for room for a burst and says what to do when the kernel gives less.
func (s *Stack) enlarge(pc net.PacketConn) {
	u, ok := pc.(*net.UDPConn)
	if !ok {
		return
	}
	u.SetReadBuffer(wire.Buffer)
	u.SetWriteBuffer(wire.Buffer)
	raw, err := u.SyscallConn()
	if err != nil {
		return
	}
	var got int
	raw.Control(func(fd uintptr) { got, _ = syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF) })
	if got /= 2; got < wire.Buffer { // Linux tells twice what it gives
		s.c.Log.Info("sip socket buffer is small; bursts may be lost", "address", u.LocalAddr().String(), "bytes", got,
			"do", fmt.Sprintf("sysctl -w net.core.rmem_max=%d net.core.wmem_max=%d", wire.Buffer, wire.Buffer))
	}
}

// Addrs returns where the stack listens, in the order of Config.Listen, with real ports.
func (s *Stack) Addrs() []string {
	var out []string
	for _, k := range s.sockets {
		out = append(out, k.proto+"://"+k.addr.String())
	}
	return out
}

// Close ends all transactions and sockets and waits for what runs.
func (s *Stack) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.tx.Close()
	for _, k := range s.sockets {
		k.close()
	}
	s.outgoing.close()
	s.tp.Close()
	s.follows.Wait() // their ends are on the lanes now
	s.gate.Lock()
	if !s.shut {
		s.shut = true
		close(s.over)
	}
	s.gate.Unlock()
	s.wg.Wait()
}

// socketFor returns the socket whose family and protocol fit dest.
func (s *Stack) socketFor(proto string, dest netip.Addr) *socket {
	for _, k := range s.sockets {
		if k.proto == proto && k.addr.Addr().Is4() == dest.Is4() {
			return k
		}
	}
	return nil
}

// Speaks says whether dest can be reached over proto: "udp", "tcp" or "tls".
func (s *Stack) Speaks(proto string, dest netip.Addr) bool {
	if proto == "tcp" {
		_, real := s.c.Net.(wire.Real)
		return real
	}
	return s.socketFor(proto, dest) != nil
}

// Local returns our address and port as dest sees them: the socket's own, or, when it is bound to all addresses, the one
// that the machine would use towards dest.
func (s *Stack) Local(proto string, dest netip.Addr) netip.AddrPort {
	k := s.socketFor(proto, dest)
	if k == nil {
		if k = s.socketFor("udp", dest); k == nil {
			return netip.AddrPort{}
		}
	}
	if !k.addr.Addr().IsUnspecified() {
		return k.addr
	}
	return netip.AddrPortFrom(s.towards(dest), k.addr.Port())
}

func (s *Stack) towards(dest netip.Addr) netip.Addr {
	s.mu.Lock()
	a, ok := s.routes[dest]
	s.mu.Unlock()
	if ok {
		return a
	}
	a = netip.IPv4Unspecified()
	if dest.Is6() {
		a = netip.IPv6Unspecified()
	}
	if c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(dest, 9))); err == nil { // sends nothing
		a = addrOf(c.LocalAddr())
		c.Close()
	}
	s.mu.Lock()
	s.routes[dest] = a
	s.mu.Unlock()
	return a
}

// quiet keeps the library's log at debug level and cuts what it quotes of a packet.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return l > slog.LevelDebug && q.Handler.Enabled(ctx, slog.LevelDebug)
}

func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	cut := slog.NewRecord(r.Time, slog.LevelDebug, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		if v := a.Value.String(); len(v) > 200 {
			a.Value = slog.StringValue(v[:200])
		}
		cut.AddAttrs(a)
		return true
	})
	return q.Handler.Handle(ctx, cut)
}

func (q quiet) WithAttrs(a []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(a)} }
func (q quiet) WithGroup(n string) slog.Handler      { return quiet{q.Handler.WithGroup(n)} }
