package callback

import (
	"ringback/internal/consent"
	"ringback/internal/cti"
	"ringback/internal/id"
	"ringback/internal/letter"
	"ringback/internal/room"
	"ringback/internal/subscriber"
)

// Dossier is all that is kept of a person, who is known by her telephone.
type Dossier struct {
	Telephone  cti.Endpoint
	Subscriber id.Subscriber // as this business knows her; "" = as all do
	Calls      []KeptCall    // her own, the oldest first
	Beside     []*Callback   // others' calls in which her telephone was rung
	Contacts   []room.Contact
	Consents   []consent.Kept
	Refusals   []Refusal // of numbers that are masked as hers is
	Blocks     []*subscriber.Block
}

// KeptCall is a callback with all that was written about it.
type KeptCall struct {
	Callback   *Callback
	Journal    []Line
	Remarks    Remarks
	Recordings []Recording
	Letters    []letter.Letter // those that have left have no text any more
	Charges    []Charge
}

// Erasure is what was taken away of a person.
type Erasure struct {
	Callbacks  int
	Contacts   int
	Consents   int // records that lost their personal part; the chain still proves itself
	Recordings int
	Messages   int  // of calls, kept for explain --sip
	NeverAgain bool // her telephone stays on the list of those that are never called, as a keyed hash
}
