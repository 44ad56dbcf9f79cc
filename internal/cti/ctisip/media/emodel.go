package media

import (
	"math"
	"time"
)

// mos estimates how people would judge the sound, 1 to 4.4, by the E-model (ITU-T G.107) with its default values:
//
//	R   = 93.2 - Id - Ie,eff
//	Id  = 0.024 d + 0.11 (d - 177.3) where d > 177.3      d in ms; the straight lines of Cole and Rosenbluth (2001)
//	Ie,eff = 95 Ppl / (Ppl + Bpl)                         Ppl in percent; random loss, codec's own impairment 0
//	MOS = 1 + 0.035 R + R (R - 60) (100 - R) 7e-6         G.107 annex B
//
// loss is a share, delay from mouth to ear.
func mos(loss float64, delay time.Duration) float64 {
	d := float64(delay) / float64(time.Millisecond)
	id := 0.024 * d
	if d > delayKnee {
		id += 0.11 * (d - delayKnee)
	}
	ppl := 100 * max(0, min(1, loss))
	r := max(0, min(100, 93.2-id-95*ppl/(ppl+robustness)))
	return max(1, 1+0.035*r+r*(r-60)*(100-r)*7e-6)
}

const (
	robustness = 25.1  // Bpl of G.711 with concealment of losses, G.113 table I.2; telephones conceal
	delayKnee  = 177.3 // ms
	framing    = 20 * time.Millisecond
)

// heardAfter estimates the delay from mouth to ear: half the way there and back, a packet's length, and what a playout
// buffer holds at this jitter. Between the mean and the extremes of an even spread lies a factor of three.
func heardAfter(rtt, jitter time.Duration) time.Duration {
	return rtt/2 + framing + max(playoutMin, min(playoutMax, 3*jitter))
}

// What an adaptive playout buffer holds at least and at most.
const (
	playoutMin = 40 * time.Millisecond
	playoutMax = 200 * time.Millisecond
)

// share is part of whole, 0 to 1.
func share(part, whole int64) float64 {
	if whole <= 0 {
		return 0
	}
	return math.Max(0, math.Min(1, float64(part)/float64(whole)))
}
