// Package micro is the form in which values are kept: times in whole microseconds of UTC, 0 = none, and text that
// every database takes. What a store hands out is what it would read back after a restart.
package micro

import (
	"strings"
	"time"

	"ringback/internal/callback"
	"ringback/internal/letter"
)

// Of returns t in microseconds since 1970; 0 for the zero time.
func Of(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Time is the reverse of Of.
func Time(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// Round returns t as it will be read back.
func Round(t time.Time) time.Time { return Time(Of(t)) }

// Text returns s without what PostgreSQL does not take: zero bytes and broken UTF-8.
func Text(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
}

// Callback brings c into the kept form, in place, with its attempts and legs.
func Callback(c *callback.Callback) {
	for _, t := range []*time.Time{&c.ArrivedAt, &c.DueAt, &c.CreatedAt, &c.EndedAt, &c.JoinedAt, &c.FrontAt, &c.WantedUntil} {
		*t = Round(*t)
	}
	for _, s := range []*string{&c.Name, &c.Topic, &c.Page, &c.Language, &c.When, &c.Wall, &c.Zone} {
		*s = Text(*s)
	}
	c.TalkTime, c.MaxTalk = c.TalkTime.Truncate(time.Microsecond), c.MaxTalk.Truncate(time.Microsecond)
	for i := range c.Attempts {
		a := &c.Attempts[i]
		a.StartedAt, a.EndedAt = Round(a.StartedAt), Round(a.EndedAt)
		for j := range a.Legs {
			leg(&a.Legs[j])
		}
	}
}

func leg(l *callback.Leg) {
	for _, t := range []*time.Time{&l.CreatedAt, &l.SentAt, &l.RingingAt, &l.AnsweredAt, &l.ConfirmedAt, &l.BridgedAt, &l.EndedAt} {
		*t = Round(*t)
	}
	l.CallID = Text(l.CallID)
}

// Letter brings a letter into the kept form. One without a key is no other's repetition.
func Letter(l letter.Letter) letter.Letter {
	for _, t := range []*time.Time{&l.CreatedAt, &l.DueAt, &l.LastAt, &l.BegunAt, &l.SentAt, &l.GivenUpAt} {
		*t = Round(*t)
	}
	for _, s := range []*string{&l.To, &l.Subject, &l.Text, &l.Trouble} {
		*s = Text(*s)
	}
	if l.Key == "" {
		l.Key = string(l.ID)
	}
	l.Shown = l.Masked()
	return l
}

// Lines numbers journal lines from after on and brings them into the kept form, in place.
func Lines(lines []callback.Line, after int64) {
	for i := range lines {
		l := &lines[i]
		l.Seq, l.At, l.Detail = after+int64(i)+1, Round(l.At), Text(l.Detail)
	}
}

// Move brings a move's status into the kept form.
func Move(m callback.Move) callback.Move {
	s := &m.Status
	s.Since, s.Until, s.IdleFrom = Round(s.Since), Round(s.Until), Round(s.IdleFrom)
	s.Reason, s.Talked = Text(s.Reason), s.Talked.Truncate(time.Microsecond)
	return m
}
