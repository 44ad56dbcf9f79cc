// Package audio is sound at 8000 samples a second: G.711, tones, WAV files and finding tones again.
//
// Linear samples are int16. A frame is 20 ms: 160 samples.
package audio

// Rate is samples a second; Frame is the samples of 20 ms.
const (
	Rate  = 8000
	Frame = 160
)

// Law is one of the two ways G.711 writes a sample in a byte.
type Law uint8

const (
	ULaw Law = iota // PCMU, RTP payload type 0
	ALaw            // PCMA, RTP payload type 8
)

// Silence is the byte that decodes to (nearly) nothing.
func (l Law) Silence() byte {
	if l == ALaw {
		return 0xD5
	}
	return 0xFF
}

// Decode writes the samples of src into dst, which is at least as long.
func (l Law) Decode(dst []int16, src []byte) {
	t := &decode[l]
	for i, b := range src {
		dst[i] = t[b]
	}
}

// Encode writes the bytes of src into dst, which is at least as long.
func (l Law) Encode(dst []byte, src []int16) {
	t := &encode[l]
	for i, s := range src {
		dst[i] = t[uint16(s)>>3]
	}
}

// Translate rewrites bytes of law l as bytes of law to, in place, by a table of 256 bytes.
func (l Law) Translate(to Law, b []byte) {
	if l == to {
		return
	}
	t := &across[l]
	for i, v := range b {
		b[i] = t[v]
	}
}

var (
	decode = [2][256]int16{}
	encode = [2][8192]byte{} // by the upper 13 bits of a sample
	across = [2][256]byte{}  // [from] of the one law to the other
)

var _ = fillTables()

func fillTables() bool {
	for i := range 256 {
		decode[ULaw][i] = ulawDecode(byte(i))
		decode[ALaw][i] = alawDecode(byte(i))
	}
	for i := range 8192 {
		s := int(int16(uint16(i) << 3))
		encode[ULaw][i] = ulawEncode(s)
		encode[ALaw][i] = alawEncode(s)
	}
	for i := range 256 {
		across[ULaw][i] = alawEncode(int(decode[ULaw][i]))
		across[ALaw][i] = ulawEncode(int(decode[ALaw][i]))
	}
	return true
}

// ITU-T G.711: 14-bit samples, bias 33, eight segments of 16 steps; written inverted.
func ulawEncode(s int) byte {
	sign := 0
	if s < 0 {
		sign, s = 0x80, -s
	}
	s = min(s, 32635) + 132
	seg := 7
	for m := 0x4000; seg > 0 && s&m == 0; m >>= 1 {
		seg--
	}
	return ^byte(sign | seg<<4 | s>>(seg+3)&0x0F)
}

func ulawDecode(b byte) int16 {
	b = ^b
	s := (int(b&0x0F)<<3+132)<<(b>>4&7) - 132
	if b&0x80 != 0 {
		return int16(-s)
	}
	return int16(s)
}

// ITU-T G.711: 13-bit samples, eight segments of 16 steps; even bits inverted.
func alawEncode(s int) byte {
	mask := byte(0xD5)
	if s < 0 {
		mask, s = 0x55, -s-1
	}
	s = min(s, 32767)
	seg := 7
	for m := 0x4000; seg > 0 && s&m == 0; m >>= 1 {
		seg--
	}
	low := s >> 4
	if seg > 0 {
		low = s >> (seg + 3)
	}
	return byte(seg<<4|low&0x0F) ^ mask
}

func alawDecode(b byte) int16 {
	b ^= 0x55
	s := int(b&0x0F)<<4 + 8
	if seg := int(b >> 4 & 7); seg > 0 {
		s = (s + 256) << (seg - 1)
	}
	if b&0x80 == 0 {
		return int16(-s)
	}
	return int16(s)
}
