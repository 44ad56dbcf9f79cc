// Package speech is what the service says on the telephone: whole sentences in several languages, recorded once and
// built in, or read aloud by a synthesiser of the operator's.
//
// A sentence is never glued together from words. Where a business's name belongs into it, each language says where, and
// what stands before and behind the name is a recording of its own.
package speech

import "strings"

// Sentence is something that is said. Every language has all of them.
type Sentence string

// To who answers for the business.
const (
	AgentOffer        Sentence = "agent_offer"         // the question: 1, 2 or 3
	AgentGoodbye      Sentence = "agent_goodbye"       // no key came
	AgentLater        Sentence = "agent_later"         // key 2
	AgentPassed       Sentence = "agent_passed"        // key 3
	AgentCalling      Sentence = "agent_calling"       // key 1: the visitor's telephone rings now
	AgentStillRinging Sentence = "agent_still_ringing" // after 15 s of it
	AgentNoAnswer     Sentence = "agent_no_answer"
	AgentBusy         Sentence = "agent_busy"
	AgentDeclined     Sentence = "agent_declined"
	AgentMachine      Sentence = "agent_machine"
	AgentGone         Sentence = "agent_gone"      // the visitor left or cancelled
	AgentUnreached    Sentence = "agent_unreached" // and no other try follows
	AgentFailed       Sentence = "agent_failed"    // the network, or a fault of ours
	AgentMessage      Sentence = "agent_message"   // the message is left, she is free
	AgentFollowUp     Sentence = "agent_follow_up" // the talk is over: 1 is another call in a day
	AgentBooked       Sentence = "agent_booked"    // key 1
	Taken             Sentence = "taken"           // somebody else has it
)

// To the visitor.
const (
	VisitorOffer     Sentence = "visitor_offer"     // rung first: who calls and why, 1 or a voice, 9 twice
	VisitorKeys      Sentence = "visitor_keys"      // behind the business's own announcement
	VisitorCheck     Sentence = "visitor_check"     // rung second and asked: 1, or 9 twice if it was somebody else
	VisitorGoodbye   Sentence = "visitor_goodbye"   // neither key nor voice came
	VisitorThanks    Sentence = "visitor_thanks"    // confirmed: the agent is called
	VisitorWaiting   Sentence = "visitor_waiting"   // every 15 s
	VisitorNext      Sentence = "visitor_next"      // another agent is asked
	VisitorChoice    Sentence = "visitor_choice"    // after 20 s: 1 wait, 2 later
	VisitorStay      Sentence = "visitor_stay"      // key 1
	VisitorLater     Sentence = "visitor_later"     // key 2, or no agent is left: the place is kept
	VisitorSorry     Sentence = "visitor_sorry"     // nobody took it and no try is left
	VisitorCancelled Sentence = "visitor_cancelled" // withdrawn while she is on the line
	VisitorNever     Sentence = "visitor_never"     // 9 twice at VisitorOffer
	VisitorWrong     Sentence = "visitor_wrong"     // 9 twice at VisitorCheck
	VisitorMessage   Sentence = "visitor_message"   // left on an answering machine
	VisitorFailed    Sentence = "visitor_failed"    // a fault of ours
)

// To who has called us.
const (
	CallerWelcome Sentence = "caller_welcome" // answered: somebody is sought
	CallerClosed  Sentence = "caller_closed"  // outside opening hours
	CallerOffer   Sentence = "caller_offer"   // 1: this number is called back
	CallerNobody  Sentence = "caller_nobody"  // nobody can talk now
	CallerBooked  Sentence = "caller_booked"  // key 1
	CallerRefused Sentence = "caller_refused" // key 1, and the number cannot be called
)

// To both, before they hear each other.
const TalkRecorded Sentence = "talk_recorded"

// To an owner who records prompts by telephone.
const (
	SetupHello        Sentence = "setup_hello" // what this is; press 1
	SetupHow          Sentence = "setup_how"   // after the tone, then any key
	SetupName         Sentence = "setup_name"
	SetupAnnouncement Sentence = "setup_announcement"
	SetupClosed       Sentence = "setup_closed"
	SetupHeard        Sentence = "setup_heard" // before the recording is played back
	SetupKeep         Sentence = "setup_keep"  // 1 keep, 2 again
	SetupShort        Sentence = "setup_short" // nothing was heard
	SetupDone         Sentence = "setup_done"
)

