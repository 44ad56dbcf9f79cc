package simcarrier

import (
	"slices"
	"time"

	"ringback/internal/audio"
)

// ear is what a person hears, kept as figures. The lock of its media guards it.
type ear struct {
	hearing
	laws       map[int]audio.Law
	eventPT    int
	voice      int          // our own Hz
	known      func() []int // every tone that may be told apart
	pace       time.Duration
	rec        *recording
	answered   time.Time
	silentFrom time.Time // since when nothing above -60 dBFS came
	deaf       bool      // on hold or ended: silence is not counted

	ssrc     uint32
	seq      uint16
	ts       uint32        // of the packet that should come next
	last     time.Time     // arrival of the last packet
	lastLong time.Duration // what it carried
	ts0      uint32        // first timestamp of this source
	origin   int           // sample of the recording that it stands for
	eventTS  uint32

	window   [audio.Rate / 10]int16
	filled   int
	before   [audio.Rate / 10]int16 // the window before
	followed bool                   // by this one, without a hole
	credit   time.Duration          // time that the window stands for
	began    time.Time              // arrival of the window's first sample
	latest   [2]int                 // tones of the last window
	other    int                    // a tone beside the known ones that the last window held
	otherFor time.Duration          // since when without a break
	run      int                    // samples of the marker that is being heard
	sound    time.Duration          // above -60 dBFS
	want     time.Duration          // sound after which enough is called
	wantAt   time.Time              // sound before that does not count
	enough   func()
	scratch  [8 * 60]int16
}

// hearing is what stays of a call when its media is gone.
type hearing struct {
	packets, gaps int
	ssrcs         []uint32
	tones         []heardTone
	marks         []heardMark
	holes         []hole
	silence       time.Duration // longest stretch
	keys          string
	said          []time.Time // when the markers said here were over
	pressed       []Key       // here
	rtcp          *RTCP
}

type heardTone struct {
	hz    int
	lasts time.Duration
	first time.Time
}

type heardMark struct {
	end  time.Time
	long time.Duration
}

type hole struct {
	at   time.Time
	long time.Duration
}

// quietest is the RMS of -60 dBFS.
const quietest = 32.8

// hear takes a packet. What it sets off is done after the lock is free.
func (m *media) hear(b []byte, now time.Time) {
	if len(b) > 1 && b[1] >= 200 && b[1] <= 204 { // RTCP beside it (RFC 5761 section 4)
		m.hearControl(b, now)
		return
	}
	p, ok := parseRTP(b)
	if !ok {
		return
	}
	m.mu.Lock()
	somebody, enough := m.ear.hear(p, now)
	if somebody {
		m.reply(now)
	}
	m.mu.Unlock()
	if enough != nil {
		m.c.post(enough)
	}
}

func (m *media) heardKey(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ear.keys += key
}

// listen calls back in the loop once sound of that length was heard after a while.
func (m *media) listen(after, long time.Duration, then func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ear.wantAt, m.ear.want, m.ear.enough = time.Now().Add(after), long, then
}

func (e *ear) hear(p packet, now time.Time) (somebody bool, enough func()) {
	e.source(p, now)
	if e.deaf {
		e.last = now
		return false, nil
	}
	if p.pt == e.eventPT && len(p.payload) >= 4 {
		if p.ts != e.eventTS && int(p.payload[0]) < len(keyNames) && len(e.keys) < 100 {
			e.eventTS = p.ts
			e.keys += string(keyNames[p.payload[0]])
		}
		e.arrived(now, max(e.pace, 20*time.Millisecond)) // a key is sound too, and no hole in the packets
		e.silentFrom = now.Add(e.lastLong)
		return false, nil
	}
	law, ok := e.laws[p.pt]
	if !ok {
		return false, nil
	}
	p.payload = p.payload[:min(len(p.payload), len(e.scratch))]
	long := lasting(len(p.payload))
	e.arrived(now, long)
	lin := e.scratch[:len(p.payload)]
	law.Decode(lin, p.payload)
	e.rec.write(e.origin+int(int32(p.ts-e.ts0)), p.payload, law)

	credit := long
	if skipped := int32(p.ts - e.ts); skipped != 0 {
		e.analyse(&somebody)
		e.followed = false
		if thin := lasting(int(skipped)) + long; skipped > 0 && thin <= e.pace {
			credit = thin
		}
	}
	e.ts = p.ts + uint32(len(p.payload))
	if audio.RMS(lin) > quietest {
		e.loud(now, long, credit)
	}
	e.marker(lin, now, &somebody)
	e.collect(lin, now, credit, &somebody)
	if e.enough != nil && e.sound >= e.want {
		enough, e.enough = e.enough, nil
	}
	return somebody, enough
}

// source keeps count of senders and of missing packets.
func (e *ear) source(p packet, now time.Time) {
	e.packets++
	if e.packets == 1 || p.ssrc != e.ssrc {
		if len(e.ssrcs) < 16 && !slices.Contains(e.ssrcs, p.ssrc) {
			e.ssrcs = append(e.ssrcs, p.ssrc)
		}
		e.ssrc, e.ts = p.ssrc, p.ts
		e.ts0, e.origin = p.ts, samples(now.Sub(e.answered))
	} else if missing := int16(p.seq - e.seq - 1); missing > 0 {
		e.gaps += int(missing)
	}
	e.seq = p.seq
}

// arrived notes a hole: longer without a packet than the last one lasted.
func (e *ear) arrived(now time.Time, long time.Duration) {
	if !e.last.IsZero() {
		if h := now.Sub(e.last) - max(e.lastLong, e.pace); h > 5*time.Millisecond {
			if len(e.holes) == 64 {
				e.holes = e.holes[1:]
			}
			e.holes = append(e.holes, hole{now, h})
		}
	}
	e.last, e.lastLong = now, long
}

func (e *ear) loud(now time.Time, long, credit time.Duration) {
	e.silence = max(e.silence, now.Sub(e.silentFrom))
	e.silentFrom = now.Add(long)
	if e.pace > long && e.pace > 20*time.Millisecond { // a thinned packet stands for what was left out after it
		e.silentFrom = now.Add(e.pace)
	}
	if now.After(e.wantAt) {
		e.sound += credit
	}
}

// deafen stops counting silence, or begins anew.
func (e *ear) deafen(on bool, now time.Time) {
	if on && !e.deaf {
		e.silence = max(e.silence, now.Sub(e.silentFrom))
	}
	if !on && e.deaf {
		e.silentFrom, e.last = now, time.Time{}
	}
	e.deaf = on
}

// marker follows a marker in blocks of 5 ms, so that its end is known to 5 ms.
func (e *ear) marker(lin []int16, now time.Time, somebody *bool) {
	if e.run == 0 && share(lin, markerHz) < 0.1 {
		return
	}
	const block = audio.Rate / 200
	for at := 0; at+block <= len(lin); at += block {
		if share(lin[at:at+block], markerHz) > 0.25 { // a zip tone may lie over it
			e.run += block
			*somebody = *somebody || e.run == 4*block
			continue
		}
		if e.run >= 2*block && len(e.marks) < 50 {
			e.marks = append(e.marks, heardMark{now.Add(lasting(at)), lasting(e.run)})
		}
		e.run = 0
	}
}
