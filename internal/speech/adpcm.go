package speech

import (
	"encoding/binary"
	"errors"
)

// Recordings are IMA ADPCM, four bits a sample (IMA Digital Audio Focus and Technical Working Groups, 1992): a quarter of
// PCM, and plain to hear on a telephone. A file is the number of samples, little-endian in four bytes, and the nibbles,
// the lower half of each byte first.

var errCut = errors.New("speech: the recording is cut short")

// decode returns a recording's samples, at 8000 a second.
func decode(b []byte) ([]int16, error) {
	if len(b) < 4 {
		return nil, errCut
	}
	n := int(binary.LittleEndian.Uint32(b))
	if b = b[4:]; len(b) != (n+1)/2 {
		return nil, errCut
	}
	out := make([]int16, n)
	var s adpcm
	for i := range out {
		out[i] = s.step(b[i/2] >> (4 * (i & 1)) & 15)
	}
	return out, nil
}

// Encode is the other way: scripts/speech makes the built-in recordings with it.
func Encode(samples []int16) []byte {
	b := make([]byte, 4+(len(samples)+1)/2)
	binary.LittleEndian.PutUint32(b, uint32(len(samples)))
	var s adpcm
	for i, v := range samples {
		b[4+i/2] |= s.code(v) << (4 * (i & 1))
	}
	return b
}

// adpcm is what coder and decoder know alike.
type adpcm struct {
	value int32
	index int32
}

// step takes one nibble and returns its sample.
func (s *adpcm) step(code byte) int16 {
	size := sizes[s.index]
	diff := size >> 3
	if code&4 != 0 {
		diff += size
	}
	if code&2 != 0 {
		diff += size >> 1
	}
	if code&1 != 0 {
		diff += size >> 2
	}
	if code&8 != 0 {
		diff = -diff
	}
	s.value = min(max(s.value+diff, -32768), 32767)
	s.index = min(max(s.index+turns[code&7], 0), int32(len(sizes)-1))
	return int16(s.value)
}

// code finds the nibble that comes nearest to a sample, and takes it.
func (s *adpcm) code(v int16) byte {
	size, diff, code := sizes[s.index], int32(v)-s.value, byte(0)
	if diff < 0 {
		code, diff = 8, -diff
	}
	for bit := byte(4); bit > 0; bit >>= 1 {
		if diff >= size {
			code |= bit
			diff -= size
		}
		size >>= 1
	}
	s.step(code)
	return code
}

var turns = [8]int32{-1, -1, -1, -1, 2, 4, 6, 8}

var sizes = [89]int32{7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66, 73, 80, 88, 97, 107,
	118, 130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449, 494, 544, 598, 658, 724, 796, 876, 963, 1060, 1166, 1282,
	1411, 1552, 1707, 1878, 2066, 2272, 2499, 2749, 3024, 3327, 3660, 4026, 4428, 4871, 5358, 5894, 6484, 7132, 7845, 8630, 9493, 10442,
	11487, 12635, 13899, 15289, 16818, 18500, 20350, 22385, 24623, 27086, 29794, 32767}
