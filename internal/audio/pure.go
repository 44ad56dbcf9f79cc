package audio

import "math"

// Pure finds the one sine that the samples are most like and the share of their energy that lies in it.
//
// A sine of w satisfies x[n-1] + x[n+1] = 2 cos(w) x[n]: least squares give a first guess, the top of a parabola through
// three shares around it the answer.
func Pure(s []int16) (hz, best float64) {
	if len(s) < 8 {
		return 0, 0
	}
	var num, den float64
	for i := 1; i < len(s)-1; i++ {
		x := float64(s[i])
		num += x * (float64(s[i-1]) + float64(s[i+1]))
		den += x * x
	}
	if den == 0 || math.Abs(num) >= 2*den {
		return 0, 0
	}
	hz = math.Acos(num/(2*den)) * Rate / (2 * math.Pi)
	den /= float64(len(s)) / 2
	share := func(hz float64) float64 { a := Goertzel(s, hz); return a * a / den }
	step := Rate / float64(len(s)) / 4
	best = share(hz)
	for range 3 {
		if best < noTone {
			break
		}
		l, m, r := share(hz-step), best, share(hz+step)
		d := l - 2*m + r
		if d >= 0 {
			break
		}
		move := max(-2, min(2, (l-r)/(2*d)))
		hz += move * step
		best = share(hz)
		if math.Abs(move) < 0.1 {
			break
		}
	}
	return hz, best
}

// noTone is a share at the first guess below which it is no tone and none is sought.
const noTone = 0.3
