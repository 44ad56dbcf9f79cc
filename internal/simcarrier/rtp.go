package simcarrier

import "encoding/binary"

// packet is one RTP packet as it was heard (RFC 3550 section 5.1).
type packet struct {
	pt      int
	seq     uint16
	ts      uint32
	ssrc    uint32
	payload []byte
}

// parseRTP reads a packet; false for RTCP, STUN and rubbish.
func parseRTP(b []byte) (p packet, ok bool) {
	if len(b) < 12 || b[0]>>6 != 2 {
		return p, false
	}
	p = packet{pt: int(b[1] & 0x7F), seq: binary.BigEndian.Uint16(b[2:]), ts: binary.BigEndian.Uint32(b[4:]), ssrc: binary.BigEndian.Uint32(b[8:])}
	if p.pt >= 72 && p.pt <= 76 { // RTCP on the same port (RFC 5761)
		return p, false
	}
	at, end := 12+4*int(b[0]&0x0F), len(b)
	if b[0]&0x10 != 0 {
		if at+4 > end {
			return p, false
		}
		at += 4 + 4*int(binary.BigEndian.Uint16(b[at+2:]))
	}
	if b[0]&0x20 != 0 {
		end -= int(b[end-1])
	}
	if at > end {
		return p, false
	}
	p.payload = b[at:end]
	return p, true
}

// header writes the 12 bytes of a packet of ours.
func (p packet) header(b []byte, marker bool) {
	b[0], b[1] = 0x80, byte(p.pt)
	if marker {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], p.seq)
	binary.BigEndian.PutUint32(b[4:], p.ts)
	binary.BigEndian.PutUint32(b[8:], p.ssrc)
}
