package audio

// G.722 is wideband sound in 64 kbit/s (ITU-T G.722, mode 1): 16000 samples a second, split by a pair of mirror filters
// into a low band of 6 bits and a high band of 2, each coded by its own ADPCM. A byte holds two samples, so a packet is
// as long as one of G.711, and RTP counts it at 8000 by an old mistake (RFC 3551 section 4.5.2).
//
// The low band alone is sound at 8000 samples a second. The narrow methods use it for G.711 on the other side: no
// filters, and half the work. The zero values are ready; one is for one direction of one call.

// WideRate is the samples a second of G.722.
const WideRate = 16000

// G722Encoder writes sound as G.722.
type G722Encoder struct {
	bands bands
	x     [24]int32 // the newest samples, for the filters
}

// G722Decoder reads it.
type G722Decoder struct {
	bands bands
	x     [24]int32
}

// Encode writes two samples at 16000 into each byte of dst; src is twice as long.
func (e *G722Encoder) Encode(dst []byte, src []int16) {
	for i := range dst {
		copy(e.x[:], e.x[2:])
		e.x[22], e.x[23] = int32(src[2*i]), int32(src[2*i+1])
		odd, even := mirror(&e.x)
		dst[i] = e.code((even+odd)>>14, (even-odd)>>14)
	}
}

// EncodeNarrow writes a sample at 8000 into each byte of dst.
func (e *G722Encoder) EncodeNarrow(dst []byte, src []int16) {
	for i := range dst {
		dst[i] = e.code(int32(src[i])>>1, 0)
	}
}

func (e *G722Encoder) code(low, high int32) byte {
	e.bands.begin()
	l, h := &e.bands.low, &e.bands.high
	el := sat(low - l.s)
	wd, i := magnitude(el), 1
	for ; i < 30 && wd >= q6[i]*l.det>>12; i++ {
	}
	il := ilp[i]
	if el < 0 {
		il = iln[i]
	}
	eh := sat(high - h.s)
	ih := byte(3)
	if magnitude(eh) >= 564*h.det>>12 {
		ih = 2
	}
	if eh < 0 {
		ih -= 2 // 1 for small, 0 for large
	}
	e.bands.adapt(il, ih)
	return ih<<6 | il
}

// Decode writes two samples at 16000 for each byte of src.
func (d *G722Decoder) Decode(dst []int16, src []byte) {
	for i, b := range src {
		low, high := d.code(b)
		copy(d.x[:], d.x[2:])
		d.x[22], d.x[23] = low+high, low-high
		odd, even := mirror(&d.x)
		dst[2*i], dst[2*i+1] = int16(sat(even>>11)), int16(sat(odd>>11))
	}
}

// DecodeNarrow writes a sample at 8000 for each byte of src.
func (d *G722Decoder) DecodeNarrow(dst []int16, src []byte) {
	for i, b := range src {
		low, _ := d.code(b)
		dst[i] = int16(low << 1)
	}
}

func (d *G722Decoder) code(b byte) (low, high int32) {
	d.bands.begin()
	l, h := &d.bands.low, &d.bands.high
	il, ih := b&0x3F, b>>6
	low = limit(l.s+l.det*qm6[il]>>15, 16383)
	high = limit(h.s+h.det*qm2[ih]>>15, 16383)
	d.bands.adapt(il, ih)
	return low, high
}

// bands are the two predictors, which coder and decoder move alike.
type bands struct {
	low, high predictor
	begun     bool
}

func (b *bands) begin() {
	if !b.begun {
		b.begun, b.low.det, b.high.det = true, 32, 8
	}
}

// adapt moves both by what was coded. The low band is predicted from its upper four bits (section 3.3).
func (b *bands) adapt(il, ih byte) {
	l, r := &b.low, il>>2
	d := l.det * qm4[r] >> 15
	l.nb = max(0, min(18432, l.nb*127>>7+wl[rl42[r]]))
	l.det = scale(l.nb, 8)
	l.predict(d)
	h := &b.high
	d = h.det * qm2[ih] >> 15
	h.nb = max(0, min(22528, h.nb*127>>7+wh[ih&1]))
	h.det = scale(h.nb, 10)
	h.predict(d)
}

