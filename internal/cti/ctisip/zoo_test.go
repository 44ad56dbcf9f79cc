package ctisip

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/cti"
	"ringback/internal/simcarrier"
	"ringback/internal/wire"
)

// Over a carrier of each personality both people of a callback hear each other, soon and without a hole, on one stream
// each, never themselves, and never a long silence.
func TestZoo(t *testing.T) {
	for _, name := range []string{"", "pcma_only", "ptime30", "event_pt_96", "no_events", "info_keys", "asymmetric_rtp", "new_tag_183_200", "se90_refresher_uas",
		"reinvite_at_ack", "many_180", "early_media_183", "lost_ack", "lost_bye", "two_200", "challenge_401", "challenge_stale", "challenge_407", "challenge_sha256"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, wire.NewSimulated(1))
				b.simulated()
				c, err := simcarrier.New(simcarrier.Config{Net: b.net, Listen: trunkAddr, Seed: 1, Personality: name, Username: "ann", Password: "secret"})
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				b.start("udp://" + ours)
				defer b.stop()
				tr := trunk("zoo", trunkAddr)
				tr.Username, tr.Password = "ann", "secret"
				b.trunks(tr)
				callsInZoo(b, c, name == "reinvite_at_ack")
			})
		})
	}
}

// callsInZoo makes the callback. held: the carrier puts each leg on hold for a second, one of them just when they are
// joined, so what is heard first is not ours to judge; and a tone of ours is near the tone of who waits.
func callsInZoo(b *bench, c *simcarrier.Carrier, held bool) {
	t := b.t
	a := order("a")
	a.Party, a.To = cti.Agent, "tel:+12025550105" // answers after 20 s
	a.Hear = cti.Program{First: cti.Prompt{Sound: cti.SoundSoft}, Then: cti.SoundRingback}
	b.call(a)
	b.await("a", cti.LegConfirmed)
	b.call(order("v"))
	b.await("v", cti.LegConfirmed)
	if err := b.sw.Join(context.Background(), cti.Join{Callback: "cb_1", A: "leg_a", B: "leg_v"}); err != nil {
		t.Fatal(err)
	}
	b.pass(20 * time.Second)
	b.sw.HangUp(context.Background(), "leg_a", cti.HangUp{})
	b.await("a", cti.LegEnded)
	b.await("v", cti.LegEnded)
	b.pass(5 * time.Second)
	rows := c.Calls("cb_1")
	if len(rows) != 2 {
		t.Fatalf("%d calls at the carrier", len(rows))
	}
	for _, e := range rows {
		if e.OtherHeard < 15 || e.OwnEcho > 0.1 || !held && e.OwnEcho != 0 || len(e.SSRCs) != 1 || e.SeqGaps != 0 || e.SilenceMax > 2 {
			t.Errorf("%s: heard the other %.1f s and itself %.1f s, %d streams, %d packets missing, %.1f s of silence", e.To, e.OtherHeard, e.OwnEcho, len(e.SSRCs), e.SeqGaps, e.SilenceMax)
		}
		if !held && (e.GapMs == nil || *e.GapMs > 40 || e.VoiceMs == nil || *e.VoiceMs > 350 || e.DelayMs == nil || *e.DelayMs > 30 || e.MarkerMs == nil || *e.MarkerMs < 195) {
			t.Errorf("%s: gap %v ms, first heard after %v ms, delay %v ms, marker of %v ms", e.To, ms(e.GapMs), ms(e.VoiceMs), ms(e.DelayMs), ms(e.MarkerMs))
		}
		if e.Refused || e.ByeAt.IsZero() {
			t.Errorf("%s: refresh refused %v, BYE at %v", e.To, e.Refused, e.ByeAt)
		}
	}
}

func ms(f *float64) float64 {
	if f == nil {
		return -1
	}
	return *f
}
