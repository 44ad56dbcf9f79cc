package callback

import (
	"context"
	"errors"
	"time"

	"ringback/internal/agent"
	"ringback/internal/consent"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/letter"
	"ringback/internal/room"
	"ringback/internal/subscriber"
)

// Store keeps callbacks. A method that returns nil error has its effect on disk. Full and failing disks are
// fault.StorageFull and fault.StorageBusy; nothing was written then.
type Store interface {
	// Create writes a new callback with all that belongs to it in one transaction, after the checks of n in that
	// same transaction. With n.Once already used it returns
	// *Replayed. Checks in this order: idempotency, proof, one live callback per number, velocity, length of the line, the slot, the budget.
	Create(ctx context.Context, n New) error

	// Step reads the callback, lets decide change it, and writes what changed, the journal lines (Seq runs to
	// the new version) and the agents' moves in one transaction. A version that has moved on meanwhile is read and decided
	// again. decide may run several times and must be pure. A changed number that is live elsewhere: fault.NumberBusy. ErrNothing from decide writes nothing and is nil.
	Step(ctx context.Context, cb id.Callback, decide func(*Callback) (Change, error)) (*Callback, error)

	// Callback reads one, subscriber "" = whichever. Unknown or foreign: fault.NotFound.
	Callback(ctx context.Context, sub id.Subscriber, cb id.Callback) (*Callback, error)
	ByToken(ctx context.Context, tokenHash string) (*Callback, error)
	// Callbacks lists newest first, without attempts; sub "" = all.
	Callbacks(ctx context.Context, sub id.Subscriber, f Filter) ([]Callback, error)
	// OfNumber finds the newest callback of a business to a number, by its hash, that is not ended, or ended not before
	// since; a call that has come in is none. It comes without attempts; nil = there is none.
	OfNumber(ctx context.Context, sub id.Subscriber, numberHash string, since time.Time) (*Callback, error)
	// LastAgent is who talked last with a number, by its hash, for a business, not before since; "" = nobody did.
	LastAgent(ctx context.Context, sub id.Subscriber, numberHash string, since time.Time) (id.Agent, error)
	Journal(ctx context.Context, cb id.Callback) ([]Line, error)

	// Live returns all callbacks that are not ended, or have a leg that is not, with attempts and legs: what a start
	// rebuilds itself from.
	Live(ctx context.Context) ([]*Callback, error)
	// Due returns callbacks whose due_at is not after now, at most limit.
	Due(ctx context.Context, now time.Time, limit int) ([]id.Callback, error)
	// Agents reads the status of every agent; MoveAgent changes one outside a step.
	Agents(ctx context.Context) (map[id.Agent]agent.Status, error)
	MoveAgent(ctx context.Context, m Move) error

	// OptOut blocks a number and writes down that it was asked for, in one transaction. A block that is there becomes this
	// one for ever.
	OptOut(ctx context.Context, b subscriber.Block, r consent.Record, limits []Velocity) error
	// Lift takes a block away and writes down that somebody did.
	Lift(ctx context.Context, b id.Block, r consent.Record) error

	// Refuse records a refusal at the door. A failure is returned but never changes the answer to the visitor.
	Refuse(ctx context.Context, r Refusal) error
}

// ErrNothing from a decide function: no step after all.
var ErrNothing = errors.New("callback: nothing to do")

// ErrAgentTaken: a Move's From did not hold; the whole step was rolled back.
var ErrAgentTaken = errors.New("callback: agent taken")

// ErrRehearsed: all checks let the wish pass; nothing was written, as was asked.
var ErrRehearsed = errors.New("callback: rehearsed")

// ErrSlotTaken: the slot had no place left; nothing was written.
var ErrSlotTaken = errors.New("callback: slot taken")

// Replayed is Create's error when its idempotency key was used before with the same body: the answer of that time.
type Replayed struct{ Kept Kept }

func (r *Replayed) Error() string { return "callback: repeated request" }

// New is all that a wish writes.
type New struct {
	Callback *Callback // Version 1, with its first attempt and leg when it can be served at once
	Lines    []Line
	Agents   []Move

	Contact     room.Contact     // found again by (subscriber, number), else written; its id is put into Callback
	Interaction room.Interaction // used again within room.Reuse, else written; its id is put into Callback
	Consent     *consent.Record  // nil = none was asked

	Proof    []Velocity // what this wish uses up; its faults have no RetryAfter
	Velocity []Velocity // limits that are counted and checked
	Spend    *Spend     // what it may cost; nil = nothing
	Booking  *Booking   // nil = no slot is booked
	MaxLine  int        // at most so many of the subscriber's callbacks may be queued; 0 = no limit; over it fault.LimitSubscriber
	Once     *Once      // nil = no idempotency key

	Letters []letter.Letter // that leave the house

	Rehearsal bool // every check is made and nothing is written: ErrRehearsed says that it would have been
}

// Booking takes a place in a slot: in the same transaction the callbacks of its business that are scheduled in [From, To),
// but for itself, must be fewer than Capacity; else ErrSlotTaken.
type Booking struct {
	From, To time.Time
	Capacity int
}

// Velocity is one limit: at most N events of Key in Per, this one included. Over it: fault Code with RetryAfter.
type Velocity struct {
	Key  string // keyed hash with what it counts, such as "number:…"
	N    int
	Per  time.Duration
	Code fault.Code
	Say  string // the sentence
}

// Once makes a POST repeatable: the answer is kept, sealed, for 24 h under principal, route and key.
type Once struct {
	Principal string // key id, or "public"
	Route     string // method and path
	Key       string
	Request   string               // hash of the body
	Answer    func(*Callback) Kept // what will be answered, once ids of contact and interaction are known
}

// Kept is a stored answer.
type Kept struct {
	Request  string
	Status   int
	Location string
	Body     []byte
}

// Change is what a step writes besides the callback itself.
type Change struct {
	Lines  []Line // one or more; the version goes up by their count
	Agents []Move

	Velocity []Velocity // limits that this step counts: another number is another telephone that may ring

	Spend *Spend // what it may cost or has cost; nil = nothing new

	Booking *Booking // the slot that it is moved to; nil = none

	Blocks   []subscriber.Block // numbers that are not served from now on
	Consents []consent.Record   // what was agreed to or taken back

	Remarks Remarks // notes that are added, and a disposition that takes the place of another

	Letters    []letter.Letter // that leave the house
	Companions []Companion     // links to this call's page
}

// Move is a change of an agent's status inside a step. It fails with ErrAgentTaken unless her presence is one of From.
type Move struct {
	Agent   id.Agent
	From    []agent.Presence
	Status  agent.Status // a zero IdleFrom leaves the old one
	Lenient bool         // a presence outside From skips the move and fails nothing
}

// Filter of a list.
type Filter struct {
	State  State
	Button id.Button
	After  id.Callback // the last of the page before
	Limit  int

	NumberHash string // of these telephones only; "" = all
	Desk       *Desk  // nil = whatever
}

// Desk is what an agent may list: of the businesses that she represents, what is under way and what she has had a part in.
type Desk struct {
	Agent      id.Agent
	Represents []id.Subscriber
	All        bool // a supervisor: all of those businesses
}

// Refusal is a request that was turned away at the door; the number is kept masked.
type Refusal struct {
	ID         id.Refusal
	Subscriber id.Subscriber
	Button     id.Button
	Code       fault.Code
	Masked     string
	Page       string
	Visitor    string // keyed hash of the address
	At         time.Time
}
