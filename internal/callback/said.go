package callback

import (
	"net/url"
	"slices"
	"time"

	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/speech"
	"ringback/internal/subscriber"
)

// sentence is what a person hears before her line is closed, or while she waits on: nobody is ended without a word. ""
// is the farewell after a talk.
func (d *draft) sentence(e Effect, in *Input) speech.Sentence {
	if e == HangUpAgent {
		return d.agentHears(in)
	}
	if in.Reason == ReasonTransferFailed {
		return speech.VisitorSorry
	}
	switch in.Event {
	case StillWaits:
		return speech.VisitorWaiting
	case CallbackOffered:
		return speech.CallerNobody
	case PutOff:
		if d.Inbound {
			return speech.CallerBooked
		}
	case AgentMissed, AgentGone, TransferReturn, VisitorAlone:
		return speech.VisitorNext
	case NeverAgain:
		return speech.VisitorNever
	case WrongNumber:
		return speech.VisitorWrong
	case MessageLeft:
		return speech.VisitorMessage
	case Lost:
		return speech.VisitorFailed
	}
	switch {
	case d.Outcome == Completed:
		return ""
	case in.Reason == ReasonPutOff:
		return speech.VisitorLater
	case in.Event == Withdrawn && in.Reason == ReasonPolicy:
		return speech.CallerRefused
	case in.Reason == ReasonHalted:
		return speech.VisitorSorry
	case in.Event == Withdrawn, in.Event == Forbidden:
		return speech.VisitorCancelled
	case d.State != Ended:
		return speech.VisitorLater
	}
	return speech.VisitorSorry
}

func (d *draft) agentHears(in *Input) speech.Sentence {
	switch in.Event {
	case MessageLeft:
		return speech.AgentMessage
	case Lost:
		return speech.AgentFailed
	case VisitorMissed:
		return missedSentence(in.Result, d.State != Ended)
	}
	if d.Outcome == Completed {
		return ""
	}
	return speech.AgentGone
}

// missedSentence tells an agent why the visitor did not come on, and only what is true about another try.
func missedSentence(r Result, again bool) speech.Sentence {
	switch r {
	case ResultVisitorDeclined:
		return speech.AgentDeclined
	case ResultMachine:
		return speech.AgentMachine
	case ResultVisitorNoAnswer, ResultNotConfirmed:
		if again {
			return speech.AgentNoAnswer
		}
		return speech.AgentUnreached
	case ResultVisitorBusy:
		if again {
			return speech.AgentBusy
		}
		return speech.AgentUnreached
	}
	return speech.AgentFailed
}

// mouth says sentences to one person: in her language, with the business's name where it can be said.
type mouth struct {
	speaker speech.Speaker
	lang    speech.Lang
	words   speech.Words
	own     subscriber.Prompts
}

// toVisitor speaks the visitor's language, else the business's.
func toVisitor(sp speech.Speaker, c *Callback, dir *directory.Directory) mouth {
	m := mouth{speaker: sp, lang: speech.Language(c.Language)}
	if s := dir.Subscribers[c.Subscriber]; s != nil {
		m.lang, m.own = speech.Language(c.Language, s.Language), s.Prompts
		m.words = speech.Words{Name: s.Name, Spoken: s.Prompts.SpokenName, Site: site(c, dir)}
	}
	return m
}

// toAgent speaks the first language of who represents the business, else the business's; never the visitor's.
func toAgent(sp speech.Speaker, c *Callback, rep id.Representation, dir *directory.Directory) mouth {
	m := toVisitor(sp, c, dir)
	var wanted []string
	if r := dir.Representations[rep]; r != nil {
		wanted = append(wanted, r.Languages...)
	}
	if s := dir.Subscribers[c.Subscriber]; s != nil {
		wanted = append(wanted, s.Language)
	}
	m.lang = speech.Language(wanted...)
	return m
}

// site is the host of the visitor's page where the button lists it: any other is only the visitor's word, and a
// stranger who is rung must not be told whatever somebody wrote there.
func site(c *Callback, dir *directory.Directory) string {
	b := dir.Buttons[c.Button]
	u, err := url.Parse(c.Page)
	if b == nil || err != nil || !slices.Contains(b.Origins, u.Scheme+"://"+u.Host) {
		return ""
	}
	return u.Hostname()
}

// sounds stand in where no recording can be played.
var sounds = map[speech.Sentence]cti.Sound{
	"": cti.SoundBye, speech.AgentOffer: cti.SoundAsk, speech.VisitorOffer: cti.SoundAsk, speech.VisitorCheck: cti.SoundAsk,
	speech.VisitorChoice: cti.SoundAsk, speech.AgentCalling: cti.SoundSoft, speech.AgentStillRinging: cti.SoundSoft,
	speech.VisitorThanks: cti.SoundThanks, speech.VisitorStay: cti.SoundThanks, speech.VisitorNext: cti.SoundMoment,
	speech.VisitorWaiting: cti.SoundMoment, speech.CallerWelcome: cti.SoundThanks, speech.CallerNobody: cti.SoundAsk, speech.CallerOffer: cti.SoundAsk,
	speech.CallerBooked: cti.SoundThanks, speech.AgentFollowUp: cti.SoundAsk, speech.AgentBooked: cti.SoundThanks, speech.Taken: cti.SoundTaken,
}

