package srtp

import "encoding/binary"

// progress is how far a stream of one SSRC has come: the rollover counter, which the packets do not carry, the highest
// sequence number, and which of the last 64 packets were there.
type progress struct {
	ssrc  uint32
	began bool
	roc   uint32
	high  uint16
	seen  window
	rtcp  window
}

// guess is the rollover counter of a packet by its sequence number (RFC 3711 section 3.3.1); false for one from before the
// stream began.
func (p *progress) guess(seq uint16) (roc uint32, ok bool) {
	switch {
	case !p.began:
	case p.high < 1<<15 && seq > p.high && seq-p.high > 1<<15:
		return p.roc - 1, p.roc > 0 // from before the last turn
	case p.high >= 1<<15 && seq < p.high-1<<15:
		return p.roc + 1, p.roc+1 > 0 // 2^48 packets are what a key is good for
	}
	return p.roc, true
}

// fresh says whether a packet was not there before.
func (p *progress) fresh(roc uint32, seq uint16) bool { return p.seen.fresh(index(roc, seq)) }

// take notes a packet that was authentic.
func (p *progress) take(roc uint32, seq uint16) {
	i := index(roc, seq)
	if !p.began || i > index(p.roc, p.high) {
		p.roc, p.high, p.began = roc, seq, true
	}
	p.seen.take(i)
}

// index of a packet plus one, so that 0 is none.
func index(roc uint32, seq uint16) uint64 { return uint64(roc)<<16 | uint64(seq) + 1 }

// window is the replay list, RFC 3711 section 3.3.2: bit n stands for the index n below the highest.
type window struct {
	high uint64
	bits uint64
}

func (w *window) fresh(i uint64) bool {
	if i > w.high {
		return true
	}
	d := w.high - i
	return d < 64 && w.bits>>d&1 == 0
}

func (w *window) take(i uint64) {
	if i > w.high {
		if d := i - w.high; d < 64 {
			w.bits <<= d
		} else {
			w.bits = 0
		}
		w.high = i
	}
	if d := w.high - i; d < 64 {
		w.bits |= 1 << d
	}
}

const (
	rtpHeader  = 12
	rtcpHeader = 8
)

// bodyOf returns where the encrypted part of an RTP packet begins, 0 = it is no RTP packet.
func bodyOf(b []byte) int {
	if len(b) < rtpHeader || b[0]>>6 != 2 {
		return 0
	}
	n := rtpHeader + 4*int(b[0]&0x0F)
	if b[0]&0x10 != 0 {
		if len(b) < n+4 {
			return 0
		}
		n += 4 + 4*int(binary.BigEndian.Uint16(b[n+2:]))
	}
	if n > len(b) {
		return 0
	}
	return n
}

func seqOf(b []byte) uint16      { return binary.BigEndian.Uint16(b[2:]) }
func ssrcOf(b []byte) uint32     { return binary.BigEndian.Uint32(b[8:]) }
func ssrcOfRTCP(b []byte) uint32 { return binary.BigEndian.Uint32(b[4:]) }
