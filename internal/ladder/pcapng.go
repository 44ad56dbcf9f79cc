package ladder

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
)

// Blocks, options and the link type of pcapng (draft-ietf-opsawg-pcapng).
const (
	blockSection   = 0x0A0D0D0A
	blockInterface = 1
	blockPacket    = 6
	optComment     = 1
	optName        = 2
	optResolution  = 9
	linkRaw        = 101 // IPv4 and IPv6 without anything around them
	udp            = 17
)

// PCAPNG writes the messages as packets that Wireshark and tcpdump read: each in a datagram of its own between the
// addresses it had, whatever carried it. What is no message becomes a comment on the next one, or on the last.
func PCAPNG(w io.Writer, all []Entry) error {
	out := bufio.NewWriter(w)
	block(out, blockSection, section())
	block(out, blockInterface, link())
	last := -1
	for i, e := range all {
		if e.Kind == SIP {
			last = i
		}
	}
	legs := ordinals(all)
	var comments []string
	for i, e := range all {
		switch {
		case e.Kind != SIP:
			comments = append(comments, told(e, legs[e.Leg]))
		case i != last:
			block(out, blockPacket, packet(e, append(comments, label(e, legs[e.Leg]))))
			comments = nil
		default:
			for _, after := range all[i+1:] {
				comments = append(comments, told(after, legs[after.Leg]))
			}
			block(out, blockPacket, packet(e, append(comments, label(e, legs[e.Leg]))))
			return out.Flush()
		}
	}
	return out.Flush()
}

func label(e Entry, n int) string {
	s := fmt.Sprintf("%s #%d %s", e.Party, n, e.Leg)
	if e.Proto != "udp" {
		s += " over " + e.Proto
	}
	return s
}

// block writes one with its length on both sides.
func block(w *bufio.Writer, kind uint32, body []byte) {
	var b [8]byte
	n := uint32(12 + len(body))
	binary.LittleEndian.PutUint32(b[:], kind)
	binary.LittleEndian.PutUint32(b[4:], n)
	w.Write(b[:])
	w.Write(body)
	binary.LittleEndian.PutUint32(b[:], n)
	w.Write(b[:4])
}

func section() []byte {
	le := binary.LittleEndian
	b := le.AppendUint32(nil, 0x1A2B3C4D)
	b = le.AppendUint16(b, 1)
	b = le.AppendUint16(b, 0)
	b = le.AppendUint64(b, 1<<64-1) // its length is not told
	return b
}

func link() []byte {
	le := binary.LittleEndian
	b := le.AppendUint16(nil, linkRaw)
	b = le.AppendUint16(b, 0)
	b = le.AppendUint32(b, 0) // no limit
	b = option(b, optName, []byte("ringback"))
	b = option(b, optResolution, []byte{6}) // microseconds
	return option(b, 0, nil)
}

func option(b []byte, kind uint16, value []byte) []byte {
	b = binary.LittleEndian.AppendUint16(b, kind)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
	return pad(append(b, value...))
}

func pad(b []byte) []byte {
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// mostComment keeps an option within its 16 bits.
const mostComment = 60000

func packet(e Entry, comments []string) []byte {
	le := binary.LittleEndian
	from, to := e.Far, e.Local
	if e.Out {
		from, to = e.Local, e.Far
	}
	data := datagram(from, to, []byte(e.Text))
	at := uint64(e.At.UnixMicro())
	b := le.AppendUint32(nil, 0)
	b = le.AppendUint32(b, uint32(at>>32))
	b = le.AppendUint32(b, uint32(at))
	b = le.AppendUint32(b, uint32(len(data)))
	b = le.AppendUint32(b, uint32(len(data)))
	b = pad(append(b, data...))
	for _, c := range comments {
		b = option(b, optComment, []byte(c)[:min(len(c), mostComment)])
	}
	return option(b, 0, nil)
}

// datagram is UDP in IPv4, or in IPv6 when one of the addresses is such a one. What is longer than a datagram is cut.
func datagram(from, to netip.AddrPort, text []byte) []byte {
	be := binary.BigEndian
	text = text[:min(len(text), 65000)]
	n := 8 + len(text)
	u := be.AppendUint16(nil, from.Port())
	u = be.AppendUint16(u, to.Port())
	u = be.AppendUint16(u, uint16(n))
	u = be.AppendUint16(u, 0)
	u = append(u, text...)
	if !plain(from.Addr()) || !plain(to.Addr()) {
		src, dst := six(from.Addr()), six(to.Addr())
		pseudo := append(append([]byte{}, src[:]...), dst[:]...)
		pseudo = be.AppendUint32(pseudo, uint32(n))
		pseudo = be.AppendUint32(pseudo, udp)
		be.PutUint16(u[6:], never0(checksum(append(pseudo, u...))))
		b := be.AppendUint32(nil, 6<<28)
		b = be.AppendUint16(b, uint16(n))
		b = append(b, udp, 64)
		return append(append(append(b, src[:]...), dst[:]...), u...)
	}
	src, dst := four(from.Addr()), four(to.Addr())
	pseudo := append(append([]byte{}, src[:]...), dst[:]...)
	pseudo = append(pseudo, 0, udp)
	pseudo = be.AppendUint16(pseudo, uint16(n))
	be.PutUint16(u[6:], never0(checksum(append(pseudo, u...))))
	b := []byte{0x45, 0}
	b = be.AppendUint16(b, uint16(20+n))
	b = append(b, 0, 0, 0x40, 0, 64, udp, 0, 0)
	b = append(append(b, src[:]...), dst[:]...)
	be.PutUint16(b[10:], checksum(b))
	return append(b, u...)
}

// plain: IPv4, or an address that is not known.
func plain(a netip.Addr) bool { return !a.IsValid() || a.Unmap().Is4() || a.IsUnspecified() }

func four(a netip.Addr) [4]byte {
	if !a.IsValid() || !a.Unmap().Is4() {
		return [4]byte{}
	}
	return a.Unmap().As4()
}

func six(a netip.Addr) [16]byte {
	if !a.IsValid() {
		return [16]byte{}
	}
	return a.As16()
}

func never0(sum uint16) uint16 {
	if sum == 0 {
		return 0xffff
	}
	return sum
}

// checksum of the Internet, RFC 1071.
func checksum(b []byte) uint16 {
	var sum uint32
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}