// says is how a sentence is played: by the business's own recording where that says the same.
func (m mouth) says(s speech.Sentence) cti.Prompt {
	p := cti.Prompt{Sound: cti.SoundSorry}
	if sound, ok := sounds[s]; ok {
		p.Sound = sound
	}
	switch {
	case s == "":
	case s == speech.VisitorOffer && m.own.Announcement != "":
		p.Clips = append([]cti.Clip{speech.File(m.own.Announcement)}, m.speaker.Say(m.lang, speech.VisitorKeys, m.words)...)
	case s == speech.VisitorMessage && m.own.Announcement != "":
		p.Clips = []cti.Clip{speech.File(m.own.Announcement)}
	case s == speech.CallerClosed && m.own.Closed != "":
		p.Clips = []cti.Clip{speech.File(m.own.Closed)}
	case s == speech.VisitorWaiting && m.own.Wait != "":
		p.Clips = []cti.Clip{speech.File(m.own.Wait)}
	case s == speech.VisitorSorry && m.own.Sorry != "":
		p.Clips = []cti.Clip{speech.File(m.own.Sorry)}
	default:
		p.Clips = m.speaker.Say(m.lang, s, m.words)
	}
	if s == speech.AgentFollowUp && len(p.Clips) > 0 { // twice: she needs some seconds to make up her mind
		p.Clips = slices.Concat(p.Clips, []cti.Clip{"sound/" + cti.Clip(cti.SoundMoment)}, p.Clips)
	}
	return p
}

// Times of who waits on the line.
const (
	// ChoiceAfter a visitor on the line is offered to wait on or to be called first thing.
	ChoiceAfter = 20 * time.Second
	// stillRinging is said to an agent who has heard the visitor's telephone ring for so long.
	stillRinging = 15 * time.Second
)

// waits is what a visitor hears while an agent is sought for her. The choice comes when she has waited long enough in
// all, however many agents have let it ring; it is not offered with the last try.
func (m mouth) waits(first speech.Sentence, waited time.Duration, choice bool) cti.Program {
	p := cti.Program{First: m.says(first), Then: cti.SoundRingback}
	waiting, at := m.says(speech.VisitorWaiting), max(ChoiceAfter-waited, 5*time.Second)
	if at > 12*time.Second {
		p.Notes = append(p.Notes, cti.Note{After: at / 2, Say: waiting})
	}
	if choice {
		p.Notes = append(p.Notes, cti.Note{After: at, Say: m.says(speech.VisitorChoice)})
	}
	p.Notes = append(p.Notes, cti.Note{After: at + cti.NoteGap, Say: waiting})
	return p
}

// caller is what somebody who has called hears: in line, or asked whether she is to be called.
func (m mouth) caller(c *Callback, first speech.Sentence, waited time.Duration) cti.Program {
	soft := []cti.Clip{"sound/" + cti.Clip(cti.SoundSoft)} // the first moment after an answer is lost on the way to the ear
	if !c.offering() {
		p := m.waits(first, waited, c.mayPutOff())
		if first == speech.CallerWelcome {
			p.First.Clips = slices.Concat(soft, p.First.Clips)
		}
		return p
	}
	say := m.says(speech.CallerNobody)
	if c.Reason == ReasonCalledClosed {
		say = m.says(speech.CallerClosed)
	}
	say.Sound, say.Clips = cti.SoundAsk, slices.Concat(soft, say.Clips, m.says(speech.CallerOffer).Clips)
	return cti.Program{First: say, Then: cti.SoundWait, Notes: []cti.Note{{After: 14 * time.Second, Say: m.says(speech.CallerOffer)}}}
}

// mayPutOff says whether the visitor can be called another time.
func (c *Callback) mayPutOff() bool { return c.Tried() < c.Tries }

// said is the prompt of an act; who is lost hears none.
func (c *Conductor) said(cb *Callback, a Act) cti.Prompt {
	if a.Cause == cti.MediaLost {
		return cti.Prompt{}
	}
	dir := c.Directory()
	if a.Effect == HangUpAgent {
		at, l := cb.Leg(a.Leg)
		if at == nil {
			at, l = &Attempt{}, &Leg{}
		}
		return toAgent(c.Speaker, cb, repOf(cb, at, l, dir), dir).says(a.Say)
	}
	return toVisitor(c.Speaker, cb, dir).says(a.Say)
}

// hold is what the visitor on the line hears from now on.
func (c *Conductor) hold(cb *Callback, a Act) cti.Program {
	waited := time.Duration(0)
	if _, l := cb.Leg(a.Leg); l != nil && !l.ConfirmedAt.IsZero() {
		waited = c.Now().Sub(l.ConfirmedAt)
	}
	if cb.OnLine() && cb.State == Queued {
		return toVisitor(c.Speaker, cb, c.Directory()).caller(cb, a.Say, waited)
	}
	return toVisitor(c.Speaker, cb, c.Directory()).waits(a.Say, waited, cb.State != Connected && cb.mayPutOff())
}
