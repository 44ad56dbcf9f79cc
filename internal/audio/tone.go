package audio

import "math"

// Tone is a sum of sines with a cadence, or a pause where it has none.
type Tone struct {
	Hz    []float64
	Level float64 // amplitude of each sine, 0..1 of full scale
	Ms    int     // how long
}

// Render returns the samples of the tones, one after the other; each sine begins at phase 0.
func Render(tones ...Tone) []int16 {
	var out []int16
	for _, t := range tones {
		n := t.Ms * Rate / 1000
		for i := range n {
			v := 0.0
			for _, hz := range t.Hz {
				v += t.Level * math.Sin(2*math.Pi*hz*float64(i)/Rate)
			}
			out = append(out, int16(max(-1, min(1, v))*32767))
		}
	}
	return out
}

// RMS is the root mean square of the samples, 0..32768.
func RMS(s []int16) float64 {
	if len(s) == 0 {
		return 0
	}
	var sum float64
	for _, v := range s {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum / float64(len(s)))
}

// DBFS is a level against a full-scale square wave; digital silence is -120.
func DBFS(rms float64) float64 {
	if rms < 0.033 {
		return -120
	}
	return 20 * math.Log10(rms/32768)
}

// Goertzel returns the amplitude (0..32768) of the sine of hz in the samples.
func Goertzel(s []int16, hz float64) float64 {
	if len(s) == 0 {
		return 0
	}
	w := 2 * math.Pi * hz / Rate
	c := 2 * math.Cos(w)
	var a, b float64
	for _, v := range s {
		a, b = float64(v)+c*a-b, a
	}
	p := a*a + b*b - c*a*b
	return 2 * math.Sqrt(max(p, 0)) / float64(len(s))
}
