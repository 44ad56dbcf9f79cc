// Package browser keeps the browsers that are connected to the switch over WebRTC, each under a name. A connection is
// made once, before anything rings, and carries the sound of whatever leg the browser has then; one that is loaded again
// or has changed its network connects anew, and its leg goes on.
//
// ICE, DTLS and SRTP are pion's. What is here is the life of a connection and the way of packets between it and a leg.
package browser

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"

	"ringback/internal/cti/ctisip/turn"
	"ringback/internal/wire"
)

// Config is what a Hub needs.
type Config struct {
	Net     wire.Net          // of UDP; TCP there is only on the real one
	Listen  string            // address:port of UDP, and of TCP for networks that block UDP (RFC 6544); port 0 = any free one, [::] = IPv4 too
	Streams net.Listener      // other TCP connections that begin as RFC 4571 frames it; nil = none
	Relayed net.Listener      // TCP connections that speak TURN, their TLS handshake is done; nil = none
	Public  []netip.Addr      // our addresses as seen from outside, where a router stands before us; none = the socket's own
	Up      func(peer string) // told when a browser has got through
	Lost    func(peer string) // told when it is away; not of one that has connected anew or was disconnected
	Escaped func(v any)       // a handler panicked
	Log     *slog.Logger      // nil = none

	gone     time.Duration // of tests, for goneAfter
	loopback bool          // of tests: the loopback is an address as any other
}

// Hub is the door of browsers: one UDP port, and the same of TCP.
type Hub struct {
	c    Config
	api  *webrtc.API
	cert webrtc.Certificate
	udp  net.PacketConn
	muxU ice.UDPMux
	muxT []ice.TCPMux
	turn *turn.Server // nil = none

	mu     sync.Mutex
	peers  map[string]*peer
	closed bool
	wg     sync.WaitGroup
}

// MaxPeers bounds the browsers that may be connected at a time.
const MaxPeers = 2000

// Times of a connection, in which pion notices that nothing comes any more.
const (
	awayAfter = 3 * time.Second
	goneAfter = 8 * time.Second
	aliveEach = time.Second
	gather    = 5 * time.Second
)

// What Connect fails with.
var (
	ErrOffer  = errors.New("browser: the offer cannot be taken")
	ErrFull   = errors.New("browser: too many browsers are connected")
	ErrClosed = errors.New("browser: closed")
)

// Open opens the door.
func Open(c Config) (*Hub, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	h := &Hub{c: c, peers: map[string]*peer{}}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	cert, err := webrtc.GenerateCertificate(key)
	if err != nil {
		return nil, err
	}
	h.cert = *cert
	m, err := codecs()
	if err != nil {
		return nil, err
	}
	s := webrtc.SettingEngine{LoggerFactory: logs{c.Log}}
	if err := h.listen(&s); err != nil {
		return nil, fmt.Errorf("listen.rtc %s: %w; set another port in listen.rtc", c.Listen, err)
	}
	if err := h.settings(&s); err != nil {
		h.shut()
		return nil, err
	}
	// No interceptors: reports and numbers are the leg's own.
	h.relay()
	h.api = webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithSettingEngine(s), webrtc.WithInterceptorRegistry(&interceptor.Registry{}))
	return h, nil
}

// settings are what we want of pion: it waits for browsers and dials nobody.
func (h *Hub) settings(s *webrtc.SettingEngine) error {
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6})
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetIncludeLoopbackCandidate(h.c.loopback || h.Addr().Addr().IsLoopback())
	s.DisableActiveTCP(true)
	s.SetSCTPMaxReceiveBufferSize(64 << 10)
	s.SetSCTPMaxMessageSize(16 << 10)
	s.SetICETimeouts(awayAfter, cmp.Or(h.c.gone, goneAfter), aliveEach)
	if len(h.c.Public) > 0 {
		var ips []string
		for _, a := range h.c.Public {
			ips = append(ips, a.String())
		}
		err := s.SetICEAddressRewriteRules(webrtc.ICEAddressRewriteRule{External: ips, AsCandidateType: webrtc.ICECandidateTypeHost, Mode: webrtc.ICEAddressRewriteReplace})
		if err != nil {
			return err
		}
	}
	return s.SetAnsweringDTLSRole(webrtc.DTLSRoleServer)
}

