package phones

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Media counts the packets of a telephone. Each carries when it was sent, so loss and delay are exact.
type Media struct {
	Sent, Heard atomic.Uint64
	Other       atomic.Uint64 // not from the other telephone: prompts, silence
	Delay       Delays
}

// voice is what one dialog says.
type voice struct {
	to   netip.AddrPort
	now  netip.AddrPort // to, as of the last turn; speak's own
	buf  [packetBytes]byte
	on   bool
	seq  uint16
	ts   uint32
	call uint32
	side side
}

// voices are all that a telephone says.
type voices struct {
	mu sync.Mutex
	m  map[*dialog]*voice
}

func (v *voices) aim(d *dialog, s side, to netip.AddrPort) {
	if !to.IsValid() {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	x := v.m[d]
	if x == nil {
		x = &voice{call: uint32(d.call.ID), side: s}
		v.m[d] = x
	}
	x.to = to
}

func (v *voices) start(d *dialog) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if x := v.m[d]; x != nil {
		x.on = true
	}
}

func (v *voices) stop(d *dialog) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.m, d)
}

const (
	packetBytes = 172 // header and 20 ms of PCMU
	slots       = 10  // the calls are spread over the 20 ms
	packetTime  = 20 * time.Millisecond
)

// mark tells our packets from the switch's own.
var mark = []byte{0xC1, 0x1B, 0xAC, 0x4B}

// packet fills the buffer: RTP header, mark, call, side, and when it is sent.
func (x *voice) packet(now uint64) []byte {
	b := x.buf[:]
	clear(b[:32])
	b[0] = 0x80
	if x.seq == 0 {
		b[1] = 0x80
	}
	x.seq++
	x.ts += 160
	binary.BigEndian.PutUint16(b[2:], x.seq)
	binary.BigEndian.PutUint32(b[4:], x.ts)
	binary.BigEndian.PutUint32(b[8:], x.call*2+uint32(x.side)+1)
	copy(b[12:], mark)
	binary.BigEndian.PutUint32(b[16:], x.call)
	b[20] = byte(x.side)
	binary.BigEndian.PutUint64(b[24:], now)
	return b
}

// speak sends what is due until the telephone is closed.
func (t *phone) speak() {
	tick := time.NewTicker(packetTime / slots)
	defer tick.Stop()
	var due []*voice
	for slot := 0; ; slot = (slot + 1) % slots {
		select {
		case <-t.pair.quit:
			return
		case <-tick.C:
		}
		due = t.voices.due(due[:0], slot)
		for _, x := range due {
			// x is this goroutine's but for to and on, which due has read under the lock.
			if _, err := t.rtp.WriteToUDPAddrPort(x.packet(uint64(time.Since(epoch))), x.now); err == nil {
				t.Media.Sent.Add(1) // an error is the port of a call that has just ended
			}
		}
	}
}

// due returns who speaks in this slot.
func (v *voices) due(out []*voice, slot int) []*voice {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, x := range v.m {
		if x.on && int(x.call)%slots == slot {
			x.now = x.to
			out = append(out, x)
		}
	}
	return out
}

// epoch is where the times in packets begin.
var epoch = time.Now()

// hear counts what arrives.
func (t *phone) hear() {
	b := make([]byte, 1500)
	for {
		n, _, err := t.rtp.ReadFromUDPAddrPort(b)
		if err != nil {
			select {
			case <-t.pair.quit:
				return
			default:
				continue
			}
		}
		t.heard(b[:n], uint64(time.Since(epoch)))
	}
}

func (t *phone) heard(b []byte, now uint64) {
	if len(b) < packetBytes || !bytes.Equal(b[12:16], mark) || b[20] == byte(t.side) {
		t.Media.Other.Add(1)
		return
	}
	t.Media.Heard.Add(1)
	t.Media.Delay.Add(time.Duration(now - binary.BigEndian.Uint64(b[24:])))
}

// MediaSum is what both telephones counted, and the delay that 99 of 100 packets kept on the worse side.
type MediaSum struct {
	Sent, Heard uint64
	Delay99     time.Duration
}

// Since returns the sums since the last Reset.
func (p *Pair) Since() MediaSum {
	var s MediaSum
	for _, t := range p.phone {
		s.Sent += t.Media.Sent.Load()
		s.Heard += t.Media.Heard.Load()
		s.Delay99 = max(s.Delay99, t.Media.Delay.Quantile(0.99))
	}
	return s
}

// Reset begins the sums anew.
func (p *Pair) Reset() {
	for _, t := range p.phone {
		t.Media.Sent.Store(0)
		t.Media.Heard.Store(0)
		t.Media.Delay.Reset()
	}
}

// Connect lets the two telephones of a call talk through a relay that has no signalling: each sends to the address it is
// given. RTP returns their own addresses.
func (p *Pair) Connect(c *Call, toVisitor, toAgent netip.AddrPort) {
	for s, to := range [2]netip.AddrPort{toVisitor, toAgent} {
		t := p.phone[s]
		d := &dialog{call: c, callID: p.Visitor(c), over: make(chan struct{})}
		t.voices.aim(d, side(s), to)
		t.voices.start(d)
	}
}

// RTP is where the visitor's and the agent's telephone listen for speech.
func (p *Pair) RTP() (visitorAt, agentAt string) {
	return p.phone[visitor].rtp.LocalAddr().String(), p.phone[agent].rtp.LocalAddr().String()
}
