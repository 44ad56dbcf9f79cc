// Package cti is the link between the application and a telephone switch: commands down, facts up, and a snapshot of
// live legs for reconciliation. The switch does not know why it rings.
//
// Every driver passes the suite in ctitest.
package cti

import (
	"context"
	"errors"
	"strings"
	"time"

	"ringback/internal/id"
)

// Switch obeys the application. A command returns when the switch has taken it; what comes of it is told as Events, in
// order for each leg. Commands may be repeated: legs are named before they are commanded.
type Switch interface {
	// Originate rings o.To, or with o.Answers takes the call that has arrived (LegArrived, Event.Takes): it is answered at once, and the leg is
	// confirmed by that; ErrNoLeg when it is not there any more. The leg ends by itself when nobody answers within its ring time. It is idempotent by
	// o.Leg: the same order again is nil. It is refused, and nothing has left, with one of the Err values below.
	Originate(ctx context.Context, o Order) error

	// Reject refuses a call that has arrived (LegArrived) and was not answered, after h.Say where it can be heard before
	// the answer; a cause that nobody could help becomes what tells the caller so. An unknown call is nil.
	Reject(ctx context.Context, callID string, h HangUp) error

	// Join lets two answered and confirmed legs hear each other. Idempotent. When one leg of a bridge ends, the
	// switch plays the other a short farewell and ends it too, by Us: cause MediaLost when that ended the first one,
	// else NormalClearing. One that ends before they hear each other (LegJoined; a notice may come before) ends nobody: the
	// other is confirmed as it was, and hears that it goes on.
	Join(ctx context.Context, j Join) error

	// Confer says who talks with whom: two, three or more. Idempotent. ErrNoLeg: one is neither confirmed nor in a talk.
	Confer(ctx context.Context, c Confer) error

	// Monitor lets a supervisor's leg into a talk, or changes how she is in it. ErrNoLeg: hers is not up or busy, or the
	// agent's is in no talk.
	Monitor(ctx context.Context, m Monitor) error

	// Keys sends keys to the far end of a leg that is up, 200 ms each, during which it hears nobody; CheckKeys says what
	// they are. A web: leg has nobody to send them to.
	Keys(ctx context.Context, leg id.Leg, digits string) error

	// Record pauses, resumes or stops the recording of the talk that a leg is in; ErrNotRecorded without one. Idempotent.
	// Who is no visitor hears SoundPaused or SoundResumed when that changes something.
	Record(ctx context.Context, leg id.Leg, c RecordCommand) error

	// Play changes what an answered leg hears until the next Play or Join.
	Play(ctx context.Context, leg id.Leg, p Program) error

	// Hold lets a leg of a talk wait: it hears SoundWait, nobody hears it, and it hears nobody, until it is called back. The
	// talk goes on, with its recording and its longest time. A telephone is told by a re-INVITE, whatever it answers. LegHeld
	// and LegResumed, by us. The far end of an answered leg in no talk is asked to wait, or to come back: that is told when
	// it agrees, else LegHoldRefused. Join calls it back. ErrNoLeg: it is not up. Idempotent.
	Hold(ctx context.Context, leg id.Leg, on bool) error

	// Refer tells the far end of a leg that has asked to be replaced (LegRefer), or whose place another one wants, how it goes. ReferTrying takes the leg out
	// of its bridge (LegParted of both): the other one hears that it goes on, and either may be joined anew. ErrNoLeg: it
	// has not asked, or is not up.
	Refer(ctx context.Context, leg id.Leg, how Progress) error

	// HangUp ends the leg in whatever state it is: CANCEL while it rings, BYE after the answer, after h.Say has been
	// heard. An unknown or ended leg is nil.
	HangUp(ctx context.Context, leg id.Leg, h HangUp) error

	// Connect takes the offer of a browser (SDP with one sound in both directions, ICE and DTLS as browsers make it) and
	// returns the whole answer: no candidate comes after it. It is then reached at web:PEER. The same peer again takes the
	// place of the connection before; a leg goes on over the new one. ErrNoBrowser: there is no door for browsers, or the
	// offer is none. A leg whose browser is away for BrowserBack is ended, cause MediaLost.
	Connect(ctx context.Context, peer, offer string) (answer string, err error)

	// Disconnect ends a browser's connection, and its legs. An unknown one is nil.
	Disconnect(ctx context.Context, peer string) error

	// ICE returns the servers by which a browser may reach us besides the addresses of the answer, with credentials that
	// live for a while; none where it needs none. ErrNoBrowser: that is no browser's name.
	ICE(ctx context.Context, peer string) ([]ICEServer, error)

	// Accept answers a leg that rings at a browser. The visitor's own needs none: it is answered as soon as it is there.
	// ErrNoLeg when the leg does not ring there. Idempotent.
	Accept(ctx context.Context, leg id.Leg) error

	// Fence tells the switch that orders of this callback below fence are stale, and with cancelled that no order of
	// it may be carried out any more. Legs that are up are not touched.
	Fence(ctx context.Context, cb id.Callback, fence int64, cancelled bool) error

	// Reconcile hands a switch that has just started the legs that the application's rows say are not ended, and all
	// fences. It adopts what it knows and ends (CANCEL or BYE from derived ids and Ref) what it does not. Until then
	// Originate is refused with ErrNotReconciled. One fact comes back for each leg.
	Reconcile(ctx context.Context, known []KnownLeg) ([]LegFact, error)

	// Legs returns what the switch knows of a callback's legs, ended ones included for an hour.
	Legs(ctx context.Context, cb id.Callback) ([]LegFact, error)

	// Trunks replaces the trunks. Calls that are up stay.
	Trunks(ctx context.Context, all []Trunk) error

	// Devices replaces the names under which telephones may register. Telephones of a name that is gone, or whose
	// password has changed, are forgotten; calls that are up stay. An order to sip:NAME rings them all: one leg, and
	// the first that answers has it. With none, the leg ends at once, cause UnallocatedNumber, with a Note.
	Devices(ctx context.Context, all []Device) error

	// Registered returns the telephones that are registered now, by name and age.
	Registered(ctx context.Context) ([]Registration, error)

	// Lines tells how the trunks are, by name.
	Lines(ctx context.Context) ([]LineState, error)
}

