package api

import (
	"encoding/json"
	"testing"
	"time"

	"ringback/internal/cti"
)

// What was not measured is null, not nought; figures are rounded to what can be told apart.
func TestQualityAsJSON(t *testing.T) {
	for want, q := range map[string]cti.Quality{
		`null`: {},
		`{"mos":4.32,"loss":0.0123,"jitter_ms":1.2,"mos_out":3.1,"loss_out":0.05,"jitter_out_ms":20,"rtt_ms":60.4,"packets_in":500,"packets_out":501}`: {
			MOS: 4.3217, Loss: 0.01234, Jitter: 1234567, MOSOut: 3.1, LossOut: 0.05, JitterOut: 20 * time.Millisecond,
			RTT: 60400 * time.Microsecond, PacketsIn: 500, PacketsOut: 501},
		`{"mos":null,"loss":0,"jitter_ms":0,"mos_out":null,"loss_out":null,"jitter_out_ms":null,"rtt_ms":null,"packets_in":0,"packets_out":9}`: {PacketsOut: 9},
	} {
		if got, err := json.Marshal(quality(q)); err != nil || string(got) != want {
			t.Errorf("%+v is %s, %v; want %s", q, got, err, want)
		}
	}
}
