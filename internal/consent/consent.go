// Package consent is proof of what people agreed to, and of their taking it back: a ledger to which records are only ever
// added, each chained to the one before it, so that whoever reads it can tell whether a byte of it was changed.
//
// What tells who somebody is stands apart, under a salt: the chain holds only a commitment to it. So a person can be erased,
// text and salt, and the rest still proves itself.
package consent

import (
	"time"

	"ringback/internal/id"
	"ringback/internal/words"
)

// Act is what somebody did.
type Act string

const (
	Given     Act = "given"     // asked to be called, after reading the text
	Withdrawn Act = "withdrawn" // took this one wish back
	OptedOut  Act = "opted_out" // wants never to be called again
	Lifted    Act = "lifted"    // staff took an opt-out away
	Erased    Act = "erased"    // staff erased a person: the record lists whose records lost their personal part
)

// Route is the way by which it reached us.
type Route string

const (
	ByForm       Route = "form"        // the page without script
	ByWidget     Route = "widget"      // the public API
	ByKeys       Route = "keys"        // keys of a telephone, in a call
	ByStatusPage Route = "status_page" // the page of one callback
	ByStopPage   Route = "stop_page"   // the public page for any number
	ByStaff      Route = "staff"       // a key or a command
	ByRestore    Route = "restore"     // a list beside the database, which was restored from a backup
)

// Record is one act. Records are only ever added.
type Record struct {
	ID         id.Consent
	Subscriber id.Subscriber // "" = every business of the operator
	Callback   id.Callback   // "" = outside of any
	Act        Act
	Route      Route
	Text       Text // what was read; zero = nothing was shown
	At         time.Time
	Person     Person
	Erases     []id.Consent // of Erased: the records that lost their personal part
}

// Person is the personal part of a record: what is erased with somebody.
type Person struct {
	Number     string `json:"number,omitempty"`      // E.164, or a sip: address
	NumberHash string `json:"number_hash,omitempty"` // keyed
	Page       string `json:"page,omitempty"`
	Address    string `json:"address,omitempty"` // keyed hash of the visitor's address
	UserAgent  string `json:"user_agent,omitempty"`
}

// Text is a sentence as it was shown. It is kept once, under its hash.
type Text struct {
	Version  string `json:"version"`
	Language string `json:"language"`
	Words    string `json:"text"`
}

// Way is how a form lets its visitor talk.
type Way string

const (
	ByPhone            Way = "phone"            // a number is called
	ByPhoneOrInBrowser Way = "phone_or_browser" // or the visitor talks on the page
)

// sentences are what a visitor agrees to, before and after the business's name. A version changes with its words.
var sentences = map[Way]struct {
	version string
	say     words.Key
}{
	ByPhone:            {"2026-1", "I ask %s to call me at this number about my request."},
	ByPhoneOrInBrowser: {"2026-1-browser", "I ask %s to talk with me about my request: by a call to this number, or here in the browser."},
}

// Shown is the sentence on a form in a language, with its version, as the ledger keeps it.
func Shown(in *words.Language, business string, w Way) Text {
	s := sentences[w]
	return Text{s.version, in.Tag, in.Say(s.say, business)}
}

// Stop is what is read before a number is kept from ever being called again.
func Stop(in *words.Language) Text {
	return Text{"2026-1-stop", in.Tag, in.Say("Never call this number again, whichever business asks.")}
}
