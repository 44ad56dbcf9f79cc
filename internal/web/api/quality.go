package api

import (
	"math"
	"time"

	"ringback/internal/cti"
)

// Quality is how good a leg's sound was. The figures without out are of what we heard of the far end; those with it are
// what it reported of ours, null when it did not. MOS is an estimate by the E-model (ITU-T G.107), 1 to 4.4.
type Quality struct {
	MOS         *float64 `json:"mos"`
	Loss        float64  `json:"loss"` // share of the packets, 0 to 1
	JitterMs    float64  `json:"jitter_ms"`
	MOSOut      *float64 `json:"mos_out"`
	LossOut     *float64 `json:"loss_out"`
	JitterOutMs *float64 `json:"jitter_out_ms"`
	RTTMs       *float64 `json:"rtt_ms"`
	PacketsIn   int64    `json:"packets_in"`
	PacketsOut  int64    `json:"packets_out"`
}

func quality(q cti.Quality) *Quality {
	if q.PacketsIn == 0 && q.PacketsOut == 0 {
		return nil
	}
	out := &Quality{Loss: places(q.Loss, 4), JitterMs: milli(q.Jitter), PacketsIn: q.PacketsIn, PacketsOut: q.PacketsOut}
	if q.MOS > 0 {
		out.MOS = new(places(q.MOS, 2))
	}
	if q.MOSOut > 0 {
		out.MOSOut, out.LossOut, out.JitterOutMs = new(places(q.MOSOut, 2)), new(places(q.LossOut, 4)), new(milli(q.JitterOut))
	}
	if q.RTT > 0 {
		out.RTTMs = new(milli(q.RTT))
	}
	return out
}

func milli(d time.Duration) float64 { return places(float64(d)/float64(time.Millisecond), 1) }

// places rounds to n decimal places.
func places(v float64, n int) float64 {
	p := math.Pow10(n)
	return math.Round(v*p) / p
}
