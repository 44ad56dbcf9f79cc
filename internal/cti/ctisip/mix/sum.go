package mix

import "ringback/internal/audio"

// Frame is what is mixed at once: 20 ms.
const Frame = audio.Frame

// Most is how many may be mixed: each is a bit of a Hears.
const Most = 16

// Hears says whom a listener hears: bit i stands for the voice i.
type Hears uint16

// Sum writes into dst the sum of those voices that are heard, at the edge of what a sample can be where it is louder. sound
// says which voices are no silence; the result says whether any of those was heard.
func Sum(dst *[Frame]int16, voices *[Most][Frame]int16, hears, sound Hears) bool {
	if hears &= sound; hears == 0 {
		*dst = [Frame]int16{}
		return false
	}
	var sum [Frame]int32
	for v := range Most {
		if hears&(1<<v) != 0 {
			for i, s := range voices[v] {
				sum[i] += int32(s)
			}
		}
	}
	for i, s := range sum {
		dst[i] = int16(max(-32768, min(32767, s)))
	}
	return true
}
