package callback

import (
	"testing"
	"time"

	"ringback/internal/cti"
)

// A telephone that nobody can stand in for is asked twice, and not again once it has declined.
func TestChooseTelephone(t *testing.T) {
	start := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	only := Choice{Endpoint: "sip:desk@192.0.2.9", Party: cti.Agent}
	missedBy := func(causes ...cti.Cause) *Callback {
		c := &Callback{}
		for i, cause := range causes {
			at := start.Add(time.Duration(i) * time.Minute)
			c.Attempts = append(c.Attempts, Attempt{N: i + 1, Result: agentResult(cause), EndedAt: at,
				Legs: []Leg{{Party: cti.Agent, Endpoint: only.Endpoint, State: cti.Ended, Cause: cause, EndedAt: at}}})
		}
		return c
	}
	for name, row := range map[string]struct {
		c                *Callback
		after            time.Duration
		chosen, hopeless bool
	}{
		"the first time":         {missedBy(), 0, true, false},
		"just missed":            {missedBy(cti.NoAnswer), 5 * time.Second, false, false},
		"rested":                 {missedBy(cti.NoAnswer), time.Minute, true, false},
		"busy and rested":        {missedBy(cti.UserBusy), time.Minute, true, false},
		"missed twice":           {missedBy(cti.NoAnswer, cti.UserBusy), time.Hour, false, true},
		"declined":               {missedBy(cti.CallRejected), 0, false, true},
		"in doubt after a crash": {missedBy(cti.UnknownAfterCrash), time.Second, false, false},
		"certain after a crash":  {missedBy(cti.UnknownAfterCrash), time.Minute, true, false},
	} {
		ch, hopeless, _ := chooseTelephone(start.Add(row.after), row.c, only, false)
		if (ch != nil) != row.chosen || hopeless != row.hopeless {
			t.Errorf("%s: chosen %v, hopeless %v; want %v, %v", name, ch != nil, hopeless, row.chosen, row.hopeless)
		}
	}
	if ch, _, _ := chooseTelephone(start, missedBy(), only, true); ch != nil {
		t.Error("a telephone in use was chosen")
	}
}
