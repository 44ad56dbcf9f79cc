package cti

// LegState is where a leg is in its life.
type LegState string

const (
	Created   LegState = "created"
	Inviting  LegState = "inviting"
	Ringing   LegState = "ringing"
	Early     LegState = "early_media"
	Answered  LegState = "answered"
	Confirmed LegState = "confirmed"
	Bridged   LegState = "bridged"
	Held      LegState = "held"
	Ended     LegState = "ended"
)

// legLife is the leg's table: state, event, next state. What a row does not list is out of place: networks repeat and
// reorder, so it is dropped and counted.
var legLife = map[LegState]map[EventKind]LegState{
	Created:   {LegSent: Inviting, LegRinging: Ringing, LegEarly: Early, LegAnswered: Answered, LegEnded: Ended},
	Inviting:  {LegMoved: Inviting, LegRinging: Ringing, LegEarly: Early, LegAnswered: Answered, LegEnded: Ended},
	Ringing:   {LegEarly: Early, LegAnswered: Answered, LegEnded: Ended},
	Early:     {LegRinging: Ringing, LegAnswered: Answered, LegEnded: Ended},
	Answered:  {LegConfirmed: Confirmed, LegEnded: Ended},
	Confirmed: {LegJoined: Bridged, LegEnded: Ended},
	Bridged:   {LegHeld: Held, LegParted: Confirmed, LegEnded: Ended},
	Held:      {LegResumed: Bridged, LegParted: Confirmed, LegEnded: Ended},
	Ended:     {},
}

// Next returns the state after an event, and whether the event is in place. Digits, tones, hints, wishes and audio notices change nothing
// and are in place wherever the leg is up.
func (s LegState) Next(k EventKind) (LegState, bool) {
	switch k {
	case LegHeld, LegResumed:
		if s == Answered || s == Confirmed { // its far end alone waits: of no talk
			return s, true
		}
	case LegHoldRefused, LegDigit, LegQuiet, LegHeard, LegTone, LegNotice, LegRecorded, LegRefer:
		return s, s.Up()
	case LegForwarded:
		return s, s != Ended && !s.Up()
	case LegArrived:
		return s, s == Created // it is told of a call, not of a leg
	case PeerUp, PeerLost:
		return s, true // it is told of a browser, not of a leg
	case RecordingEnded:
		return s, true // the file may be whole after the leg has ended
	}
	to, ok := legLife[s][k]
	if !ok {
		return s, false
	}
	return to, true
}

// Up says whether the far end has answered and not left.
func (s LegState) Up() bool {
	return s == Answered || s == Confirmed || s == Bridged || s == Held
}
