package ctisip

import (
	"context"
	"slices"
	"time"

	"ringback/internal/audio"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/media"
	"ringback/internal/id"
)

// Whose voices a recording holds, and what it is told while it runs.

// add records what a leg says from now on: visitors in one channel, all others in the other. A nil recorder records nothing.
func (r *recorder) add(l *leg) {
	if r == nil || l.stream == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped || r.known(l) != nil {
		return
	}
	v := &said{leg: l, tap: l.stream.Tap(media.TapRoom)}
	if l != r.of && (l.o.Party == cti.Visitor) != r.first {
		v.side = 1
	}
	r.come, r.all = append(r.come, v), append(r.all, v)
}

// drop records nothing more of what a leg says.
func (r *recorder) drop(l *leg) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if v := r.known(l); v != nil {
		l.stream.Untap(v.tap)
		r.all = slices.DeleteFunc(r.all, func(o *said) bool { return o == v })
	}
}

// hears records a leg while the others hear it.
func (r *recorder) hears(l *leg, on bool) {
	if on {
		r.add(l)
	} else {
		r.drop(l)
	}
}

// known is the voice of a leg that is recorded, nil = it is not. The lock is held.
func (r *recorder) known(l *leg) *said {
	for _, v := range r.all {
		if v.leg == l {
			return v
		}
	}
	return nil
}

// learn takes in whose voices have come. It runs on the recorder's goroutine.
func (r *recorder) learn() {
	r.mu.Lock()
	come := r.come
	r.come = nil
	r.mu.Unlock()
	for _, v := range come {
		v.row = media.NewTrack(r.from + r.taken*int64(time.Second/audio.Rate))
		r.voices = append(r.voices, v)
	}
}

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
