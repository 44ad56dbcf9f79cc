package simcarrier

import (
	"encoding/binary"
	"errors"
	"math"
	"net"
	"net/netip"
	"time"
)

// RTCP is what was reported about a call, both ways (RFC 3550 section 6).
type RTCP struct {
	Sent     int      `json:"sent"`      // compound packets
	Heard    int      `json:"heard"`     // compound packets
	Bye      bool     `json:"bye"`       // the other side said goodbye
	CNAME    string   `json:"cname"`     // of the other side
	Lost     float64  `json:"lost"`      // share of our packets that did not arrive there, of its last report
	JitterMs float64  `json:"jitter_ms"` // of our packets there
	RTTMs    *float64 `json:"rtt_ms"`    // null = it has not heard a report of ours yet
	Senders  int      `json:"senders"`   // sender reports among what was heard
	Strange  int      `json:"strange"`   // packets that do not parse
	WithinMs float64  `json:"first_ms"`  // from the answer to the first one heard
}

// control is the RTCP of one call. The lock of its media guards it.
type control struct {
	RTCP
	conn packetConn // port of the sound + 1; without a PacketConn it goes with the sound (RFC 5761)
	to   netip.AddrPort
	last uint32 // middle of the NTP time of their last sender report
	at   time.Time
	sent struct{ packets, octets uint32 }
}

const reportEach = 5 * time.Second

// openControl opens the port beside that of the sound. A port that is taken leaves a call without reports.
func (m *media) openControl(mux bool) {
	m.control = &control{}
	if mux {
		return
	}
	at := m.conn.addr
	conn, err := m.c.cfg.Net.ListenPacket(netip.AddrPortFrom(at.Addr(), at.Port()+1).String())
	if err != nil {
		m.c.log.Debug("carrier: no RTCP", "err", err)
		m.control = nil
		return
	}
	m.control.conn = packets(conn)
	m.c.wg.Go(func() {
		buf := make([]byte, 2048)
		for {
			n, _, err := m.control.conn.read(buf)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil {
				m.c.guard(func() { m.hearControl(buf[:n], time.Now()) })
			}
		}
	})
}

// reports sends a report now and then.
func (k *call) reports() {
	if k.media == nil || k.media.control == nil {
		return
	}
	k.media.report(time.Now())
	k.later(reportEach, k.reports)
}

// report sends a sender report with a block about what is heard, and our name.
func (m *media) report(now time.Time) {
	m.mu.Lock()
	c := m.control
	if !c.to.IsValid() {
		m.mu.Unlock()
		return
	}
	b := make([]byte, 0, 100)
	blocks := byte(0)
	if m.ear.packets > 0 {
		blocks = 1
	}
	b = append(b, 0x80|blocks, 200, 0, byte(6+6*int(blocks)))
	b = binary.BigEndian.AppendUint32(b, m.ssrc)
	b = binary.BigEndian.AppendUint64(b, ntp(now))
	b = binary.BigEndian.AppendUint32(b, m.base+uint32(m.n))
	b = binary.BigEndian.AppendUint32(b, c.sent.packets)
	b = binary.BigEndian.AppendUint32(b, c.sent.octets)
	if blocks == 1 {
		b = binary.BigEndian.AppendUint32(b, m.ear.ssrc)
		b = binary.BigEndian.AppendUint32(b, uint32(m.ear.gaps)&0xFFFFFF)
		b = binary.BigEndian.AppendUint32(b, uint32(m.ear.seq))
		b = binary.BigEndian.AppendUint32(b, 0)
		b = binary.BigEndian.AppendUint32(b, c.last)
		delay := uint32(0)
		if c.last != 0 {
			delay = uint32(now.Sub(c.at).Seconds() * 65536)
		}
		b = binary.BigEndian.AppendUint32(b, delay)
	}
	b = append(b, 0x81, 202, 0, 4)
	b = binary.BigEndian.AppendUint32(b, m.ssrc)
	b = append(b, 1, 8, 's', 'i', 'm', 'c', 'a', 'r', 'r', '@', 0, 0)
	c.Sent++
	conn, to := c.conn, c.to
	if conn.PacketConn == nil {
		conn = m.out
	}
	m.mu.Unlock()
	_ = conn.write(b, to)
}

func ntp(t time.Time) uint64 {
	return uint64(t.Unix()+2208988800)<<32 | uint64(t.Nanosecond())<<32/1e9
}

// hearControl reads a compound packet.
func (m *media) hearControl(b []byte, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.control
	if c == nil || m.deaf {
		return
	}
	if c.Heard == 0 {
		c.WithinMs = ms(now.Sub(m.ear.answered))
	}
	c.Heard++
	for len(b) > 0 {
		if len(b) < 8 || b[0]>>6 != 2 {
			c.Strange++
			return
		}
		end := 4 * (1 + int(binary.BigEndian.Uint16(b[2:])))
		if end > len(b) {
			c.Strange++
			return
		}
		c.one(b[:end], m.ssrc, now)
		b = b[end:]
	}
}

// one reads one packet of a compound.
func (c *control) one(b []byte, ours uint32, now time.Time) {
	count, at := int(b[0]&0x1F), 8
	switch b[1] {
	case 200:
		if len(b) < 28 {
			c.Strange++
			return
		}
		c.Senders++
		c.last, c.at, at = binary.BigEndian.Uint32(b[10:]), now, 28
		fallthrough
	case 201:
		for ; count > 0 && at+24 <= len(b); at, count = at+24, count-1 {
			if binary.BigEndian.Uint32(b[at:]) == ours {
				c.block(b[at:at+24], now)
			}
		}
	case 202:
		if len(b) > 10 && b[8] == 1 && 10+int(b[9]) <= len(b) {
			c.CNAME = string(b[10 : 10+int(b[9])])
		}
	case 203:
		c.Bye = true
	}
}

// block is what they say about our packets.
func (c *control) block(b []byte, now time.Time) {
	c.Lost = float64(b[4]) / 256
	c.JitterMs = math.Round(float64(binary.BigEndian.Uint32(b[12:]))/8*100) / 100
	if lsr := binary.BigEndian.Uint32(b[16:]); lsr != 0 {
		took := uint32(ntp(now)>>16) - lsr - binary.BigEndian.Uint32(b[20:])
		c.RTTMs = ptr(math.Round(float64(int32(took))/65536*1e5) / 100)
	}
}
