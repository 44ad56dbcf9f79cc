// Package api is the door of programs: the public routes that a form or widget on a business's page uses, and the
// keyed routes of operators and subscribers.
package api

import (
	"context"
	"log/slog"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/challenge"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/live"
	"ringback/internal/login"
	"ringback/internal/schedule"
	"ringback/internal/subscriber"
	"ringback/internal/web/door"
	"ringback/internal/words"
)

// Conductor leads callbacks through their lives.
type Conductor interface {
	Request(ctx context.Context, r callback.Request) (*callback.Made, error)
	ConnectLead(ctx context.Context, cb id.Callback) (*callback.Callback, error)
	LeadTomorrow(ctx context.Context, cb id.Callback) (*callback.Callback, error)
	Rehearse(ctx context.Context, r callback.Rehearsal) (*callback.Rehearsed, error)
	Cancel(ctx context.Context, cb id.Callback, by callback.Actor) (*callback.Callback, error)
	ChangeNumber(ctx context.Context, cb id.Callback, raw string, by callback.Actor) (*callback.Callback, error)
	Reschedule(ctx context.Context, cb id.Callback, w schedule.When, by callback.Actor) (*callback.Callback, error)
	Record(ctx context.Context, cb id.Callback, do cti.RecordCommand, by callback.Actor) (*callback.Callback, error)
	Conversations
	AddNote(ctx context.Context, cb id.Callback, text string, by callback.Author) (*callback.Callback, error)
	Dispose(ctx context.Context, cb id.Callback, code, note string, by callback.Author) (*callback.Callback, error)
	Follow(ctx context.Context, cb id.Callback, f callback.FollowUp, by callback.Author) (*callback.Callback, error)
	MoveToFront(ctx context.Context, cb id.Callback, by callback.Actor) (*callback.Callback, error)
	Reassign(ctx context.Context, cb id.Callback, a id.Agent, by callback.Actor) (*callback.Callback, error)
	Again(ctx context.Context, was *callback.Callback, a callback.Another) (*callback.Made, error)
	CallNow(ctx context.Context, cb id.Callback, by callback.Actor) (*callback.Callback, error)
	OptOutOf(ctx context.Context, cb id.Callback, o callback.OptOut) (*callback.Callback, error)
	OptOutNumber(ctx context.Context, to cti.Endpoint, o callback.OptOut) error
	Lift(ctx context.Context, b id.Block, by callback.Author) error
	Halt(ctx context.Context, on bool, reason string) (callback.Halt, error)
	Alarms(ctx context.Context, before id.Alarm, limit int) ([]callback.Alarm, error)
	SetPresence(ctx context.Context, a id.Agent, p agent.Presence, reason string) (agent.Status, error)
	SignOut(ctx context.Context, a id.Agent) error
	Directory() *directory.Directory
	InHand() []*callback.Callback
	Reload(ctx context.Context) error
	Place(cb id.Callback) (n int, ok bool)
	Wait(cb id.Callback) (within time.Duration, known bool)
	Diary(s *subscriber.Subscriber, b *subscriber.Button) schedule.Diary
	Agents() map[id.Agent]agent.Status
	Registered(name string) []cti.Registration
	Lines() []cti.LineState
	HashNumber(e cti.Endpoint) string
	NeedsProof(b *subscriber.Button) bool
	Puzzle(b *subscriber.Button, commit string) challenge.Puzzle
	Ticket(b *subscriber.Button) string
}

// Callbacks are read here; only the conductor changes them.
type Callbacks interface {
	Callback(ctx context.Context, sub id.Subscriber, cb id.Callback) (*callback.Callback, error)
	ByToken(ctx context.Context, tokenHash string) (*callback.Callback, error)
	Callbacks(ctx context.Context, sub id.Subscriber, f callback.Filter) ([]callback.Callback, error)
	Journal(ctx context.Context, cb id.Callback) ([]callback.Line, error)
	Remarks(ctx context.Context, all []id.Callback) (map[id.Callback]callback.Remarks, error)
}

// Book is where what is set up is written.
type Book interface {
	Apply(ctx context.Context, s directory.Setup, o directory.Options) ([]directory.Change, error)
	Delete(ctx context.Context, k directory.Kind, id string) error
}

// Prompts keeps a business's own recordings.
type Prompts interface {
	Keep(ctx context.Context, sub id.Subscriber, name string, wav []byte) error
}

// Gate lets people in.
type Gate interface {
	SignIn(ctx context.Context, name, password, address string) (token string, a *login.Account, err error)
	Who(ctx context.Context, token string) (*login.Account, error)
	SignOut(ctx context.Context, token string) error
	Change(ctx context.Context, a *login.Account, old, chosen, address string, keep login.Keep) (token string, err error)
	Accept(ctx context.Context, chosen string, keep login.Keep) (token string, err error)
}

// Deps is what the door needs.
type Deps struct {
	URL        string // of the service, without a slash at the end
	Now        func() time.Time
	Mint       *id.Mint
	Log        *slog.Logger
	Conductor  Conductor
	Callbacks  Callbacks
	Book       Book
	Recordings Recordings
	People     People
	Prompts    Prompts
	Live       *live.Hub
	Gate       Gate
	Passkeys   Passkeys
	Browsers   Browsers
	Ledger     Ledger
	Letters    Letters      // nil = nothing leaves the house
	Hearts     *live.Hearts // of desks
	Version    string       // of the service
	Words      *words.Book  // what visitors read
	// Submit answers a plain form that was posted to the public API, with pages.
	Submit door.Handler
}

// API answers programs.
type API struct {
	Deps
	told told // who was told the end
}

// New opens the door.
func New(d Deps) *API { return &API{Deps: d} }
