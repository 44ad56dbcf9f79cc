package ctisim

import (
	"time"

	"ringback/internal/cti"
)

// Never is a time that does not come.
const Never time.Duration = -1

// Person is who sits at a telephone and what they do when it rings. The zero Person picks up at once and stays until
// hung up on; the functions below make the usual ones.
type Person struct {
	Rings   time.Duration // from the INVITE to the 180; Never = no sign of it
	Early   bool          // the first sign is a 183 with sound
	Answers time.Duration // from the INVITE to the answer or refusal; Never = rings for ever
	Code    int           // refuses with this SIP code instead of answering; 0 = answers
	Talk    time.Duration // from the answer to hanging up; 0 = until hung up on

	Press      string        // keys, 200 ms apart; a blank is a pause
	PressAfter time.Duration // from the answer
	Voice      int           // Hz of what is recorded of them; 0 = they say nothing then
	Says       time.Duration // from the answer to a spoken "hello"; 0 = says nothing that counts as a word
	Machine    bool          // an announcement and a beep: speech without a pause, no key

	QuietAfter   time.Duration // from the answer until nothing is heard of them; 0 = never
	QuietFor     time.Duration // how long; 0 = for ever
	Tone         cti.Tone      // a machine's tone in the answered call: fax, busy and sit end the leg, the others are told
	ToneAfter    time.Duration // from the answer
	Refers       cti.Endpoint  // asks that the call goes on there, as a telephone with a transfer key does
	ReferAddress cti.Endpoint  // how that was written, where Refers is only the number in it
	ReferAfter   time.Duration // from the answer
	HoldAfter    time.Duration // from the answer until they put the other one on hold; 0 = never
	HoldFor      time.Duration // how long
	HoldCode     int           // refuses with this SIP code to be put on hold; 0 = agrees
	Dies         time.Duration // from the answer until the telephone is off the network without a word; 0 = never

	IgnoresCancel bool // its network has already sent the answer when our CANCEL comes
	Silent        bool // not even a 100: nothing ever comes back
}

// Answers picks up after a time and hangs up talk later; 0 = stays until hung up on.
func Answers(after, talk time.Duration) Person { return Person{Answers: after, Talk: talk} }

// Takes answers, and presses key 1 after a time: a person who confirms.
func Takes(after, press, talk time.Duration) Person {
	return Person{Answers: after, Talk: talk, Press: "1", PressAfter: press}
}

// RingsForEver never answers.
func RingsForEver() Person { return Person{Answers: Never} }

// Refuses turns the call down after a time, with a SIP code.
func Refuses(after time.Duration, code int) Person {
	return Person{Rings: Never, Answers: after, Code: code}
}

// Busy is 486 at once.
func Busy() Person { return Refuses(0, 486) }

// Declines rings, then 603.
func Declines(after time.Duration) Person { return Person{Answers: after, Code: 603} }

// TryingOnly sends 100 and nothing else.
func TryingOnly() Person { return Person{Rings: Never, Answers: Never} }

// Gone does not send anything at all.
func Gone() Person { return Person{Rings: Never, Answers: Never, Silent: true} }

// AnsweringMachine picks up after a time, speaks 4 s, beeps and records 20 s.
func AnsweringMachine(after time.Duration) Person {
	return Person{Answers: after, Talk: 25 * time.Second, Machine: true}
}

// Nobody is what an unknown number does.
func Nobody() Person { return Refuses(0, 404) }

// causeOf is what a SIP code of the far end means.
func causeOf(code int) cti.Cause {
	switch code {
	case 486:
		return cti.UserBusy
	case 600, 603, 607, 608:
		return cti.CallRejected
	case 404, 604, 410:
		return cti.UnallocatedNumber
	case 484:
		return cti.InvalidNumber
	case 408, 480, 487:
		return cti.NoAnswer
	case 403:
		return cti.Blocked
	case 503:
		return cti.Congestion
	}
	return cti.NetworkOutOfOrder
}
