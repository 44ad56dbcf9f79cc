package media

import (
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/audio"
)

// Keys that we send are understood by our own ears, by event and in the sound, each once, and what is between them stays
// one voice.
func TestDial(t *testing.T) {
	for _, events := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(t, Config{})
			defer d.close()
			if !events {
				d.ra.EventPT = -1
			}
			d.up()
			time.Sleep(100 * ms)
			start, done := time.Now(), make(chan time.Duration, 1)
			d.a.Dial("w1159#", func() { done <- time.Since(start) })
			if took := <-done; took < 1480*ms || took > 1560*ms {
				t.Errorf("events %v: five keys and a wait took %v", events, took)
			}
			time.Sleep(100 * ms)
			got := d.pa.packets()
			unbroken(t, got, audio.Frame*8)
			if keys := keysOf(t, got); keys != "1159#" {
				t.Errorf("events %v: heard %q", events, keys)
			}
		})
	}
}

// keysOf reads the keys out of packets as a far end does.
func keysOf(t *testing.T, got []heard) (keys string) {
	var events keyEvents
	var ear keySound
	for _, h := range got {
		p := packet{header: h.header, b: append(make([]byte, headerLen), h.body...), row: 1}
		p.body, p.end = headerLen, headerLen+len(h.body)
		if h.pt == 101 {
			if k := events.take(&p); k != 0 {
				keys += string(k)
			}
			continue
		}
		s := make([]int16, len(h.body))
		audio.ULaw.Decode(s, h.body)
		if k := ear.take(s); k != 0 {
			keys += string(k)
		}
	}
	return keys
}

// A stream that is closed meanwhile still says so.
func TestDialEndsWithTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		d.up()
		done := make(chan bool, 1)
		d.a.Dial("111", func() { done <- true })
		time.Sleep(150 * ms)
		d.a.Close()
		<-done
	})
}
