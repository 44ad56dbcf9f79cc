package callback

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/schedule"
)

// Author is who wrote something about a callback.
type Author struct {
	Actor Actor
	Agent id.Agent // "" = nobody who has signed in
}

// Note is what somebody wrote about a callback.
type Note struct {
	ID   id.Note
	At   time.Time
	By   Author
	Text string
}

// Disposition is the one code that people gave a callback afterwards; a later one takes its place.
type Disposition struct {
	Code string
	Note string
	By   Author
	At   time.Time
}

// Remarks are all that people wrote about a callback, notes in the order they were written.
type Remarks struct {
	Disposition *Disposition
	Notes       []Note
}

// FollowUp is another call that somebody promises.
type FollowUp struct {
	When  schedule.When
	Agent id.Agent // who alone is asked for a while; "" = anyone
	Note  string
}

// Follow books another call to the visitor of a callback that is over, in the same matter.
func (c *Conductor) Follow(ctx context.Context, cb id.Callback, f FollowUp, by Author) (*Callback, error) {
	if err := notTooLong("note", f.Note); err != nil {
		return nil, err
	}
	was, err := c.store.Callback(ctx, "", cb)
	if err != nil {
		return nil, err
	}
	r := Request{Button: string(was.Button), Number: was.Number.E164(), Order: was.Order, When: f.When, Name: was.Name, Topic: was.Topic,
		Fields: was.Fields, Page: was.Page, Language: was.Language, Metadata: was.Metadata, Agent: string(f.Agent), follows: true,
		By: &login.Principal{Role: login.Subscriber, Sees: was.Subscriber, Agent: by.Agent}}
	if was.Number == "" {
		r.Endpoint = string(was.Endpoint)
	}
	m, err := c.Request(ctx, r)
	if fault.Is(err, fault.NumberBusy) {
		return nil, fault.New(fault.NumberBusy, "A call to this visitor is under way, or booked already. Book the next one when it is over.")
	}
	if err != nil || strings.TrimSpace(f.Note) == "" {
		return made(m), err
	}
	return c.AddNote(ctx, m.Callback.ID, f.Note, by)
}

func made(m *Made) *Callback {
	if m == nil {
		return nil
	}
	return m.Callback
}

// maxNote is the longest note, in characters.
const maxNote = 4000

// AddNote keeps a note, also after the end.
func (c *Conductor) AddNote(ctx context.Context, cb id.Callback, text string, by Author) (*Callback, error) {
	if text = strings.TrimSpace(text); text == "" {
		return nil, fault.At("text", fault.FieldRequired, "Write something.")
	}
	if err := notTooLong("text", text); err != nil {
		return nil, err
	}
	note := Note{ID: c.Mint.Note(), By: by, Text: text}
	return c.step(ctx, cb, func(d *draft) error {
		note.At = d.at
		d.remarks.Notes = append(d.remarks.Notes, note)
		d.note(by.Actor, "noted", "")
		return nil
	})
}

// Dispose gives a callback one of its business's codes; not before a telephone of ours has talked, rung or ended for it.
func (c *Conductor) Dispose(ctx context.Context, cb id.Callback, code, text string, by Author) (*Callback, error) {
	if err := notTooLong("note", text); err != nil {
		return nil, err
	}
	dir := c.Directory()
	return c.step(ctx, cb, func(d *draft) error {
		s := dir.Subscribers[d.Subscriber]
		if s == nil {
			return fault.New(fault.NotFound, "There is no such callback.")
		}
		if codes := s.Codes(); !slices.Contains(codes, code) {
			return fault.At("code", fault.WrongType, "%s knows the dispositions %s.", s.Name, strings.Join(codes, ", "))
		}
		if d.State == Scheduled || d.State == Queued {
			return fault.New(fault.TooLate, "Nobody has talked yet: there is nothing to say of it.")
		}
		d.remarks.Disposition = &Disposition{Code: code, Note: strings.TrimSpace(text), By: by, At: d.at}
		d.note(by.Actor, "disposed", "as %s", code)
		return nil
	})
}

func notTooLong(field, text string) error {
	if utf8.RuneCountInString(text) > maxNote {
		return fault.At(field, fault.TooLarge, "This is too long: at most %d characters.", maxNote)
	}
	return nil
}
