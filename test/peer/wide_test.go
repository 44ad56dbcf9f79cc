package peer_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ringback/internal/audio"
)

// TestWideband: two baresips with G.722 are joined; each hears 5 kHz and 6 kHz, which narrow sound cannot carry. A third
// with u-law alone and the first understand each other at 1 kHz. Both report what they hear (RTCP), and it is on the record.
func TestWideband(t *testing.T) {
	needBaresip(t)
	t.Parallel()
	for _, narrow := range []bool{false, true} {
		t.Run(fmt.Sprintf("narrow visitor %v", narrow), func(t *testing.T) {
			t.Parallel()
			account := func(user, addr, codec string) string {
				if codec != "" {
					codec = ";audio_codecs=" + codec
				}
				return fmt.Sprintf("<sip:%s@%s;transport=udp>;regint=0%s", user, addr, codec)
			}
			at := func() string { return fmt.Sprintf("127.0.0.1:%d", freePort(t)) }
			annAt, joeAt := at(), at()
			annHz, joeHz, codec := 5000.0, 6000.0, "g722/16000/1"
			if narrow {
				annHz, joeHz, codec = 700, 1000, ""
			}
			ann := phoneAs(t, "ann", annAt, annHz, here, account("ann", annAt, "g722/16000/1"))
			joe := phoneAs(t, "joe", joeAt, joeHz, here, account("joe", joeAt, codec))
			s := serve(t, config{}, seed()+fmt.Sprintf(`
agents:
  - {id: ann, name: Ann, devices: [{to: "sip:ann@%s", codecs: [g722, pcmu]}], ready: true, represents: [{subscriber: acme, display_name: Ann at Acme}]}
`, annAt))
			cb := s.request(t, map[string]any{"button": "once", "endpoint": "sip:joe@" + joeAt, "limits": "skip"})
			joined := s.connected(t, cb, soon).last("visitor").ConfirmedAt
			s.await(t, cb, time.Until(joined.Add(8*time.Second))+soon, "talking for a while", func(r *record) bool { return r.State == "ended" || time.Since(*joined) > 8*time.Second })
			joe.do("hangup")
			r := s.await(t, cb, soon, "ended", func(r *record) bool {
				return r.State == "ended" && r.last("agent").EndedAt != nil && r.last("visitor").EndedAt != nil
			})
			for _, party := range []string{"agent", "visitor"} {
				q := r.last(party).Quality
				if q == nil || q.MOS < 4 || q.Loss > 0.05 || q.MOSOut == nil || *q.MOSOut < 3.5 || q.RTTMs != nil && *q.RTTMs > 500 {
					b, _ := json.Marshal(q)
					t.Errorf("how the %s's leg sounded: %s", party, b)
				}
			}
			for p, hz := range map[*softphone]float64{ann: joeHz, joe: annHz} {
				if d := p.hearsAt(hz); d < 3*time.Second {
					t.Errorf("%s hears %v Hz for %v", p.user, hz, d)
				}
			}
		})
	}
}

// hearsAt counts the time in which a tone was most of the recording, at the recording's own rate.
func (p *softphone) hearsAt(hz float64) (d time.Duration) {
	files, _ := filepath.Glob(filepath.Join(p.dir, "dump-*-dec.wav"))
	if len(files) == 0 {
		p.t.Fatalf("%s has recorded nothing\n%s", p.user, p.log())
	}
	b, err := os.ReadFile(files[len(files)-1])
	if err != nil || len(b) < 44 {
		p.t.Fatal(err)
	}
	rate := int(binary.LittleEndian.Uint32(b[24:]))
	s := make([]int16, (len(b)-44)/2)
	for i := range s {
		s[i] = int16(binary.LittleEndian.Uint16(b[44+2*i:]))
	}
	for n := rate / 10; len(s) >= n; s = s[n:] {
		a, rms := audio.Goertzel(s[:n], hz*audio.Rate/float64(rate)), audio.RMS(s[:n])
		if rms > 1000 && a*a/2 > 0.8*rms*rms {
			d += 100 * time.Millisecond
		}
	}
	return d
}
