package sim

import (
	"testing"
	"time"

	"ringback/internal/callback"
	"ringback/internal/simcarrier"
	"ringback/internal/subscriber"
)

// An agent hands the visitor over from her desk telephone: the visitor and the third one hear each other, the agent is
// told and hangs up.
func TestTransferStory(t *testing.T) {
	for _, order := range []subscriber.Order{subscriber.AgentFirst, subscriber.VisitorFirst} {
		t.Run(string(order), func(t *testing.T) {
			z := &zooStory{order: order, phone: true, pace: 20 * time.Millisecond, talk: 40 * time.Second,
				agent: simcarrier.Person{Does: "answers", After: 2 * time.Second, Talk: time.Hour, Then: "10s refer +12025550170"},
				third: simcarrier.Person{Does: "answers", After: 3 * time.Second, Talk: time.Hour, Press: "1", PressAfter: time.Second}}
			end := z.lives(t)
			if end.callback.Outcome != callback.Completed || len(end.agent) != 2 || len(end.visitor) != 1 {
				for _, l := range end.lines {
					t.Logf("%s %-9s %s --%s--> %s %s %s", l.At.Format("15:04:05.000"), l.Actor, l.From, l.Event, l.To, l.Reason, l.Detail)
				}
				t.Fatalf("outcome %s, %d calls beside the visitor's; %+v", end.callback.Outcome, len(end.agent), end.agent)
			}
			ann, third, v := end.agent[0], end.agent[1], end.visitor[0]
			if ann.ReferCode != 202 || len(ann.Notified) < 2 || ann.Notified[len(ann.Notified)-1][:3] != "200" {
				t.Errorf("her REFER was answered %d, then she was told %v", ann.ReferCode, ann.Notified)
			}
			if third.To != "+12025550170" || third.OtherHeard < 10 || third.OwnEcho > 0 || third.Other != v.CallID {
				t.Errorf("%s heard %v, the visitor for %.1f s", third.To, third.TonesHeard, third.OtherHeard)
			}
			heard := map[int]float64{}
			for _, h := range v.TonesHeard {
				heard[h.Hz] = h.Seconds
			}
			if heard[ann.ToneHz] < 3 || heard[third.ToneHz] < 10 || v.OwnEcho > 0 || len(v.SSRCs) != 1 || v.SilenceMax > 2 {
				t.Errorf("the visitor heard %v (ann is %d Hz, the third %d Hz), %d streams, %.1f s of silence", v.TonesHeard, ann.ToneHz, third.ToneHz, len(v.SSRCs), v.SilenceMax)
			}
		})
	}
}