// codecs are what every browser has and a telephone understands.
func codecs() (*webrtc.MediaEngine, error) {
	m := &webrtc.MediaEngine{}
	for _, codec := range []webrtc.RTPCodecParameters{
		{PayloadType: 0, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMU, ClockRate: 8000}},
		{PayloadType: 8, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMA, ClockRate: 8000}},
		{PayloadType: 126, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: "audio/telephone-event", ClockRate: 8000}},
	} {
		if err := m.RegisterCodec(codec, webrtc.RTPCodecTypeAudio); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Addr is where browsers reach us.
func (h *Hub) Addr() netip.AddrPort {
	ap, _ := netip.ParseAddrPort(h.udp.LocalAddr().String())
	return ap
}

// Connect takes a browser's offer and returns the whole answer. A connection that the peer had is replaced.
func (h *Hub) Connect(ctx context.Context, name, offer string) (string, error) {
	h.mu.Lock()
	full := h.peers[name] == nil && len(h.peers) >= MaxPeers
	h.mu.Unlock()
	if full {
		return "", ErrFull
	}
	c, answer, err := h.answer(ctx, name, offer)
	if err != nil {
		return "", err
	}
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		c.pc.Close()
		return "", ErrClosed
	}
	p := h.peers[name]
	if p == nil {
		p = &peer{hub: h, name: name}
		h.peers[name] = p
	}
	old := p.replace(c)
	h.mu.Unlock()
	if old != nil {
		h.end(old) // its page may be gone: the farewell would take a while
	}
	return answer, nil
}

func (h *Hub) answer(ctx context.Context, name, offer string) (_ *connection, _ string, err error) {
	if offer, err = tidy(offer); err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrOffer, err)
	}
	pc, err := h.api.NewPeerConnection(webrtc.Configuration{Certificates: []webrtc.Certificate{h.cert}})
	if err != nil {
		return nil, "", err
	}
	c := &connection{hub: h, name: name, pc: pc}
	defer func() {
		if v := recover(); v != nil {
			pc.Close()
			h.escaped(v)
			err = fmt.Errorf("%w: it cannot be read", ErrOffer)
		}
	}()
	answer, err := c.negotiate(ctx, offer)
	if err != nil {
		pc.Close()
		return nil, "", fmt.Errorf("%w: %w", ErrOffer, err)
	}
	return c, answer, nil
}

// Disconnect ends a browser's connection; nobody is told. False = there was none.
func (h *Hub) Disconnect(name string) bool {
	h.mu.Lock()
	p := h.peers[name]
	delete(h.peers, name)
	h.mu.Unlock()
	if p == nil {
		return false
	}
	if c := p.replace(nil); c != nil {
		c.pc.Close()
	}
	return true
}

// Connected says whether a browser is there now.
func (h *Hub) Connected(name string) bool {
	h.mu.Lock()
	p := h.peers[name]
	h.mu.Unlock()
	return p != nil && p.up()
}

// Close ends all connections and waits until nothing of them runs.
func (h *Hub) Close() {
	h.mu.Lock()
	h.closed = true
	all := h.peers
	h.peers = map[string]*peer{}
	h.mu.Unlock()
	for _, p := range all {
		if c := p.replace(nil); c != nil {
			c.pc.Close()
		}
	}
	h.turn.Close()
	h.shut()
	h.wg.Wait()
}

// state takes what pion tells of a connection.
func (h *Hub) state(c *connection, s webrtc.PeerConnectionState) {
	h.mu.Lock()
	p := h.peers[c.name]
	h.mu.Unlock()
	if p == nil {
		return // disconnected
	}
	switch s {
	case webrtc.PeerConnectionStateConnected:
		if p.turn(c, true) {
			h.c.Up(c.name)
		}
	case webrtc.PeerConnectionStateDisconnected, webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
		if p.turn(c, false) {
			h.c.Lost(c.name)
		}
		if s != webrtc.PeerConnectionStateDisconnected && p.drop(c) {
			h.forget(p)
			h.end(c)
		}
	}
}

// forget drops a peer that has neither a connection nor a leg that waits for its return.
func (h *Hub) forget(p *peer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.peers[p.name] == p && p.idle() {
		delete(h.peers, p.name)
	}
}

func (h *Hub) escaped(v any) {
	if h.c.Escaped != nil {
		h.c.Escaped(v)
	}
}

// spawn runs f beside and says so, unless the hub is closed.
func (h *Hub) spawn(f func()) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed {
		h.wg.Go(f)
	}
	return !h.closed
}

// end closes a connection beside.
func (h *Hub) end(c *connection) {
	if !h.spawn(func() { c.pc.Close() }) {
		c.pc.Close()
	}
}
