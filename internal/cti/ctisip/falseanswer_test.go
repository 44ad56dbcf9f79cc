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

// Tones in an answered call: what rings is not answered yet, what no person can be ends with its cause, who waits hears
// all of it, and a beep is told.
func TestTonesInAnAnsweredCall(t *testing.T) {
	for _, c := range []struct {
		name    string
		confirm cti.Confirm
		ring    time.Duration
		cause   cti.Cause // of the end, "" = it is confirmed
		by      cti.By
		tone    cti.Tone
		from    time.Duration // when that is, from the answer
		to      time.Duration
	}{
		{"false_answer", cti.ConfirmNone, 30 * time.Second, "", "", "", 3500 * time.Millisecond, 10 * time.Second},
		{"false_answer", cti.ConfirmNone, 2 * time.Second, cti.NoAnswer, cti.ByUs, cti.ToneRingback, 2 * time.Second, 2500 * time.Millisecond},
		{"false_answer", cti.ConfirmKeyOrVoice, 2 * time.Second, cti.NoAnswer, cti.ByUs, cti.ToneRingback, 2 * time.Second, 2500 * time.Millisecond},
		{"fax", cti.ConfirmNone, 30 * time.Second, cti.Machine, cti.ByNetwork, cti.ToneFax, time.Second, 1300 * time.Millisecond},
		{"fax", cti.ConfirmKeyOrVoice, 30 * time.Second, cti.Machine, cti.ByNetwork, cti.ToneFax, time.Second, 1300 * time.Millisecond},
		{"sit", cti.ConfirmNone, 30 * time.Second, cti.UnallocatedNumber, cti.ByNetwork, cti.ToneSIT, 900 * time.Millisecond, 1500 * time.Millisecond},
		{"sit", cti.ConfirmKeyOrVoice, 30 * time.Second, cti.UnallocatedNumber, cti.ByNetwork, cti.ToneSIT, 900 * time.Millisecond, 1500 * time.Millisecond},
		{"", cti.ConfirmNone, 30 * time.Second, "", "", "", 0, 100 * time.Millisecond},
	} {
		t.Run(c.name+" "+string(c.confirm), func(t *testing.T) {
			overCarrier(t, c.name, func(b *bench) {
				o := order("v")
				o.Confirm, o.Ring = c.confirm, c.ring
				b.call(o)
				kind := cti.LegConfirmed
				if c.cause != "" {
					kind = cti.LegEnded
				}
				e := b.await("v", kind)
				between(t, string(kind), e.At.Sub(b.told("v", cti.LegAnswered)[0].At), c.from, c.to)
				if e.Cause != c.cause || e.By != c.by || e.Tone != c.tone {
					t.Errorf("ended %q by %q, tone %q; want %q by %q, %q", e.Cause, e.By, e.Tone, c.cause, c.by, c.tone)
				}
			})
		})
	}
}

// A beep is told to whoever waits for it, on a leg that is asked and on one that is joined.
func TestBeepIsTold(t *testing.T) {
	for _, confirm := range []cti.Confirm{cti.ConfirmNone, cti.ConfirmKey} {
		overCarrier(t, "beep_machine", func(b *bench) {
			o := order("v")
			o.Confirm = confirm
			b.call(o)
			e := b.await("v", cti.LegTone)
			between(t, "the beep", e.At.Sub(b.told("v", cti.LegAnswered)[0].At), 4500*time.Millisecond, 5*time.Second)
			if e.Tone != cti.ToneBeep {
				t.Errorf("told %q", e.Tone)
			}
		})
	}
}

// overCarrier runs a story over a carrier of a personality.
func overCarrier(t *testing.T, personality string, story func(*bench)) {
	overCarrierOf(t, personality, func(b *bench, _ func() string) { story(b) })
}

// overCarrierOf is overCarrier for a story that asks which keys the carrier has heard.
func overCarrierOf(t *testing.T, personality string, story func(b *bench, keys func() string)) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, wire.NewSimulated(1))
		b.simulated()
		c, err := simcarrier.New(simcarrier.Config{Net: b.net, Listen: trunkAddr, Seed: 1, Personality: personality})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		b.start("udp://" + ours)
		defer b.stop()
		b.trunks(trunk("zoo", trunkAddr))
		story(b, func() (all string) {
			for _, e := range c.Calls("cb_1") {
				all += e.KeysHeard
			}
			return all
		})
		b.sw.HangUp(context.Background(), "leg_v", cti.HangUp{})
		b.await("v", cti.LegEnded)
		b.pass(3 * time.Second)
	})
}
