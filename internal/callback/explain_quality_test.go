package callback_test

import (
	"strings"
	"testing"
	"time"

	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/directory"
)

// Under a leg stands how it sounded, each direction on its own; nothing under one without sound.
func TestExplainTellsTheSound(t *testing.T) {
	c := &callback.Callback{ID: "cb_1", Number: "+12025550100", Attempts: []callback.Attempt{{N: 1, Legs: []callback.Leg{
		{ID: "leg_a", Party: cti.Agent, State: cti.Ended},
		{ID: "leg_v", Party: cti.Visitor, State: cti.Ended, Quality: cti.Quality{MOS: 4.31, Loss: 0.012, Jitter: 3 * time.Millisecond, RTT: 62 * time.Millisecond, PacketsIn: 500, PacketsOut: 501}},
	}}}}
	var out strings.Builder
	if err := callback.Explain(&out, c, nil, &directory.Directory{}, time.UTC); err != nil {
		t.Fatal(err)
	}
	want := "sound in: MOS 4.3, 1.2 % lost, jitter 3 ms (500 packets); out: no report (501 packets); there and back 62 ms"
	if !strings.Contains(out.String(), want) || strings.Count(out.String(), "sound in") != 1 {
		t.Errorf("told\n%s\nwant once\n%s", out.String(), want)
	}
}
