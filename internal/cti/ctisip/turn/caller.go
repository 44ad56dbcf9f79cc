package turn

import (
	"crypto/rand"
	"encoding/binary"
	"net"
	"net/netip"
	"time"

	"github.com/pion/stun/v4"
)

// caller is a connection and what was allocated over it.
type caller struct {
	s     *Server
	conn  net.Conn
	from  netip.AddrPort
	host  netip.Addr
	born  time.Time
	nonce string // of this connection: an answer that was heard elsewhere is good for nothing here
	in    stun.Message
	wrong int    // requests without a good credential
	relay *relay // nil = nothing is allocated
}

// wrongMost is how many requests without a good credential are answered; the first of every client has none.
const wrongMost = 6

func newCaller(s *Server, conn net.Conn, from netip.AddrPort) *caller {
	return &caller{s: s, conn: conn, from: from, host: from.Addr(), born: time.Now(), nonce: rand.Text()}
}

// run serves the connection to its end.
func (c *caller) run() {
	defer c.end()
	defer c.recovered()
	in := newFrames(c.conn)
	for {
		now := time.Now()
		if c.relay != nil && now.After(c.relay.until) {
			c.drop()
		}
		c.conn.SetReadDeadline(c.patience(now))
		b, err := in.next()
		if err != nil || !c.take(b) {
			return
		}
	}
}

// patience is until when a whole frame must have come.
func (c *caller) patience(now time.Time) time.Time {
	if c.relay == nil {
		return c.born.Add(c.s.c.first)
	}
	if quiet := now.Add(quietMost); quiet.Before(c.relay.until) {
		return quiet
	}
	return c.relay.until
}

func (c *caller) end() {
	c.conn.Close()
	if c.relay != nil {
		c.relay.close()
	}
	c.s.leave(c)
}

// drop ends the allocation; the connection may ask for another one.
func (c *caller) drop() {
	c.relay.close()
	c.s.give(c, c.relay.name)
	c.relay, c.born = nil, time.Now()
}

// take does with a frame what it asks for; false ends the connection.
func (c *caller) take(b []byte) bool {
	if channel(b) {
		c.speech(b)
		return true
	}
	c.in.Raw = append(c.in.Raw[:0], b...)
	if c.in.Decode() != nil {
		return false
	}
	switch c.in.Type {
	case stun.NewType(stun.MethodSend, stun.ClassIndication):
		c.send(&c.in)
	case stun.BindingRequest:
		c.reply(&c.in, stun.ClassSuccessResponse, address{stun.AttrXORMappedAddress, c.from})
	default:
		if c.in.Type.Class == stun.ClassRequest {
			c.answer(&c.in)
		}
	}
	return c.wrong <= wrongMost
}

// speech relays channel data.
func (c *caller) speech(b []byte) {
	n := int(binary.BigEndian.Uint16(b[2:]))
	if c.relay == nil {
		return
	}
	if w := c.relay.channels[binary.BigEndian.Uint16(b)]; w != nil {
		w.conn.Write(b[headChannel : headChannel+n])
	}
}

// send relays what comes with its address. Nobody is told when it leads nowhere (RFC 8656 section 11.2).
func (c *caller) send(m *stun.Message) {
	data, err := m.Get(stun.AttrData)
	at, ok := peerOf(m)
	if err != nil || !ok || c.relay == nil {
		return
	}
	if w := c.relay.to(at); w != nil {
		w.conn.Write(data)
	}
}

// write sends a frame. A connection that takes nothing is cut.
func (c *caller) write(b []byte) {
	c.conn.SetWriteDeadline(time.Now().Add(writeWithin))
	if _, err := c.conn.Write(b); err != nil {
		c.conn.Close()
	}
}

func (c *caller) recovered() {
	if v := recover(); v != nil {
		c.conn.Close()
		if c.s.c.Escaped != nil {
			c.s.c.Escaped(v)
		}
	}
}
