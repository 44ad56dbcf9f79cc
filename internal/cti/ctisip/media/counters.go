package media

import "sync/atomic"

// Counters are the packets of all streams of an engine.
type Counters struct {
	In, Out atomic.Int64
	Panics  atomic.Int64 // packets and ticks whose handling panicked
	dropped [whys]atomic.Int64
}

// Why is a reason to drop a packet that came.
type Why uint8

const (
	Source    Why = iota // from another address than the leg's
	Rate                 // more packets a second than twice what a call needs
	Malformed            // no RTP
	Late                 // repeated, or too late to be played
	Stopped              // the stream is not up, or its far end has said it will not send
	Secret               // not encrypted with the far end's key, or played back
	whys
)

// Whys lists the reasons.
var Whys = [whys]Why{Source, Rate, Malformed, Late, Stopped, Secret}

// String returns the reason as metrics spell it.
func (w Why) String() string {
	return [whys]string{"source", "rate", "malformed", "late", "stopped", "srtp"}[w]
}

// Dropped returns how many packets were dropped for a reason.
func (c *Counters) Dropped(w Why) int64 { return c.dropped[w].Load() }
