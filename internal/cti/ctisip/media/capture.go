package media

import (
	"time"

	"ringback/internal/audio"
)

// Capture is what one leg's far end says, for as long as it is asked to: an owner who speaks her own announcement.
type Capture struct {
	s    *Stream
	tap  *Tap
	from int64
	most int64 // samples
}

// Capture begins to keep the far end's sound, at most as much as most. It costs no goroutine: the room is taken at once,
// about 10 kB a second.
func (s *Stream) Capture(most time.Duration) *Capture {
	n := int64(most / (time.Second / audio.Rate))
	room := int(n) + int(n/80+100)*tapHead
	return &Capture{s: s, tap: s.Tap(room), from: s.e.Now(), most: n}
}

// Stop ends it and returns the samples from the beginning to now, aligned by their timestamps, silence where nothing
// came. It is called once; the stream may have been closed before. audio.WAV(samples, 1) makes a file of them.
func (c *Capture) Stop() []int16 {
	c.s.Untap(c.tap)
	row := NewTrack(c.from)
	c.tap.Pull(row.Put)
	n := min(c.most, (c.s.e.Now()-c.from)/sampleTime)
	out := make([]int16, max(0, n))
	row.Take(out)
	return out
}
