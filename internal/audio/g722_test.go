package audio

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"testing"
)

// lcg is the noise of the reference run: the same in every language.
func lcg(n int, x uint32) []uint32 {
	out := make([]uint32, n)
	for i := range out {
		x = x*1664525 + 1013904223
		out[i] = x
	}
	return out
}

// reference is noise and a saw of changing loudness and pitch; it reaches both ends of the range.
func reference() []int16 {
	out := make([]int16, 32000)
	for i, r := range lcg(len(out), 1) {
		amp := []int{1, 4, 16, 64, 256, 1024, 8, 2}[i/1000%8]
		v := int(math.Floor(float64(int(r>>16)-32768) / float64(amp)))
		saw := i*(37+i/4000*61)%4096 - 2048
		if i/3000%2 == 1 {
			v += 8 * saw
		} else {
			v += 3 * saw
		}
		out[i] = int16(max(-32768, min(32767, v)))
	}
	return out
}

func sumOf(s []int16) uint32 {
	var b []byte
	for _, v := range s {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	return crc32.ChecksumIEEE(b)
}

// Bit by bit what another implementation makes of the same input (libspandsp 0.0.6, mode 1): the sums were taken from it.
func TestG722IsExact(t *testing.T) {
	in := reference()
	coded := make([]byte, len(in)/2)
	new(G722Encoder).Encode(coded, in)
	half, back := make([]int16, len(in)), make([]int16, len(in)) // the other one wraps where it should saturate
	for i, v := range in {
		half[i] = v >> 1
	}
	quiet := make([]byte, len(coded))
	new(G722Encoder).Encode(quiet, half)
	new(G722Decoder).Decode(back, quiet)
	narrow := make([]byte, 16000)
	new(G722Encoder).EncodeNarrow(narrow, in[:16000])
	low := make([]int16, len(coded))
	new(G722Decoder).DecodeNarrow(low, coded)
	for _, c := range []struct {
		name      string
		got, want uint32
	}{
		{"coded", crc32.ChecksumIEEE(coded), 0x65ed4efb},
		{"decoded", sumOf(back), 0x33b99f18},
		{"coded from 8000", crc32.ChecksumIEEE(narrow), 0x96d8af38},
		{"decoded to 8000", sumOf(low), 0xcfc993d8},
	} {
		if c.got != c.want {
			t.Errorf("%s: sum %#x, want %#x", c.name, c.got, c.want)
		}
	}
}

// A tone of 5 kHz goes through, which G.711 cannot carry; one below 4 kHz keeps its level also by the narrow way.
func TestG722Tones(t *testing.T) {
	for _, hz := range []float64{300, 1000, 3000, 5000, 6500} {
		in := make([]int16, WideRate)
		for i := range in {
			in[i] = int16(8000 * math.Sin(2*math.Pi*hz*float64(i)/WideRate))
		}
		coded, out := make([]byte, len(in)/2), make([]int16, len(in))
		new(G722Encoder).Encode(coded, in)
		new(G722Decoder).Decode(out, coded)
		if got := Goertzel(out[4000:12000], hz/2); got < 7200 || got > 8800 { // at twice the rate hz is half as far round
			t.Errorf("%v Hz: %.0f of 8000", hz, got)
		}
		low := make([]int16, len(coded))
		new(G722Decoder).DecodeNarrow(low, coded)
		if got := Goertzel(low[2000:6000], hz); hz < 3500 && (got < 7000 || got > 9000) {
			t.Errorf("%v Hz decoded to 8000: %.0f of 8000", hz, got)
		}
	}
	in := Render(Tone{Hz: []float64{1000}, Level: 8000.0 / 32767, Ms: 1000})
	coded, out := make([]byte, len(in)), make([]int16, 2*len(in))
	new(G722Encoder).EncodeNarrow(coded, in)
	new(G722Decoder).Decode(out, coded)
	if got := Goertzel(out[4000:12000], 500); got < 7000 || got > 9000 {
		t.Errorf("1 kHz coded from 8000: %.0f of 8000", got)
	}
}

func FuzzG722(f *testing.F) {
	f.Add([]byte{0, 255, 127, 128, 1, 2, 3})
	f.Fuzz(func(_ *testing.T, b []byte) {
		out := make([]int16, 2*len(b))
		new(G722Decoder).Decode(out, b)
		new(G722Encoder).Encode(make([]byte, len(b)), out)
	})
}

func BenchmarkG722Encode(b *testing.B) {
	var e G722Encoder
	in, out := reference()[:320], make([]byte, 160)
	for range b.N {
		e.Encode(out, in)
	}
}

func BenchmarkG722DecodeNarrow(b *testing.B) {
	var d G722Decoder
	in, out := make([]byte, 160), make([]int16, 160)
	for range b.N {
		d.DecodeNarrow(out, in)
	}
}
