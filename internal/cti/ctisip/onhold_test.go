package ctisip

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ringback/internal/cti"
)

// directions are those of the INVITEs that a far end got, in order, repeats left out.
func directions(f *far) (out []string) {
	seen := map[string]bool{}
	for _, m := range f.count("INVITE") {
		if seen[m.header("CSeq")] {
			continue
		}
		seen[m.header("CSeq")] = true
		for _, d := range []string{"sendrecv", "sendonly", "recvonly", "inactive"} {
			if strings.Contains(m.body, "a="+d+"\r\n") {
				out = append(out, d)
			}
		}
	}
	return out
}

// onHoldOf is a visitor whose far end answers our hold in its way: by a direction, or first by a status.
func onHoldOf(b *bench, says string, codes ...int) (ann, vis *voice, v *far) {
	b.t.Helper()
	a := b.far("10.0.0.9:5060", nil)
	v = b.far(trunkAddr, nil)
	ann, vis = b.speaks(a, 440), b.speaks(v, 1000)
	a.becomes(once(func(f *far, m *msg) { f.reply(m, 200, f.sdp()); ann.speak(m) }, byes))
	n := 0
	v.becomes(once(func(f *far, m *msg) {
		if n++; n == 1 {
			f.reply(m, 200, f.sdp())
			vis.speak(m)
			return
		}
		if len(codes) > 0 {
			f.reply(m, codes[0], "")
			codes = codes[1:]
			return
		}
		if strings.Contains(m.body, "a=sendonly") {
			f.reply(m, 200, f.sdp("a="+says))
			return
		}
		f.reply(m, 200, f.sdp())
	}, byes))
	o := order("a")
	o.Party, o.To = cti.Agent, "sip:ann@10.0.0.9:5060"
	b.call(o)
	b.await("a", cti.LegConfirmed)
	b.call(order("v"))
	b.await("v", cti.LegConfirmed)
	return ann, vis, v
}

func (b *bench) putsOnHold(on bool) {
	b.t.Helper()
	if err := b.sw.Hold(context.Background(), "leg_v", on); err != nil {
		b.t.Fatal(err)
	}
}

// Whatever a far end answers to our hold, it hears that it goes on, nobody hears it, and afterwards all is as before, over
// the same unbroken voice.
func TestOurHold(t *testing.T) {
	for _, c := range []struct {
		says  string
		codes []int
		want  []string
	}{{"recvonly", nil, []string{"sendrecv", "sendonly", "sendrecv"}}, {"inactive", nil, []string{"sendrecv", "sendonly", "sendrecv"}},
		{"sendrecv", nil, []string{"sendrecv", "sendonly", "sendrecv"}}, {"recvonly", []int{491}, []string{"sendrecv", "sendonly", "sendonly", "sendrecv"}},
		{"recvonly", []int{488}, []string{"sendrecv", "sendonly", "sendrecv"}}} {
		t.Run(c.says, func(t *testing.T) {
			simulate(t, func(b *bench) {
				ann, vis, far := onHoldOf(b, c.says, c.codes...)
				if err := b.sw.Join(context.Background(), cti.Join{Callback: "cb_1", A: "leg_a", B: "leg_v"}); err != nil {
					t.Fatal(err)
				}
				b.await("v", cti.LegJoined)
				b.pass(2 * time.Second)
				b.putsOnHold(true)
				b.await("v", cti.LegHeld)
				for range 5 {
					from := time.Now()
					b.pass(2 * time.Second)
					hears(t, "on hold, the agent", ann, 1000, false)
					hears(t, "on hold, the visitor", vis, 440, false)
					if c.says != "inactive" && vis.loudest(from) < 200 { // else it wants to hear nothing
						t.Error("silence of 2 s on hold")
					}
				}
				b.putsOnHold(false)
				b.await("v", cti.LegResumed)
				b.pass(3 * time.Second)
				hears(t, "after, the agent", ann, 1000, true)
				hears(t, "after, the visitor", vis, 440, true)
				ann.unbroken(t, "the agent")
				if c.says != "inactive" {
					vis.unbroken(t, "the visitor")
				}
				if got := strings.Join(directions(far), " "); got != strings.Join(c.want, " ") {
					t.Errorf("it was told %s, want %v", got, c.want)
				}
				if got := b.story("v"); !strings.HasSuffix(got, "joined, held, resumed") {
					t.Errorf("told %s", got)
				}
			})
		})
	}
}

// Held and taken back at once, the far end learns the last word; three of whom one is on hold are two.
func TestOurHoldInAConference(t *testing.T) {
	simulate(t, func(b *bench) {
		h := newHall(b, cti.Agent)
		file := filepath.Join(b.t.TempDir(), "rec_1")
		b.record(file)
		b.await("v", cti.LegJoined)
		h.confer("leg_a", "leg_v", "leg_s")
		b.await("s", cti.LegJoined)
		h.hear("all three", map[string]string{"a": "vs", "v": "as", "s": "av"})
		if err := b.sw.Hold(context.Background(), "leg_s", true); err != nil {
			t.Fatal(err)
		}
		h.hear("one on hold", map[string]string{"a": "v", "v": "a", "s": ""})
		for range 3 {
			b.sw.Hold(context.Background(), "leg_s", false)
			b.sw.Hold(context.Background(), "leg_s", true)
		}
		b.sw.Hold(context.Background(), "leg_s", false)
		h.hear("all three again", map[string]string{"a": "vs", "v": "as", "s": "av"})
		b.pass(10 * time.Second)
		b.sw.HangUp(context.Background(), "leg_v", cti.HangUp{})
		b.await("v", cti.LegEnded)
		h.hear("two", map[string]string{"a": "s", "s": "a"})
		b.sw.HangUp(context.Background(), "leg_s", cti.HangUp{})
		b.await("a", cti.RecordingEnded)
		left, _ := sides(t, file)
		held := around(left, 1400, 4*time.Second+200*time.Millisecond) // 2.6 to 4.6 s they were three
		if again := around(left, 1400, 10*time.Second); again < 7000 || held > again*0.9 {
			t.Errorf("who was on hold is in the file with %.0f meanwhile, %.0f afterwards", held, again)
		}
	})
}
