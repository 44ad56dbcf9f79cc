package turn

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/pion/stun/v4"
)

// relay is an allocation. It has a socket for each address of ours that its browser speaks to, connected to our port of
// speech: it can send to nothing else, and the kernel takes nothing else for it.
type relay struct {
	c     *caller
	name  string // of the browser
	asked [stun.TransactionIDSize]byte
	until time.Time
	at    netip.AddrPort // as the browser is told it

	ways     []*way
	channels map[uint16]*way
	wg       sync.WaitGroup
}

// way is one of the addresses that a relay may speak to.
type way struct {
	Way
	conn    *net.UDPConn  // nil = not spoken to yet
	channel atomic.Uint32 // 0 = none
}

// queue is how many bytes of speech may wait for a slow connection, some half a second of it; the rest is lost.
const queue = 32 << 10

func openRelay(c *caller, name string, six bool) (*relay, error) {
	r := &relay{c: c, name: name, channels: map[uint16]*way{}}
	for _, w := range c.s.c.Ways {
		if w.Name.Addr().Is6() == six {
			r.ways = append(r.ways, &way{Way: w})
		}
	}
	if len(r.ways) == 0 {
		return nil, errors.New("turn: no address of that family")
	}
	if err := r.open(r.ways[0]); err != nil {
		return nil, err
	}
	own, err := netip.ParseAddrPort(r.ways[0].conn.LocalAddr().String())
	if err != nil {
		r.close()
		return nil, err
	}
	r.at = netip.AddrPortFrom(r.ways[0].Name.Addr(), own.Port())
	return r, nil
}

// open gives a way its socket.
func (r *relay) open(w *way) error {
	if w.conn != nil {
		return nil
	}
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(w.To))
	if err != nil {
		return err
	}
	conn.SetReadBuffer(queue)
	w.conn = conn
	r.wg.Go(func() { r.back(w) })
	return nil
}

// permits opens the ways to an address; false = it is none of ours. A permission is of an address, whatever port
// (RFC 8656 section 9).
func (r *relay) permits(a netip.Addr) bool {
	found := false
	for _, w := range r.ways {
		if w.Name.Addr() == a && r.open(w) == nil {
			found = true
		}
	}
	return found
}

// to is the way to an address and port that was permitted; nil = none.
func (r *relay) to(a netip.AddrPort) *way {
	for _, w := range r.ways {
		if w.Name == a && w.conn != nil {
			return w
		}
	}
	return nil
}

// bind gives a way a number; false = one of them has another. Numbers and permissions last as long as the allocation:
// they lead nowhere but to us, and their end would help nobody.
func (r *relay) bind(n uint16, w *way) bool {
	if had := r.channels[n]; had != nil && had != w || w.channel.Load() != 0 && w.channel.Load() != uint32(n) {
		return false
	}
	r.channels[n] = w
	w.channel.Store(uint32(n))
	return true
}

// back brings what we say to the browser. Nobody else waits for a slow one: its socket overflows.
func (r *relay) back(w *way) {
	defer r.c.recovered()
	b := make([]byte, headChannel+frameMost)
	for {
		n, err := w.conn.Read(b[headChannel : headChannel+frameMost-headStun-headChannel])
		switch {
		case errors.Is(err, syscall.ECONNREFUSED):
			continue // our port is shut: each packet to it says so
		case err != nil:
			return
		}
		if number := w.channel.Load(); number != 0 {
			binary.BigEndian.PutUint16(b, uint16(number))
			binary.BigEndian.PutUint16(b[2:], uint16(n))
			end := headChannel + n
			for end%4 != 0 {
				b[end] = 0
				end++
			}
			r.c.write(b[:end])
			continue
		}
		m, err := stun.Build(stun.TransactionID, stun.NewType(stun.MethodData, stun.ClassIndication),
			address{stun.AttrXORPeerAddress, w.Name}, stun.RawAttribute{Type: stun.AttrData, Value: b[headChannel : headChannel+n]})
		if err == nil {
			r.c.write(m.Raw)
		}
	}
}

// close ends the relay and waits until nothing of it runs.
func (r *relay) close() {
	for _, w := range r.ways {
		if w.conn != nil {
			w.conn.Close()
		}
	}
	r.wg.Wait()
}

// address is an attribute with an address and a port (RFC 8489 section 14.2).
type address struct {
	kind stun.AttrType
	at   netip.AddrPort
}

func (a address) AddTo(m *stun.Message) error {
	return stun.XORMappedAddress{IP: a.at.Addr().AsSlice(), Port: int(a.at.Port())}.AddToAs(m, a.kind)
}
