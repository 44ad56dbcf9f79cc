package ctisip

import (
	"context"
	"sync"
	"time"

	"ringback/internal/audio"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/media"
	"ringback/internal/id"
	"ringback/internal/recording"
)

// recorder writes what the two sides of a bridge say, from a goroutine of its own: neither a lane nor the relay ever
// waits for a disk.
type recorder struct {
	sw     *Switch
	rec    cti.Recording
	of     *leg // whose event tells the end
	legs   [2]*leg
	file   *recording.Writer
	orders chan recordOrder
	quit   chan struct{}
	done   chan struct{}

	mu             sync.Mutex
	begun, stopped bool

	// From start on, of the goroutine.
	sides  [2]*media.Stream
	taps   [2]*media.Tap
	rows   [2]*media.Track
	from   int64 // on the engine's clock
	taken  int64 // samples of each side that were written
	paused int64 // since then; 0 = it is not
	err    error // of the disk; nothing is written after it
}

type recordOrder struct {
	do cti.RecordCommand
	at int64
}

const (
	recordEvery = 500 * time.Millisecond
	// recordLate is how late a packet may come and still be heard in its place.
	recordLate = 400 * time.Millisecond
)

// record opens the file of a bridge's recording, nil when that cannot be: the talk matters more.
func (sw *Switch) record(a, b *leg, want *cti.Recording) *recorder {
	if want == nil {
		return nil
	}
	file, err := recording.Create(want.File, want.Key)
	if err != nil {
		sw.c.Log.Error("a talk is not recorded", "leg", a.o.Leg, "recording", want.ID, "error", err)
		a.lane.Do(func() { a.recorded(want.ID, 0) })
		return nil
	}
	r := &recorder{sw: sw, rec: *want, of: a, legs: [2]*leg{a, b}, file: file, orders: make(chan recordOrder), quit: make(chan struct{}), done: make(chan struct{})}
	sw.mu.Lock()
	a.recorder, b.recorder = r, r
	sw.mu.Unlock()
	return r
}

// recorded tells that a file is whole.
func (l *leg) recorded(rec id.Recording, length time.Duration) {
	l.say(cti.RecordingEnded, func(e *cti.Event) { e.Recording, e.Length = rec, length })
}

// start begins to write; the streams are joined in this moment.
func (r *recorder) start(a, b *media.Stream) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return
	}
	r.begun = true
	r.from = r.sw.engine.Now()
	r.sides = [2]*media.Stream{a, b}
	for i, s := range r.sides {
		r.taps[i], r.rows[i] = s.Tap(media.TapRoom), media.NewTrack(r.from)
	}
	r.sw.recorders.Go(r.run)
}

// stop ends the file; it does not wait. One that never started ends here.
func (r *recorder) stop() {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return
	}
	r.stopped = true
	close(r.quit)
	if !r.begun {
		r.sw.recorders.Go(r.end)
	}
}

func (r *recorder) run() {
	t := time.NewTicker(recordEvery)
	defer t.Stop()
	defer r.end()
	for {
		select {
		case <-t.C:
			r.write(r.sw.engine.Now() - int64(recordLate))
		case o := <-r.orders:
			if o.do == cti.RecordStop {
				r.write(o.at)
				return
			}
			r.obey(o)
		case <-r.quit:
			r.write(r.sw.engine.Now())
			return
		}
	}
}

// end closes the file and tells of it.
func (r *recorder) end() {
	defer close(r.done)
	for i, s := range r.sides {
		if s != nil {
			s.Untap(r.taps[i])
			if n := r.taps[i].Dropped(); n > 0 {
				r.sw.c.Log.Warn("a recording misses packets: the disk was too slow", "recording", r.rec.ID, "packets", n)
			}
		}
	}
	if err := r.file.Close(); r.err == nil {
		r.err = err
	}
	if r.err != nil {
		r.sw.c.Log.Error("the end of a recording is lost", "leg", r.of.o.Leg, "recording", r.rec.ID, "error", r.err)
	}
	r.of.recorded(r.rec.ID, time.Duration(r.taken)*time.Second/audio.Rate)
}

// obey pauses or goes on, from the instant at which it was asked for.
func (r *recorder) obey(o recordOrder) {
	switch {
	case o.do == cti.RecordPause && r.paused == 0:
		r.paused = o.at
		r.write(o.at)
		for _, row := range r.rows {
			row.Clear()
		}
		r.beep(cti.SoundPaused)
	case o.do == cti.RecordResume && r.paused != 0:
		r.write(o.at)
		r.paused = 0
		r.beep(cti.SoundResumed)
	}
}

// beep lets whoever is no visitor hear that it was obeyed. The file holds what the far ends say, so it is not in there.
func (r *recorder) beep(s cti.Sound) {
	for i, l := range r.legs {
		if l.o.Party != cti.Visitor {
			r.sides[i].Insert(r.sw.sounds.Sound(s, l.o.Region))
		}
	}
}

// write takes what has come and writes both sides up to an instant.
func (r *recorder) write(until int64) {
	for i, t := range r.taps {
		t.Pull(func(h media.Heard) {
			if r.paused == 0 || h.At < r.paused {
				r.rows[i].Put(h)
			}
		})
	}
	var sides [2][recordStep]int16
	var both [2 * recordStep]int16
	var laws [2 * recordStep]byte
	for n := media.Samples(until-r.from) - r.taken; n > 0; {
		step := int(min(n, recordStep))
		for i, row := range r.rows {
			row.Take(sides[i][:step])
		}
		for i := range step {
			both[2*i], both[2*i+1] = sides[0][i], sides[1][i]
		}
		audio.ULaw.Encode(laws[:2*step], both[:2*step])
		if r.err == nil {
			_, r.err = r.file.Write(laws[:2*step])
		}
		if r.err == nil {
			r.taken += int64(step)
		}
		n -= int64(step)
	}
}

// recordStep is how many samples are written at once: a tenth of a second.
const recordStep = audio.Rate / 10

// Record pauses, resumes or stops the recording of the talk that a leg is in.
func (sw *Switch) Record(ctx context.Context, leg id.Leg, c cti.RecordCommand) error {
	sw.mu.Lock()
	var r *recorder
	if l := sw.legs[leg]; l != nil {
		r = l.recorder
	}
	sw.mu.Unlock()
	if r == nil {
		return cti.ErrNotRecorded
	}
	select {
	case r.orders <- recordOrder{c, sw.engine.Now()}:
		return nil
	case <-r.done:
		if c == cti.RecordStop {
			return nil
		}
		return cti.ErrNotRecorded
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stopRecorders ends every file that is open and waits for the disk.
func (sw *Switch) stopRecorders() {
	sw.mu.Lock()
	var open []*recorder
	for _, l := range sw.legs {
		open = append(open, l.recorder)
	}
	sw.mu.Unlock()
	for _, r := range open {
		r.stop()
	}
	sw.recorders.Wait()
}
