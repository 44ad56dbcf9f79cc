package agent

import "strings"

// Presence is whether an agent may be offered a call.
type Presence string

const (
	SignedOut Presence = "signed_out"
	Ready     Presence = "ready"
	Reserved  Presence = "reserved"
	Talking   Presence = "talking"
	WrapUp    Presence = "wrap_up"
	Paused    Presence = "paused"
	Finishing Presence = "finishing" // serves the call in hand, gets no other
)

// Event is what changes a presence.
type Event string

const (
	SignIn  Event = "sign_in"
	SignOut Event = "sign_out"
	Pause   Event = "pause"
	Offer   Event = "offer" // a call is meant for her
	Answer  Event = "answer"
	Release Event = "release" // the offer came to nothing
	Done    Event = "done"    // the call is over
	Rested  Event = "rested"  // wrap-up, or a pause that ends by itself, is over
	Finish  Event = "finish"
	TooMany Event = "too_many" // she has let too many offers pass
)

// life is the table of presence: state, event, next state. An event that a state does not list is out of place. A
// person who pauses or signs out while she is reserved or talking finishes that call first; who wanted a pause then has
// it (ThenPaused), and is not signed out.
var life = map[Presence]map[Event]Presence{
	SignedOut: {SignIn: Ready, Pause: Paused, SignOut: SignedOut, Finish: SignedOut},
	Ready:     {Offer: Reserved, Pause: Paused, SignOut: SignedOut, Finish: SignedOut, SignIn: Ready},
	Reserved:  {Answer: Talking, Release: Ready, TooMany: Paused, Done: WrapUp, Finish: Finishing, SignOut: Finishing, Pause: Finishing},
	// Talking, she may still be rung: who changes her mind while she finishes an offer comes back to it so.
	Talking:   {Done: WrapUp, Release: Ready, TooMany: Paused, Finish: Finishing, SignOut: Finishing, Pause: Finishing},
	WrapUp:    {Rested: Ready, SignIn: Ready, Pause: Paused, SignOut: SignedOut, Finish: SignedOut},
	Paused:    {SignIn: Ready, Rested: Ready, SignOut: SignedOut, Pause: Paused, Finish: SignedOut},
	Finishing: {Answer: Finishing, Release: SignedOut, TooMany: SignedOut, Done: SignedOut, SignIn: Talking, Pause: Finishing, Finish: Finishing, SignOut: Finishing},
}

// Next returns the presence after an event and whether it was in place.
func (p Presence) Next(e Event) (Presence, bool) {
	to, ok := life[p][e]
	if !ok {
		return p, false
	}
	return to, true
}

// Wanted is the event by which a person asks for a presence: ready, paused, signed_out, finishing.
func Wanted(p Presence) (Event, bool) {
	e, ok := map[Presence]Event{Ready: SignIn, Paused: Pause, SignedOut: SignOut, Finishing: Finish}[p]
	return e, ok
}

// thenPaused begins the reason of who finishes a call and has asked for a pause after it.
const thenPaused = "then paused"

// ThenPaused is the reason of who finishes a call and has asked for a pause after it.
func ThenPaused(reason string) string {
	if reason == "" {
		return thenPaused
	}
	return thenPaused + ": " + reason
}

// ThenPaused says whether an agent who finishes a call wants a pause after it, and why.
func (s Status) ThenPaused() (reason string, yes bool) {
	rest, yes := strings.CutPrefix(s.Reason, thenPaused)
	return strings.TrimPrefix(rest, ": "), yes && s.Presence == Finishing
}