// scale is the quantiser's step for a logarithmic scale factor (SCALEL, SCALEH).
func scale(nb, top int32) int32 {
	v, shift := ilb[nb>>6&31], top-nb>>11
	if shift < 0 {
		return v << -shift << 2
	}
	return v >> shift << 2
}

// predictor is the adaptive filter of a band: two poles, six zeros (section 3.6).
type predictor struct {
	s, sz   int32    // the prediction, and its part from the zeros
	r, p    [3]int32 // reconstructed and partially reconstructed signal
	a       [3]int32 // poles, 1 and 2
	b, d    [7]int32 // zeros, 1 to 6, and the differences they weigh
	nb, det int32
}

func (c *predictor) predict(d int32) {
	c.d[0] = d
	c.r[0] = sat(c.s + d)
	c.p[0] = sat(c.sz + d)
	s0, s1, s2 := c.p[0] < 0, c.p[1] < 0, c.p[2] < 0

	wd := sat(c.a[1] << 2)
	if s0 == s1 {
		wd = -wd
	}
	a2 := min(wd, 32767)>>7 + c.a[2]*32512>>15
	if s0 == s2 {
		a2 += 128
	} else {
		a2 -= 128
	}
	a2 = max(-12288, min(12288, a2))

	a1 := int32(-192)
	if s0 == s1 {
		a1 = 192
	}
	a1 = sat(a1 + c.a[1]*32640>>15)
	most := sat(15360 - a2)
	a1 = max(-most, min(most, a1))

	step := int32(128)
	if d == 0 {
		step = 0
	}
	for i := 1; i < 7; i++ {
		v := -step
		if (c.d[i] < 0) == (d < 0) {
			v = step
		}
		c.b[i] = sat(v + c.b[i]*32640>>15)
	}
	copy(c.d[1:], c.d[:6])
	c.r[2], c.r[1] = c.r[1], c.r[0]
	c.p[2], c.p[1] = c.p[1], c.p[0]
	c.a[1], c.a[2] = a1, a2

	sp := sat(a1*sat(2*c.r[1])>>15 + a2*sat(2*c.r[2])>>15)
	c.sz = 0
	for i := 6; i > 0; i-- {
		c.sz += c.b[i] * sat(2*c.d[i]) >> 15
	}
	c.sz = sat(c.sz)
	c.s = sat(sp + c.sz)
}

// mirror is the pair of filters, which both directions use (section 3.1).
func mirror(x *[24]int32) (odd, even int32) {
	for i, c := range qmf {
		odd += x[2*i] * c
		even += x[2*i+1] * qmf[11-i]
	}
	return odd, even
}

func sat(v int32) int32 { return max(-32768, min(32767, v)) }

func limit(v, most int32) int32 { return max(-most-1, min(most, v)) }

func magnitude(v int32) int32 {
	if v < 0 {
		return -(v + 1)
	}
	return v
}

// Tables of G.722, under the names that it gives them.
var (
	qmf  = [12]int32{3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11}
	q6   = [31]int32{0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919}
	iln  = [31]byte{0, 63, 62, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4}
	ilp  = [31]byte{0, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41, 40, 39, 38, 37, 36, 35, 34, 33, 32}
	wl   = [8]int32{-60, -30, 58, 172, 334, 538, 1198, 3042}
	wh   = [2]int32{798, -214} // by the lower bit of the code: the even ones are the large steps
	rl42 = [16]byte{0, 7, 6, 5, 4, 3, 2, 1, 7, 6, 5, 4, 3, 2, 1, 0}
	ilb  = [32]int32{2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834, 2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008}
	qm2  = [4]int32{-7408, -1616, 7408, 1616}
	qm4  = [16]int32{0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0}
	qm6  = [64]int32{-136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360, -8576, -7856, -7192, -6576,
		-6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688, -1360, -1040, -728, 24808, 21904, 19008, 16704, 14984, 13512, 12280,
		11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456, 4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136}
)
