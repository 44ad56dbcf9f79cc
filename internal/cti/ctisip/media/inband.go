package media

import "math"

// keySound finds keys in sound (ITU-T Q.24) for a far end without telephone-event. It judges blocks of 102 samples:
// two alike and as loud in a row make a key, so 40 ms of tone are enough wherever they begin.
type keySound struct {
	block [keyBlock]int16
	n     int
	last  byte    // what the last block held
	power float64 // and how loud
	held  byte    // the key that was told and still sounds
	off   int     // blocks without it
}

const (
	keyBlock   = 102 // 12.75 ms; 78 Hz a bin, rows are 73 to 89 Hz apart
	keyLevel   = 1e4 // mean square of a block below which nothing is sought: about -50 dBFS
	keyShare   = 0.8 // of a block's energy that lies in the two tones
	keyPeak    = 6.3 // a tone over the others of its group
	keyTwist   = 6.3 // a column over a row: 8 dB, telephones send it louder
	keyTwisted = 3.2 // a row over a column: 5 dB
	keySteady  = 1.5 // from block to block: 1.8 dB; speech swells and fades
	keyMisses  = 2   // blocks without the key that end it
)

// take returns the key that begins in samples, 0 for none.
func (k *keySound) take(samples []int16) (key byte) {
	for len(samples) > 0 {
		n := copy(k.block[k.n:], samples)
		samples = samples[n:]
		if k.n += n; k.n < keyBlock {
			break
		}
		k.n = 0
		if got := k.judge(keyIn(&k.block)); got != 0 {
			key = got
		}
	}
	return key
}

func (k *keySound) judge(now byte, power float64) (key byte) {
	twice := now != 0 && now == k.last && power < keySteady*k.power && k.power < keySteady*power
	k.last, k.power = now, power
	switch {
	case twice && now != k.held:
		k.held, k.off = now, 0
		return now
	case now == k.held:
		k.off = 0
	default:
		if k.off++; k.off >= keyMisses {
			k.held = 0
		}
	}
	return 0
}

// keyIn returns the key whose two tones a block holds, 0 for none, and their power.
func keyIn(b *[keyBlock]int16) (byte, float64) {
	energy := 0.0
	for _, v := range b {
		energy += float64(v) * float64(v)
	}
	if energy < keyLevel*keyBlock {
		return 0, 0
	}
	row, rowPower, rowOK := strongest(b, &keyRows)
	col, colPower, colOK := strongest(b, &keyCols)
	// A sine of amplitude A has A*A/2 of energy a sample and the power A*A.
	if !rowOK || !colOK || (rowPower+colPower)/2*keyBlock < keyShare*energy ||
		rowPower > keyTwisted*colPower || colPower > keyTwist*rowPower {
		return 0, 0
	}
	return keyGrid[4*row+col], rowPower + colPower
}

// strongest returns the tone of a group with the greatest power, and whether it stands out.
func strongest(b *[keyBlock]int16, group *[4]float64) (best int, power float64, ok bool) {
	var p [4]float64
	for i, hz := range group {
		if p[i] = tonePower(b, hz); p[i] > p[best] {
			best = i
		}
	}
	for i, v := range p {
		if i != best && v*keyPeak > p[best] {
			return best, p[best], false
		}
	}
	return best, p[best], p[best] > 0
}

// tonePower is the squared amplitude of the sine of hz.
func tonePower(b *[keyBlock]int16, hz float64) float64 {
	c := 2 * math.Cos(2*math.Pi*hz/8000)
	var x, y float64
	for _, v := range b {
		x, y = float64(v)+c*x-y, x
	}
	return (x*x + y*y - c*x*y) * 4 / (keyBlock * keyBlock)
}
