package ctisip

import (
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
	file   *recording.Writer
	orders chan recordOrder
	quit   chan struct{}
	done   chan struct{}

	first bool // the first channel is a visitor's side

	mu             sync.Mutex
	begun, stopped bool
	all            []*said // whose voices are recorded
	come           []*said // those that the goroutine has yet to learn of

	// From start on, of the goroutine.
	voices []*said
	from   int64 // on the engine's clock
	taken  int64 // samples of each side that were written
	paused int64 // since then; 0 = it is not
	err    error // of the disk; nothing is written after it
}

// said is what one leg says in a recorded talk.
type said struct {
	leg  *leg
	side int // the channel
	tap  *media.Tap
	row  *media.Track // nil = the goroutine has yet to make it
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

// record opens the file of a talk's recording, nil when that cannot be: the talk matters more. The first of its legs has the
// first channel.
func (sw *Switch) record(legs []*leg, want *cti.Recording) *recorder {
	if want == nil {
		return nil
	}
	a := legs[0]
	file, err := recording.Create(want.File, want.Key)
	if err != nil {
		sw.c.Log.Error("a talk is not recorded", "leg", a.o.Leg, "recording", want.ID, "error", err)
		a.lane.Do(func() { a.recorded(want.ID, 0) })
		return nil
	}
	r := &recorder{sw: sw, rec: *want, of: a, first: a.o.Party == cti.Visitor, file: file, orders: make(chan recordOrder), quit: make(chan struct{}), done: make(chan struct{})}
	sw.mu.Lock()
	for _, l := range legs {
		l.recorder = r
	}
	sw.mu.Unlock()
	return r
}

// recorded tells that a file is whole.
func (l *leg) recorded(rec id.Recording, length time.Duration) {
	l.say(cti.RecordingEnded, func(e *cti.Event) { e.Recording, e.Length = rec, length })
}

// start begins to write; the legs are joined in this moment.
func (r *recorder) start() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return
	}
	r.begun = true
	r.from = r.sw.engine.Now()
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
	r.learn()
	for _, v := range r.voices {
		v.leg.stream.Untap(v.tap)
		if n := v.tap.Dropped(); n > 0 {
			r.sw.c.Log.Warn("a recording misses packets: the disk was too slow", "recording", r.rec.ID, "packets", n)
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
		for _, v := range r.voices {
			v.row.Clear()
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
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, v := range r.all {
		if v.leg.o.Party != cti.Visitor {
			v.leg.stream.Insert(r.sw.sounds.Sound(s, v.leg.o.Region))
		}
	}
}

// write takes what has come and writes both sides up to an instant.
func (r *recorder) write(until int64) {
	r.learn()
	for _, v := range r.voices {
		v.tap.Pull(func(h media.Heard) {
			if r.paused == 0 || h.At < r.paused {
				v.row.Put(h)
			}
		})
	}
	var one [recordStep]int16
	var both [2 * recordStep]int16
	var laws [2 * recordStep]byte
	for n := media.Samples(until-r.from) - r.taken; n > 0; {
		step := int(min(n, recordStep))
		clear(both[:2*step])
		for _, v := range r.voices {
			v.row.Take(one[:step])
			for i, s := range one[:step] {
				at := &both[2*i+v.side]
				*at = int16(max(-32768, min(32767, int(*at)+int(s))))
			}
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
