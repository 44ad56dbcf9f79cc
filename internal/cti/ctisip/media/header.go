package media

import "encoding/binary"

// header is what we use of an RTP header, RFC 3550 section 5.1. The body is packet[body:end].
type header struct {
	seq       uint16
	ts, ssrc  uint32
	pt        uint8
	marker    bool
	body, end int
}

const (
	headerLen = 12
	ptWide    = 9  // G.722, RFC 3551
	ptComfort = 13 // comfort noise, RFC 3389
)

// parse reads a header; ok is false for what is no whole RTP packet. The body never begins before headerLen, so a new
// header fits in front of it.
func parse(b []byte) (h header, ok bool) {
	if len(b) < headerLen || b[0]>>6 != 2 {
		return h, false
	}
	h = header{
		seq:    binary.BigEndian.Uint16(b[2:]),
		ts:     binary.BigEndian.Uint32(b[4:]),
		ssrc:   binary.BigEndian.Uint32(b[8:]),
		pt:     b[1] & 0x7F,
		marker: b[1]&0x80 != 0,
		body:   headerLen + 4*int(b[0]&0x0F),
		end:    len(b),
	}
	if b[0]&0x10 != 0 { // one header extension, its length in words
		if h.body+4 > h.end {
			return h, false
		}
		h.body += 4 + 4*int(binary.BigEndian.Uint16(b[h.body+2:]))
	}
	if h.body > h.end {
		return h, false
	}
	if b[0]&0x20 != 0 { // padding, its length in the last byte
		pad := int(b[h.end-1])
		if pad == 0 || h.body+pad > h.end {
			return h, false
		}
		h.end -= pad
	}
	return h, true
}

// isRTCP tells RTCP on the same port by its packet type, RFC 5761 section 4.
func isRTCP(b []byte) bool {
	return len(b) >= 8 && b[0]>>6 == 2 && b[1] >= 192 && b[1] <= 223
}

// putHeader writes a header without CSRC, extension or padding.
func putHeader(b []byte, pt uint8, marker bool, seq uint16, ts, ssrc uint32) {
	b[0], b[1] = 0x80, pt
	if marker {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], seq)
	binary.BigEndian.PutUint32(b[4:], ts)
	binary.BigEndian.PutUint32(b[8:], ssrc)
}