// What Originate refuses with; a refused order has sent nothing.
var (
	// ErrSecondCall: another visitor leg of this callback is live, or this leg has already ended.
	ErrSecondCall = errors.New("cti: a second call of the same callback")
	// ErrStaleToken: the order's fence is below the highest seen for the callback.
	ErrStaleToken = errors.New("cti: stale fence")
	// ErrCancelled: the callback was cancelled.
	ErrCancelled = errors.New("cti: callback cancelled")
	// ErrPastDeadline: the order's deadline has passed.
	ErrPastDeadline = errors.New("cti: past deadline")
	// ErrNotReconciled: the switch has just started and was not told yet what was up before.
	ErrNotReconciled = errors.New("cti: not reconciled")
	// ErrNoTrunk: no trunk carries this number, or none has room.
	ErrNoTrunk = errors.New("cti: no trunk for this number")
	// ErrDown: the switch cannot be reached or is stopping.
	ErrDown = errors.New("cti: switch down")
	// ErrNoLeg: Join or Play of a leg that is not up.
	ErrNoLeg = errors.New("cti: no such leg")
)

// Order asks for one leg.
type Order struct {
	Callback id.Callback
	Attempt  int
	Leg      id.Leg
	Party    Party
	Fence    int64
	To       Endpoint
	From     string        // caller ID, E.164 with "+"; "" = the trunk's or switch's own name
	Name     string        // display name shown to a SIP device
	Ring     time.Duration // from the first 180/183; the hard stop is Ring + 15 s after the INVITE
	Via      id.Trunk      // the only trunk that may carry it; "" = any
	Replaces string        // the call of a sip: telephone that this one takes the place of (RFC 3891); "" = none
	Deadline time.Time     // refused when it has passed; zero = none
	Confirm  Confirm       // what makes an answered leg a confirmed one
	Region   string        // ISO country whose ringback and busy tones are played
	Hear     Program       // what the leg hears once it is answered
	For      id.Leg        // the leg that hears how it rings; "" = of a visitor's one that waits, of others nobody
	Codecs   []Codec       // what a SIP telephone is offered, in order; none = pcmu, pcma. A trunk has its own
	SRTP     SRTP          // of a sip: endpoint: whether speech is encrypted; "" = where it can be
	Answers  string        // the Call-ID of the arrived call that this order takes; "" = To is rung
	PostDial string        // keys sent once the far end has answered, before anybody hears it; 'w' waits 500 ms; "" = none
	Waits    Program       // what it hears once it is confirmed; zero = Hear.Then
	Goodbye  Prompt        // the last seconds of a window of confirmation in which nobody confirmed; zero = SoundSorry
	Late     Prompt        // to one of several telephones that answers after another has; zero = SoundTaken
	Message  Prompt        // left on an answering machine, once, whole, after its beep or when it is silent; zero = none
}

// BrowserBack is how long a browser may be away in a call: its page is loaded again, or its network has changed.
const BrowserBack = 20 * time.Second

// Confirm is how an answered leg proves that a person took it. Auto is resolved by the application.
type Confirm string

