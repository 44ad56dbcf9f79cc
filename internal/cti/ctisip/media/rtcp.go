package media

import "encoding/binary"

// report is what we use of a compound RTCP packet, RFC 3550 section 6.
type report struct {
	ssrc  uint32 // of who sent it
	sent  bool   // it holds a sender report
	ntp   uint32 // the middle 32 bits of its NTP time: 1/65536 s
	about block  // what it says of us
	bye   bool
}

// block is a report block, section 6.4.1.
type block struct {
	ssrc     uint32 // whom it is about; 0 = there is none
	fraction uint8  // lost since the report before, of 256
	lost     int32  // in all; 24 bits, negative after duplicates
	high     uint32 // highest sequence number, its turns in the upper half
	jitter   uint32 // in samples
	lastSR   uint32 // ntp of the newest report of ours that came, 0 = none
	since    uint32 // how long ago that was, 1/65536 s
}

// Packet types, RFC 3550 section 12.1.
const (
	rtcpSR   = 200
	rtcpRR   = 201
	rtcpSDES = 202
	rtcpBye  = 203
)

const blockLen = 24

// parseRTCP reads a compound packet; about is the block of the stream ours. ok is false when the packet is cut off or is
// no RTCP. What we do not know is skipped.
func parseRTCP(b []byte, ours uint32) (r report, ok bool) {
	for len(b) > 0 {
		if len(b) < 4 || b[0]>>6 != 2 || b[1] < 192 || b[1] > 223 {
			return report{}, false
		}
		size := 4 + 4*int(binary.BigEndian.Uint16(b[2:]))
		if size > len(b) {
			return report{}, false
		}
		body := b[4:size]
		switch b[1] {
		case rtcpSR:
			if len(body) < 24 {
				return report{}, false
			}
			r.ssrc, r.sent = binary.BigEndian.Uint32(body), true
			r.ntp = binary.BigEndian.Uint32(body[6:])
			r.blocks(body[24:], int(b[0]&0x1F), ours)
		case rtcpRR:
			if len(body) < 4 {
				return report{}, false
			}
			r.ssrc = binary.BigEndian.Uint32(body)
			r.blocks(body[4:], int(b[0]&0x1F), ours)
		case rtcpBye:
			r.bye = true
		}
		b, ok = b[size:], true
	}
	return r, ok
}

func (r *report) blocks(b []byte, n int, ours uint32) {
	for ; n > 0 && len(b) >= blockLen; n, b = n-1, b[blockLen:] {
		if binary.BigEndian.Uint32(b) != ours {
			continue
		}
		r.about = block{ssrc: ours, fraction: b[4], lost: int32(binary.BigEndian.Uint32(b[4:])<<8) >> 8,
			high: binary.BigEndian.Uint32(b[8:]), jitter: binary.BigEndian.Uint32(b[12:]),
			lastSR: binary.BigEndian.Uint32(b[16:]), since: binary.BigEndian.Uint32(b[20:])}
	}
}

// sending is what a sender report says of what we send.
type sending struct {
	ssrc            uint32
	ntp             uint64
	ts              uint32
	packets, octets uint32
}

// putRTCP appends a compound packet: a sender report, or a receiver report when nothing was sent; a block about what is
// heard; our canonical name; and BYE when the stream ends.
func putRTCP(b []byte, s sending, about block, name string, bye bool) []byte {
	n := byte(0)
	if about.ssrc != 0 {
		n = 1
	}
	if s.packets > 0 {
		b = append(b, 0x80|n, rtcpSR, 0, 6+6*n)
		b = binary.BigEndian.AppendUint32(b, s.ssrc)
		b = binary.BigEndian.AppendUint64(b, s.ntp)
		b = binary.BigEndian.AppendUint32(b, s.ts)
		b = binary.BigEndian.AppendUint32(b, s.packets)
		b = binary.BigEndian.AppendUint32(b, s.octets)
	} else {
		b = append(b, 0x80|n, rtcpRR, 0, 1+6*n)
		b = binary.BigEndian.AppendUint32(b, s.ssrc)
	}
	if n == 1 {
		b = putBlock(b, about)
	}
	b = putName(b, s.ssrc, name)
	if bye {
		b = append(b, 0x81, rtcpBye, 0, 1)
		b = binary.BigEndian.AppendUint32(b, s.ssrc)
	}
	return b
}

func putBlock(b []byte, a block) []byte {
	b = binary.BigEndian.AppendUint32(b, a.ssrc)
	b = append(b, a.fraction, byte(a.lost>>16), byte(a.lost>>8), byte(a.lost))
	for _, v := range []uint32{a.high, a.jitter, a.lastSR, a.since} {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}

// putName appends a source description with the CNAME alone, section 6.5; its list ends with one to four zeros.
func putName(b []byte, ssrc uint32, name string) []byte {
	items := 2 + len(name)
	pad := 4 - items%4
	b = append(b, 0x81, rtcpSDES, 0, byte(1+(items+pad)/4))
	b = binary.BigEndian.AppendUint32(b, ssrc)
	b = append(b, 1, byte(len(name)))
	b = append(b, name...)
	return append(b, make([]byte, pad)...)
}
