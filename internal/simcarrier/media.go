package simcarrier

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"ringback/internal/audio"
)

// media is the sound of one call: one socket (two for asymmetric lines), one goroutine that listens and, in between,
// speaks. The loop tells it what to say.
type media struct {
	c    *Carrier
	host string     // where it may open more sockets
	conn packetConn // named in the SDP; mu guards it, a person may move
	out  packetConn // sends; usually the same
	ssrc uint32

	mu      sync.Mutex
	to      netip.AddrPort
	on      bool // they want to hear us
	muted   bool
	law     audio.Law
	pt      int
	eventPT int
	frame   int // samples a packet

	begun   bool
	start   time.Time // of sample 0
	n       int       // next sample to be sent
	base    uint32    // timestamp of sample 0
	seq     uint16
	burst   bool // the next packet begins a talk-spurt
	plan    []bit
	vad     bool // pauses are comfort noise and then nothing
	idle    int  // frames since speech
	deaf    bool // what comes in is lost
	voice   int  // Hz
	talking bool
	keys    []byte
	event   struct{ code, from, length, ends int } // the key being sent; length 0 = none
	markers []time.Time                            // when those we sent were over
	answers int                                    // markers said in reply
	pressed []Key

	control *control // RTCP; nil = none
	ear     ear
}

func (c *Carrier) openMedia(k *call) (*media, error) {
	host := netip.AddrPortFrom(k.from.here().Addr(), 0).String()
	conn, err := c.cfg.Net.ListenPacket(host)
	if err != nil {
		return nil, err
	}
	m := &media{c: c, host: host, conn: packets(conn), ssrc: c.rand.Uint32(), base: c.rand.Uint32(), seq: uint16(c.rand.Uint32()),
		burst: true, muted: k.manner.noMedia || k.manner.mediaAfter > 0, vad: k.manner.detectsVoice, deaf: k.manner.deaf, voice: k.row.ToneHz}
	m.out = m.conn
	if k.manner.otherPort {
		out, err := c.cfg.Net.ListenPacket(host)
		if err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		m.out = packets(out)
	}
	m.ear = ear{rec: c.book.record(k.row), answered: time.Now(), silentFrom: time.Now(), voice: m.voice, known: c.knownTones, pace: max(c.cfg.Pace, 20*time.Millisecond)}
	m.frame = 8 * k.ours.ptime
	if k.manner.rtcp {
		m.openControl(k.manner.rtcpMux && (k.offer == nil || k.offer.mux))
		k.later(500*time.Millisecond, k.reports)
	}
	if k.offer != nil {
		m.send(k.offer, k.ours)
	}
	return m, nil
}

// begin starts listening and speaking, once it is known what to say.
func (m *media) begin() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.begun {
		return
	}
	m.begun, m.start = true, time.Now()
	m.c.wg.Go(m.run)
}

// run listens until it is time to speak, and ends when the socket is closed.
func (m *media) run() {
	in, out := make([]byte, 2048), make([]byte, 12+8*60)
	next := m.start
	for {
		conn := m.ears()
		conn.until(next)
		n, _, err := conn.read(in)
		now := time.Now()
		switch {
		case err == nil && m.deaf:
		case err == nil:
			m.c.guard(func() { m.hear(in[:n], now) })
		case errors.Is(err, net.ErrClosed) && m.ears().PacketConn != conn.PacketConn: // moved
		case errors.Is(err, net.ErrClosed):
			return
		}
		if now = time.Now(); !now.Before(next) {
			var b []byte
			var to netip.AddrPort
			b, to, next = m.speak(out, now)
			if b != nil {
				_ = m.lips().write(b, to)
			}
		}
	}
}

func (m *media) ears() packetConn {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.conn
}

func (m *media) lips() packetConn {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.out
}

// addr is where it listens.
func (m *media) addr() netip.AddrPort { return m.ears().addr }

// move listens and speaks over another socket from now on.
func (m *media) move(to packetConn) {
	m.mu.Lock()
	old := m.conn
	if m.out.PacketConn == old.PacketConn {
		m.out = to
	}
	m.conn = to
	m.mu.Unlock()
	_ = old.Close()
}

// send takes where and how the other side wants to hear us.
func (m *media) send(theirs *session, ours local) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.to, m.on = theirs.addr, !theirs.held() && ours.dir != "recvonly" && ours.dir != "inactive"
	for _, pt := range theirs.pts {
		if law, ok := ours.laws[pt]; ok && slices.Contains(ours.pts, pt) {
			m.pt, m.law = pt, law
			break
		}
	}
	m.eventPT, m.frame = ours.eventPT, 8*ours.ptime
	if m.control != nil {
		m.control.to = theirs.control()
	}
	m.ear.laws, m.ear.eventPT = ours.laws, ours.eventPT
	m.ear.deafen(ours.dir == "sendonly" || ours.dir == "inactive", time.Now())
}

// hold stops counting silence while we ask not to be spoken to.
func (m *media) hold(dir string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ear.deafen(dir == "sendonly" || dir == "inactive", time.Now())
}

// stop closes the sockets; the goroutine ends by itself. A call without media has nil.
func (m *media) stop() {
	if m == nil {
		return
	}
	m.mu.Lock()
	m.ear.deafen(true, time.Now())
	conn, out := m.conn, m.out
	m.mu.Unlock()
	if m.control != nil && m.control.conn.PacketConn != nil {
		_ = m.control.conn.Close()
	}
	_ = conn.Close()
	if out.PacketConn != conn.PacketConn {
		_ = out.Close()
	}
}