const (
	ConfirmNone       Confirm = "none"         // answering is enough
	ConfirmKey        Confirm = "key"          // key 1 within 12 s of the answer
	ConfirmKeyOrVoice Confirm = "key_or_voice" // key 1, or 300 ms of speech then 700 ms of pause, within 30 s
)

// Windows of confirmation, from the answer.
const (
	KeyWindow   = 12 * time.Second
	VoiceWindow = 30 * time.Second
)

// Program is what a leg hears, in order: First once, then Then for ever, with Notes in between. A confirming leg hears
// First again, each AskAgain or VoiceAgain, until it confirms or its window closes.
type Program struct {
	First Prompt
	Then  Sound
	Notes []Note // by After; when the last was said they begin anew, NoteGap apart

	// Record keeps what the far end says once First was heard, for so long or until it presses a key: LegRecorded.
	// 0 = nothing is kept. It needs a leg that is confirmed and not joined.
	Record time.Duration
}

// Note is something new for who waits.
type Note struct {
	After time.Duration // since the program began
	Say   Prompt
}

// Times of what is said to who waits or is asked.
const (
	NoteGap    = 15 * time.Second
	AskAgain   = 6 * time.Second // from one asking for a key to the next
	VoiceAgain = 8 * time.Second // from one asking for a key or a voice to the next
)

// IsZero says that nothing is heard.
func (p Program) IsZero() bool { return p.First.IsZero() && p.Then == SoundNone && len(p.Notes) == 0 }

// At is when the nth note is said, and which it is, from 0; there must be some.
func (p Program) At(n int) (time.Duration, Prompt) {
	last := len(p.Notes) - 1
	after := p.Notes[min(n, last)].After + time.Duration(max(0, n-last))*NoteGap
	return after, p.Notes[n%len(p.Notes)].Say
}

// Prompt is what is said once: clips one after the other, else a recording, else a built-in sound. What cannot be read
// is left out; where nothing is left the sound is heard.
type Prompt struct {
	Clips []Clip
	WAV   string // path of a file; "" = Sound
	Sound Sound
}

// Clip is a piece of a prompt: a recording that the switch has, such as "de/visitor_offer"; a path of a WAV file, which
// begins with "/" or "."; or "sound/" and a Sound's name.
type Clip string

// IsZero says that the prompt is none.
func (p Prompt) IsZero() bool { return len(p.Clips) == 0 && p.WAV == "" && p.Sound == SoundNone }

// String names what is played, for records.
func (p Prompt) String() string {
	if len(p.Clips) == 0 {
		return string(p.Sound) + p.WAV
	}
	parts := make([]string, len(p.Clips))
	for i, c := range p.Clips {
		parts[i] = string(c)
	}
	return strings.Join(parts, " ")
}

// Sound is a built-in sound.
type Sound string

const (
	SoundNone     Sound = ""         // nothing: comfort silence frames, never for more than 2 s
	SoundSoft     Sound = "soft"     // one soft tone: "you are connected to a machine that cares"
	SoundAsk      Sound = "ask"      // rising notes: press 1
	SoundRingback Sound = "ringback" // the country's ringing tone, for ever
	SoundWait     Sound = "wait"     // a short figure every few seconds, for ever, with a different one every 15 s
	SoundMoment   Sound = "moment"   // "one moment"
	SoundSorry    Sound = "sorry"    // falling notes: it did not work
	SoundThanks   Sound = "thanks"   // two notes: taken
	SoundTaken    Sound = "taken"    // somebody else has it already
	SoundZip      Sound = "zip"      // 160 ms: you are on the air
	SoundWarn     Sound = "warn"     // one beep: a minute is left
	SoundBye      Sound = "bye"      // the other side has hung up
	SoundPaused   Sound = "paused"   // two falling notes: the recording pauses
	SoundResumed  Sound = "resumed"  // two rising notes: it goes on
)

// Progress is how a transfer goes, for the telephone that asked for it.
type Progress string

const (
	ReferTrying  Progress = "trying"  // the target is rung
	ReferRinging Progress = "ringing" // it rings
	ReferDone    Progress = "done"    // the other one talks with it
	ReferFailed  Progress = "failed"  // it did not answer
	ReferRefused Progress = "refused" // it may not be called
)

// Join asks for a bridge.
type Join struct {
	Callback id.Callback
	A, B     id.Leg        // A waited and hears the zip tone
	MaxTalk  time.Duration // both are ended (cause max_talk) when it is over, with SoundWarn a minute before; 0 = 60 min
	Record   *Recording    // nil = the talk is not recorded. A file that cannot be written ends no talk; one that is not written, because they are joined already, ends at once, without length
}

// HangUp says how a leg ends.
type HangUp struct {
	Cause Cause
	Say   Prompt // heard in full by an answered leg before the BYE, at most a minute; zero = none

	// Instead lets Say take the place of the last words that the leg hears already; Cause is then that of before. Without
	// it a leg that is being ended stays as it is, but for the farewell that the switch says by itself when the other one
	// of a bridge has left: that gives way to any Say of clips.
	Instead bool
}

