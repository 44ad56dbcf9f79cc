package ctisim

import (
	"fmt"
	"slices"
	"time"

	"ringback/internal/cti"
	"ringback/internal/id"
)

// Call is what one telephone saw of one INVITE.
type Call struct {
	In         bool // they called us: To is their telephone, From what they dialled
	Callback   id.Callback
	Attempt    int
	Leg        id.Leg
	Party      cti.Party
	To         cti.Endpoint
	From       string
	InviteAt   time.Time
	RingingAt  time.Time
	AnsweredAt time.Time
	GoneAt     time.Time // zero = still ringing or up
	GoneBy     string    // us, them, nobody
	Code       int       // refused with
	Keys       string    // that we sent in the call
	Heard      []Heard
}

// Heard is that something began to sound on an answered call, and how long it would last.
type Heard struct {
	At   time.Time
	What string
	For  time.Duration // 0 = until something else
}

// Told is one command that a switch was given and what it said.
type Told struct {
	At       time.Time
	Callback id.Callback
	Leg      id.Leg
	What     string // "originate 1 agent sip:ann@…", "join 1", "hangup 1 visitor cancelled", …
	Err      error
}

func (t Told) String() string {
	if t.Err != nil {
		return fmt.Sprintf("%s: %v", t.What, t.Err)
	}
	return t.What
}

// Told lists the commands in order; those of one callback, or all for "".
func (p *Phones) Told(cb id.Callback) []Told {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []Told
	for _, t := range p.told {
		if cb == "" || t.Callback == cb {
			out = append(out, t)
		}
	}
	return out
}

// Calls lists what telephones saw, in the order of the INVITEs.
func (p *Phones) Calls() []Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []Call
	for _, c := range p.calls {
		k := c.Call
		k.Heard = slices.Clone(k.Heard)
		out = append(out, k)
	}
	return out
}

// To says whether a call is to a telephone; OfVisitor whether it is the visitor's leg of a callback.
func To(e cti.Endpoint) func(Call) bool { return func(c Call) bool { return c.To == e } }

func OfVisitor(cb id.Callback) func(Call) bool {
	return func(c Call) bool { return c.Callback == cb && c.Party == cti.Visitor }
}

// Busy is since when a call makes a telephone ring or talk; false when it never did.
func (c Call) Busy() (from time.Time, ok bool) {
	from = c.RingingAt
	if from.IsZero() {
		from = c.AnsweredAt
	}
	return from, !from.IsZero()
}

// MostAtOnce is the largest number of telephones that rang or talked at one instant, of those that fit.
func MostAtOnce(calls []Call, fits func(Call) bool) int {
	most := 0
	for _, a := range calls {
		at, ok := a.Busy()
		if !ok || !fits(a) {
			continue
		}
		n := 0
		for _, b := range calls {
			from, ok := b.Busy()
			if ok && fits(b) && !from.After(at) && (b.GoneAt.IsZero() || b.GoneAt.After(at) || b.Leg == a.Leg) {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// Open lists the calls that still ring or are up.
func Open(calls []Call) []Call {
	return slices.DeleteFunc(slices.Clone(calls), func(c Call) bool { return !c.GoneAt.IsZero() })
}

// Silence is the longest time an answered call heard nothing, up to now for a call that is up.
func (c Call) Silence(now time.Time) time.Duration {
	if c.AnsweredAt.IsZero() {
		return 0
	}
	end := c.GoneAt
	if end.IsZero() {
		end = now
	}
	longest, quiet := time.Duration(0), c.AnsweredAt // since when nothing sounds
	for i, h := range c.Heard {
		until := end
		if i+1 < len(c.Heard) {
			until = c.Heard[i+1].At
		}
		if h.What == "" {
			continue
		}
		longest = max(longest, h.At.Sub(quiet))
		quiet = until
		if h.For > 0 && h.At.Add(h.For).Before(until) {
			quiet = h.At.Add(h.For)
		}
	}
	return max(longest, end.Sub(quiet))
}

func (p *Phones) tell(cb id.Callback, leg id.Leg, err error, format string, args ...any) {
	p.told = append(p.told, Told{time.Now(), cb, leg, fmt.Sprintf(format, args...), err})
}
