package routing

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Sample is how long one call kept who answered it.
type Sample struct {
	Lead  time.Duration // until the visitor's telephone was rung
	Whole time.Duration // until somebody else could be served
}

// Fewest calls that must have been measured before anything is foretold of them.
const Fewest = 5

// Server is somebody, or a telephone, that serves one call at a time.
type Server struct {
	Busy  bool          // with a call whose end nobody knows
	Since time.Duration // of Busy: for how long
	Like  []Sample      // of Busy: how long such calls take
	Free  time.Duration // not Busy: from when on; 0 = now
	Until time.Duration // begins no call later than this; 0 = at any time
}

// Pool is a business that has at most Size calls in hand at once.
type Pool struct {
	Size int
	Busy []int // the servers that are busy for it
}

// Turn is one who waits to be served.
type Turn struct {
	By   []int // the servers that may serve it
	Pool int
	Like []Sample // how long its business's calls take
}

// Queue is a line as it stands now, with all times from now on.
type Queue struct {
	Servers []Server
	Pools   []Pool
	Ahead   []Turn // who is served before, in that order
	Self    Turn
}

const (
	runs = 128
	// sureness is the share of runs that a foretold wait holds in: more than the nine in ten that visitors are promised, for the
	// next hour is never quite like the last.
	sureness = 0.94
)

// Foretell says within which time the telephone of the last in a line rings, so that it is right nine times in ten, judged by
// calls that were measured. It is the same for the same line. False: too little is known, or it may never be.
//
// It plays the line to its end many times, each call as long as one of those measured, and takes what nearly all of these
// runs keep. Few measured calls tell little of the long ones, so then it says more.
func Foretell(q *Queue) (within time.Duration, known bool) {
	if !q.known() {
		return 0, false
	}
	rng := rand.New(rand.NewPCG(1, 2)) // not chance: the same line is foretold the same
	waits := make([]time.Duration, 0, runs)
	p := newPlay(q)
	for range runs {
		w, served := p.run(rng)
		if !served {
			return 0, false
		}
		waits = append(waits, w)
	}
	slices.Sort(waits)
	wait := waits[int(math.Ceil(sureness*runs))-1]
	return time.Duration(float64(wait) * (1 + doubt(len(q.Self.Like)))), true
}

// doubt is by how much few calls may be shorter than calls are.
func doubt(n int) float64 { return 1.5 / float64(n) }

// known says whether enough calls were measured of everybody who matters.
func (q *Queue) known() bool {
	if len(q.Self.Like) < Fewest || len(q.Self.By) == 0 {
		return false
	}
	for _, t := range q.Ahead {
		if len(t.By) > 0 && len(t.Like) < Fewest {
			return false
		}
	}
	for _, s := range q.Servers {
		if s.Busy && len(s.Like) < Fewest {
			return false
		}
	}
	return true
}

// play is one line that is played again and again.
type play struct {
	*Queue
	free  []time.Duration   // by server
	slots [][]time.Duration // by pool: when each of its calls in hand ends
}

func newPlay(q *Queue) *play {
	p := &play{Queue: q, free: make([]time.Duration, len(q.Servers)), slots: make([][]time.Duration, len(q.Pools))}
	for i, pool := range q.Pools {
		p.slots[i] = make([]time.Duration, max(1, min(pool.Size, len(q.Servers)), len(pool.Busy)))
	}
	return p
}

// run plays the line once: how long the last in it waits for her telephone to ring; false when she is not served.
func (p *play) run(rng *rand.Rand) (time.Duration, bool) {
	for i, s := range p.Servers {
		if p.free[i] = s.Free; s.Busy {
			p.free[i] = rest(s, rng)
		}
	}
	for i, pool := range p.Pools {
		clear(p.slots[i])
		for j, s := range pool.Busy {
			p.slots[i][j] = p.free[s]
		}
	}
	for _, t := range p.Ahead {
		p.serve(t, rng)
	}
	begins, s, served := p.serve(p.Self, rng)
	return begins + s.Lead, served
}

// serve gives a turn to whoever is free first.
func (p *play) serve(t Turn, rng *rand.Rand) (begins time.Duration, s Sample, served bool) {
	if len(t.By) == 0 {
		return 0, s, false
	}
	slot := least(p.slots[t.Pool])
	by, at := -1, time.Duration(0)
	for _, i := range t.By {
		from := max(p.free[i], p.slots[t.Pool][slot])
		if late := p.Servers[i].Until; late > 0 && from > late {
			continue
		}
		if by < 0 || from < at {
			by, at = i, from
		}
	}
	if by < 0 {
		return 0, s, false
	}
	s = t.Like[rng.IntN(len(t.Like))]
	p.free[by] = at + s.Whole
	p.slots[t.Pool][slot] = p.free[by]
	return at, s, true
}

// rest is how long a call goes on that has gone on for a while: as one of those that were longer, or, when it is the longest of
// all, as long as any.
func rest(s Server, rng *rand.Rand) time.Duration {
	longer := 0
	for _, l := range s.Like {
		if l.Whole > s.Since {
			longer++
		}
	}
	if longer == 0 {
		return s.Like[rng.IntN(len(s.Like))].Whole
	}
	n := rng.IntN(longer)
	for _, l := range s.Like {
		if l.Whole > s.Since {
			if n == 0 {
				return l.Whole - s.Since
			}
			n--
		}
	}
	return 0
}

func least(all []time.Duration) (at int) {
	for i, d := range all {
		if d < all[at] {
			at = i
		}
	}
	return at
}