// KnownLeg is what the application has on disk of a leg that is not ended.
type KnownLeg struct {
	Order  Order // as it was given, with the fence
	State  LegState
	Sent   bool // false: provably never sent
	Trunk  id.Trunk
	CallID string
	Ref    []byte // opaque, from the last Event that carried one
	With   id.Leg // the other leg of the bridge, "" = none
	MaxEnd time.Time
}

// LegFact is what the switch knows of a leg.
type LegFact struct {
	Leg    id.Leg
	Known  bool // false: this switch never had it or forgot it; it has been told to end
	State  LegState
	Cause  Cause
	By     By
	Trunk  id.Trunk
	CallID string

	Quality Quality // so far, of an answered leg
}

// EventKind says what happened to a leg.
type EventKind string

const (
	LegArrived     EventKind = "leg_arrived"      // a call has come in, of no leg yet; Arrival, Trunk, CallID, and Ref to be stored before it is answered
	LegSent        EventKind = "leg_sent"         // the first INVITE left; CallID, Trunk
	LegMoved       EventKind = "leg_moved"        // another trunk, or another address of it, is tried; CallID, Trunk, Note
	LegRinging     EventKind = "leg_ringing"      // 180, or the first 183
	LegEarly       EventKind = "leg_early"        // media before the answer
	LegForwarded   EventKind = "leg_forwarded"    // the network says that the call goes elsewhere, perhaps to a voicemail; Note: why
	LegAnswered    EventKind = "leg_answered"     // 200 and ACK; Ref
	LegConfirmed   EventKind = "leg_confirmed"    // answered, and a person has said so
	LegJoined      EventKind = "leg_joined"       // the bridge is up; one event for each leg
	LegHeld        EventKind = "leg_held"         // its far end has put the other one on hold, which hears SoundWait; by us: it waits itself (Hold)
	LegResumed     EventKind = "leg_resumed"      // and has come back
	LegHoldRefused EventKind = "leg_hold_refused" // its far end, in no talk, does not agree to be put on hold by us, or to come back; SIPCode, 408 = no answer
	LegParted      EventKind = "leg_parted"       // its bridge is over and the leg is not; it is confirmed, as before the bridge
	LegRefer       EventKind = "leg_refer"        // a telephone of ours asks that its call goes on with somebody else; Target, Address, Replaces
	LegDigit       EventKind = "leg_digit"        // a key; Digit
	LegQuiet       EventKind = "leg_quiet"        // 3 s without audio from the far end
	LegHeard       EventKind = "leg_heard"        // audio again
	LegTone        EventKind = "leg_tone"         // a machine's tone; Tone
	LegRecorded    EventKind = "leg_recorded"     // what Program.Record asked for; WAV
	LegNotice      EventKind = "leg_notice"       // it was told, to the end, that the talk is recorded
	LegEnded       EventKind = "leg_ended"        // exactly once for a leg; Cause, By, SIPCode, Quality, Tone when a tone is why

	PeerUp   EventKind = "peer_up"   // a browser is connected; Peer, of no leg
	PeerLost EventKind = "peer_lost" // and is not any more; Peer

	RecordingEnded EventKind = "recording_ended" // the file is whole, once for a Join with Record, of its leg A; Recording, Length
)

// Event is a fact about one leg, told by the switch.
type Event struct {
	At       time.Time
	Kind     EventKind
	Callback id.Callback
	Attempt  int
	Leg      id.Leg
	Party    Party
	Trunk    id.Trunk
	CallID   string
	Ref      []byte // opaque state to store with the leg; nil = unchanged
	Digit    byte
	Cause    Cause
	By       By
	SIPCode  int
	WAV      []byte // of LegRecorded: one channel at 8000 samples a second
	Tone     Tone
	Quality  Quality // of an answered leg, with LegEnded
	Note     string  // in words for staff: why, where cause and code do not say it; what else the network said; "" = nothing

	Target   Endpoint // of LegRefer, as it was dialled: tel: and digits of any spelling, or a sip: address
	Address  Endpoint // of LegRefer: the sip: address that the number of Target was written in; "" = it was none
	Replaces string   // of LegRefer: the call that Target has with who asks; for Order.Replaces
	Takes    string   // of LegRefer: the call by which Target has asked for the leg's place itself; for Order.Answers. Any Progress but trying and ringing refuses it, unless it was taken

	Arrival Arrival // of LegArrived
	Peer    string  // of PeerUp and PeerLost

	Recording id.Recording
	Length    time.Duration // how long the recording sounds; 0 = there is none, the file could not be written
}
