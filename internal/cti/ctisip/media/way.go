package media

import (
	"net/netip"
	"time"
)

// Way is how the packets of a stream travel that has no socket of its own: a browser's connection, which brings its own
// addresses, keys and proof of who is there.
type Way interface {
	Send(packet []byte) error // RTP or RTCP; it must not keep the packet
	Close()
}

// wayFar stands for the far end of every way: packets come from one place and go to one.
var wayFar = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 9)

// waySilent is how long nothing may come over a way until the owner is told: a browser always sends, also while its
// microphone is off.
const waySilent = time.Second

// OpenWay opens a stream over a way. What comes over it is to be given to Deliver.
func (e *Engine) OpenWay(o Owner, w Way) (*Stream, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, ErrClosed
	}
	s := newStream(e, o, 0)
	s.bind, s.patience = e.c.Bind, int64(waySilent)
	e.streams[s] = struct{}{}
	e.opened++
	s.out.socket = waySocket{w}
	return s, nil
}

// Deliver takes a packet that came over the stream's way.
func (s *Stream) Deliver(packet []byte) { s.receive(packet, wayFar) }

// OverWay is r for a stream that has a way: where the far end is, is not for SDP to say.
func (r Remote) OverWay() Remote {
	r.Addr, r.Signalling, r.Mux = wayFar, wayFar.Addr(), true
	return r
}

type waySocket struct{ w Way }

func (k waySocket) send(b []byte, _ netip.AddrPort) error { return k.w.Send(b) }
func (k waySocket) close()                                { k.w.Close() }