// To who dials from a registered telephone.
const PhoneEmergency Sentence = "phone_emergency" // an emergency number, which this line does not carry

// Sentences lists them all.
var Sentences = []Sentence{AgentOffer, AgentGoodbye, AgentLater, AgentPassed, AgentCalling, AgentStillRinging, AgentNoAnswer, AgentBusy,
	AgentDeclined, AgentMachine, AgentGone, AgentUnreached, AgentFailed, AgentMessage, AgentFollowUp, AgentBooked, Taken,
	VisitorOffer, VisitorKeys, VisitorCheck, VisitorGoodbye, VisitorThanks, VisitorWaiting, VisitorNext, VisitorChoice, VisitorStay,
	VisitorLater, VisitorSorry, VisitorCancelled, VisitorNever, VisitorWrong, VisitorMessage, VisitorFailed,
	CallerWelcome, CallerClosed, CallerOffer, CallerNobody, CallerBooked, CallerRefused, TalkRecorded,
	SetupHello, SetupHow, SetupName, SetupAnnouncement, SetupClosed, SetupHeard, SetupKeep, SetupShort, SetupDone, PhoneEmergency}

// phrase is one sentence in one language.
type phrase struct {
	plain string // without a name
	named string // with {name}, where the language wants it; "" = the sentence has none
	full  string // with {name} and {site}: only a synthesiser can say it; "" = as named
}

// Lang is a language that has all sentences.
type Lang string

// Languages lists them; the first is spoken when no other is known.
var Languages = []Lang{"en", "de", "fr", "es", "ar"}

// Language is the first of the wanted ones that is spoken here. de-AT is German.
func Language(wanted ...string) Lang {
	for _, w := range wanted {
		base, _, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(w, "_", "-")), "-")
		if l := Lang(base); l.table() != nil {
			return l
		}
	}
	return Languages[0]
}

// Speaks says whether a language such as de-AT is spoken here.
func Speaks(lang string) bool {
	base, _, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(lang, "_", "-")), "-")
	return Lang(base).table() != nil
}

// List names the languages, for people.
func List() string {
	all := make([]string, len(Languages))
	for i, l := range Languages {
		all[i] = string(l)
	}
	return strings.Join(all, ", ")
}

// table is the language's own page of sentences.
func (l Lang) table() map[Sentence]phrase {
	switch l {
	case "en":
		return english
	case "de":
		return german
	case "fr":
		return french
	case "es":
		return spanish
	case "ar":
		return arabic
	}
	return nil
}

// Words are what goes into a sentence.
type Words struct {
	Name   string // of the business
	Spoken string // WAV file of its name, "" = none
	Site   string // host of the page, "" = none
}

// Text is the sentence for a synthesiser, with as many of the words as there are.
func (l Lang) Text(s Sentence, w Words) string {
	p := l.table()[s]
	fill := strings.NewReplacer("{name}", w.Name, "{site}", w.Site)
	switch {
	case w.Name == "" || p.named == "":
		return p.plain
	case w.Site == "" || p.full == "":
		return fill.Replace(p.named)
	}
	return fill.Replace(p.full)
}

// Recordings are the texts that are recorded for a language, by clip: each sentence without a name, and for those with
// a name what stands before and behind it.
func (l Lang) Recordings() map[string]string {
	out := map[string]string{}
	for s, p := range l.table() {
		out[l.clip(s)] = p.plain
		for _, piece := range p.pieces() {
			if piece.text != "" {
				out[l.clip(s)+piece.suffix] = piece.text
			}
		}
	}
	return out
}

func (l Lang) clip(s Sentence) string { return string(l) + "/" + string(s) }

type piece struct{ suffix, text string }

// pieces are what stands before the name and behind it.
func (p phrase) pieces() [2]piece {
	before, behind, ok := strings.Cut(p.named, "{name}")
	if !ok {
		return [2]piece{}
	}
	behind = strings.TrimLeft(behind, " .,:،")
	if behind == p.plain { // the name goes before the whole sentence: that is recorded already
		return [2]piece{{"-before", strings.TrimSpace(before)}, {"", behind}}
	}
	return [2]piece{{"-before", strings.TrimSpace(before)}, {"-behind", behind}}
}
