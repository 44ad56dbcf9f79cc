package qr

// version is a size of code at error correction M: its blocks and where its alignment patterns are. Table 9 and Annex E.
type version struct {
	n      int
	blocks []int // data codewords of each
	check  int   // error correction codewords of each block
	align  []int
}

// versions 1 to 10.
var versions = []version{
	{1, []int{16}, 10, nil},
	{2, []int{28}, 16, []int{6, 18}},
	{3, []int{44}, 26, []int{6, 22}},
	{4, []int{32, 32}, 18, []int{6, 26}},
	{5, []int{43, 43}, 24, []int{6, 30}},
	{6, []int{27, 27, 27, 27}, 16, []int{6, 34}},
	{7, []int{31, 31, 31, 31}, 18, []int{6, 22, 38}},
	{8, []int{38, 38, 39, 39}, 22, []int{6, 24, 42}},
	{9, []int{36, 36, 36, 37, 37}, 22, []int{6, 26, 46}},
	{10, []int{43, 43, 43, 43, 44}, 26, []int{6, 28, 50}},
}

func versionFor(bytes int) (version, error) {
	for _, v := range versions {
		if 4+v.countBits()+8*bytes <= 8*v.data() {
			return v, nil
		}
	}
	return version{}, ErrTooLong
}

func (v version) size() int { return 17 + 4*v.n }

func (v version) data() (n int) {
	for _, b := range v.blocks {
		n += b
	}
	return n
}

// countBits is how long the length of the text is.
func (v version) countBits() int {
	if v.n < 10 {
		return 8
	}
	return 16
}

// codewords are the text with its mode, its length, and what fills the rest.
func (v version) codewords(text []byte) []byte {
	var bits []bool
	put := func(value, n int) {
		for i := n - 1; i >= 0; i-- {
			bits = append(bits, value>>i&1 == 1)
		}
	}
	put(4, 4) // bytes
	put(len(text), v.countBits())
	for _, b := range text {
		put(int(b), 8)
	}
	room := 8 * v.data()
	put(0, min(4, room-len(bits)))
	put(0, (8-len(bits)%8)%8)
	out := make([]byte, 0, v.data())
	for i := 0; i < len(bits); i += 8 {
		var b byte
		for _, bit := range bits[i : i+8] {
			b <<= 1
			if bit {
				b |= 1
			}
		}
		out = append(out, b)
	}
	for pad := byte(0xec); len(out) < v.data(); pad ^= 0xec ^ 0x11 {
		out = append(out, pad)
	}
	return out
}

// interleaved takes a codeword of each block in turn, first of the data, then of the error correction.
func (v version) interleaved(data []byte) (out []byte) {
	var blocks, checks [][]byte
	for _, n := range v.blocks {
		blocks, checks = append(blocks, data[:n]), append(checks, remainder(data[:n], v.check))
		data = data[n:]
	}
	for _, all := range [][][]byte{blocks, checks} {
		for i := range len(all[len(all)-1]) { // the last is the longest
			for _, b := range all {
				if i < len(b) {
					out = append(out, b[i])
				}
			}
		}
	}
	return out
}

// remainder are the error correction codewords of a block: Reed-Solomon over GF(256), x^8+x^4+x^3+x^2+1.
func remainder(data []byte, n int) []byte {
	g := []byte{1} // the generator, highest first
	root := byte(1)
	for range n {
		next := append(append([]byte{}, g...), 0)
		for i, c := range g {
			next[i+1] ^= times(c, root)
		}
		g, root = next, times(root, 2)
	}
	rest := append(append([]byte{}, data...), make([]byte, n)...)
	for i := range data {
		for j, c := range g {
			if lead := rest[i]; j > 0 {
				rest[i+j] ^= times(c, lead)
			}
		}
	}
	return rest[len(data):]
}

func times(a, b byte) (p byte) {
	for ; b > 0; b >>= 1 {
		if b&1 == 1 {
			p ^= a
		}
		high := a&0x80 != 0
		if a <<= 1; high {
			a ^= 0x1d
		}
	}
	return p
}
