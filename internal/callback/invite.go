package callback

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/letter"
	"ringback/internal/schedule"
	"ringback/internal/subscriber"
	"ringback/internal/words"
)

// MailField is the name of a button's own question for a mail address: who answers it is written to about her call.
const MailField = "email"

// ReminderBefore is how long before a promised call its visitor is reminded, if she asked for it twice as long before.
const ReminderBefore = time.Hour

// perMailbox is how many requests in a day may name one mail address: nobody's is filled by others.
const perMailbox = 5

// mailOf is where a visitor is written to; the zero one where her button does not ask for an address, or she gave none.
func mailOf(fields map[string]string, b *subscriber.Button) letter.Address {
	if b == nil || !slices.ContainsFunc(b.Fields, func(f subscriber.Field) bool { return f.Name == MailField }) {
		return letter.Address{}
	}
	to, err := letter.ParseAddress(letter.Mail, strings.TrimSpace(fields[MailField]))
	if err != nil {
		return letter.Address{}
	}
	return to
}

// checkMail refuses an address that cannot be one.
func (r *Request) checkMail(b *subscriber.Button) error {
	if r.After == nil && strings.TrimSpace(r.Fields[MailField]) != "" && mailOf(map[string]string{MailField: "name@example.com"}, b).To != "" && mailOf(r.Fields, b).To == "" {
		return fault.At("fields."+MailField, fault.FieldRequired, "Write your mail address as name@example.com.")
	}
	return nil
}

// mailbox counts how often an address was named.
func (c *Conductor) mailbox(to letter.Address) []Velocity {
	if to.To == "" || c.Post == nil || !c.Post.Sends(letter.Mail) {
		return nil
	}
	return []Velocity{{Key: "mailbox:" + c.hash("mailbox", strings.ToLower(to.To)), N: perMailbox, Per: 24 * time.Hour, Code: fault.LimitVisitor,
		Say: "This mail address was given too often today. Leave it out, or try again tomorrow."}}
}

// promisedAt is what of a callback was promised before a step.
type promisedAt struct {
	is   bool
	live bool
	due  time.Time
}

func promiseOf(c *Callback) promisedAt { return promisedAt{c.Promised(), c.Live(), c.DueAt} }

// correspond writes to a visitor who left her address what this step means to her: a time is promised, moved or taken back, with
// an entry for her calendar and a reminder; or her call has ended otherwise than by a talk. page is that of the callback, where its
// address is known, version that after the step.
func (c *Conductor) correspond(was promisedAt, d *draft, page string, version int64) {
	b, s := d.dir.Buttons[d.Button], d.dir.Subscribers[d.Subscriber]
	to := mailOf(d.Fields, b)
	if to.To == "" || s == nil || c.Post == nil || !c.Post.Sends(letter.Mail) {
		return
	}
	p := &pen{c: c, d: d, s: s, in: c.Words.Choose(d.Language, s.Language), to: to, page: page, version: version}
	switch {
	case d.Promised() && (!was.is || !was.due.Equal(d.DueAt)):
		p.promises()
	case was.is && d.State == Ended:
		p.recalls(was.due)
	case was.live && d.State == Ended && d.Outcome != Completed && d.Outcome != Cancelled:
		p.apologises()
	}
}

// pen writes one callback's letters.
type pen struct {
	c       *Conductor
	d       *draft
	s       *subscriber.Subscriber
	in      *words.Language
	to      letter.Address
	page    string
	version int64 // of the callback after this step
}

func (p *pen) promises() {
	e := p.entry(schedule.Invite)
	zone := p.s.Location()
	if loc, err := schedule.Zone(p.d.Zone); err == nil {
		zone = loc
	}
	at := p.in.Moment(p.d.DueAt, zone)
	subject, text := p.in.Say("%s calls you: %s", p.s.Name, at), p.in.Say("We will call you on %s.", at)+"\n"+e.Description
	p.writes(letter.Letter{Key: fmt.Sprintf("promise/%s/%d", p.d.ID, p.version), Subject: subject, Text: text, LastAt: p.d.DueAt}, &e)
	if p.d.DueAt.Sub(p.d.at) >= 2*ReminderBefore {
		p.writes(letter.Letter{Key: ReminderKey(p.d.ID, p.d.DueAt), Subject: subject, Text: text, DueAt: p.d.DueAt.Add(-ReminderBefore), LastAt: p.d.DueAt}, nil)
	}
}

func (p *pen) recalls(due time.Time) {
	e := p.entry(schedule.Recall)
	e.At = due
	p.writes(letter.Letter{Key: fmt.Sprintf("recall/%s", p.d.ID), Subject: p.in.Say("%s: your call", p.s.Name), Text: p.howItEnded()}, &e)
}

func (p *pen) apologises() {
	p.writes(letter.Letter{Key: fmt.Sprintf("end/%s", p.d.ID), Subject: p.in.Say("%s: your call", p.s.Name), Text: p.howItEnded()}, nil)
}

// howItEnded tells why, and where she can ask again: not who wants never to be called.
func (p *pen) howItEnded() string {
	text := p.in.Say(words.Key(p.d.Reason.Words().Visitor))
	if slices.Contains(never, p.d.Reason) {
		return text
	}
	return text + "\n" + p.in.Say("Ask for another call: %s", p.c.URL+"/b/"+string(p.d.Button))
}

func (p *pen) entry(m schedule.Method) schedule.Entry {
	e := p.d.Entry(p.s, p.in, p.c.URL, p.page, p.d.at)
	e.Method, e.Sequence, e.Attendee, e.Organizer = m, p.version, p.to.To, p.c.From
	return e
}

func (p *pen) writes(l letter.Letter, e *schedule.Entry) {
	l.ID, l.Address, l.Subscriber, l.Callback, l.CreatedAt = p.c.Mint.Letter(), p.to, p.d.Subscriber, p.d.ID, p.d.at
	if l.DueAt.IsZero() {
		l.DueAt = p.d.at
	}
	if e != nil {
		l.Files = []letter.File{{Name: "call.ics", Type: e.EntryType(), Data: e.File()}}
	}
	p.d.letters = append(p.d.letters, l)
}

const reminder = "remind/"

// ReminderKey names the reminder of a callback that is promised for a time.
func ReminderKey(cb id.Callback, due time.Time) string {
	return fmt.Sprintf("%s%s/%d", reminder, cb, due.Unix())
}

// IsReminder says whether a letter is the reminder of a promised call.
func IsReminder(l *letter.Letter) bool { return strings.HasPrefix(l.Key, reminder) }

// Superseded says whether a reminder is of a promise that is none any more: c was moved, or is over.
func Superseded(l *letter.Letter, c *Callback) bool {
	return !c.Promised() || l.Key != ReminderKey(c.ID, c.DueAt)
}
