// Package letter is a message that leaves the house by mail or SMS: what it says, when it is tried again, when it is given
// up. Package notify sends it; what a letter is about is said by whoever writes one.
package letter

import (
	"context"
	"net/url"
	"strings"
	"time"

	"ringback/internal/id"
	"ringback/internal/phone"
)

// Kind is the way by which a letter leaves.
type Kind string

// The kinds.
const (
	Mail Kind = "mail"
	SMS  Kind = "sms"
	Hook Kind = "hook" // a signed request to a program of the operator's
)

// Address is where letters to a person go. The zero one is nowhere.
type Address struct {
	Kind Kind   `json:"kind"`
	To   string `json:"to"` // name@example.com, a number in E.164, or a URL
}

// Masked is the address as it may be shown.
func (a Address) Masked() string {
	if a.Kind == SMS {
		return phone.Number(a.To).Mask()
	}
	if u, err := url.Parse(a.To); a.Kind == Hook && err == nil {
		return u.Host
	}
	name, host, ok := strings.Cut(a.To, "@")
	if !ok || name == "" {
		return "•••"
	}
	return string([]rune(name)[:1]) + "•••@" + host
}

// Letter is one message to one person. It waits in the outbox until it is sent or given up; from then on only that it was,
// and to whom, masked, is kept of it.
type Letter struct {
	ID  id.Letter
	Key string // two letters with one key are the same letter: the second is never written
	Address
	Subject string // of a mail
	Text    string
	Files   []File // of a mail

	Subscriber id.Subscriber // whose business it is about; "" = the operator's own
	Callback   id.Callback   // "" = of none

	CreatedAt time.Time
	DueAt     time.Time // when it is tried next
	LastAt    time.Time // after that it is of no use to anybody; zero = Patience after CreatedAt

	Tries     int
	BegunAt   time.Time // first tried
	SentAt    time.Time // taken by the mail server or the gateway
	GivenUpAt time.Time
	Trouble   string // of the last try, or why it was given up; holds nothing of what the letter says
	Shown     string // the address masked; all that is left of it afterwards
}

// File is attached to a mail.
type File struct {
	Name string `json:"name"`
	Type string `json:"type"` // text/calendar
	Data []byte `json:"data"`
}

// Done says whether nothing more happens to it.
func (l *Letter) Done() bool { return !l.SentAt.IsZero() || !l.GivenUpAt.IsZero() }

// Ends is when it is given up.
func (l *Letter) Ends() time.Time {
	if l.LastAt.IsZero() {
		return l.CreatedAt.Add(Patience)
	}
	return l.LastAt
}

// Outbox keeps letters until they have left. A method that returns nil has its effect on disk.
type Outbox interface {
	// PutLetters writes letters. One whose key is known is left out.
	PutLetters(ctx context.Context, all ...Letter) error
	// TakeLetters returns letters that are due, at most limit, with this try counted; nobody else is given them before until.
	// A process that dies with one has lost nothing: it is due again then.
	TakeLetters(ctx context.Context, now, until time.Time, limit int) ([]Letter, error)
	// SettleLetter writes what came of a try: SentAt, GivenUpAt or DueAt, and Trouble. What is done loses its text and its
	// address.
	SettleLetter(ctx context.Context, l Letter) error
	// LettersOf lists the letters about a callback, oldest first, without text and address.
	LettersOf(ctx context.Context, cb id.Callback) ([]Letter, error)
	// LettersSent counts letters of a business by kind that were tried since and not given up before they left.
	LettersSent(ctx context.Context, sub id.Subscriber, k Kind, since time.Time) (int, error)
	// LettersGivenUp lists the newest that were given up since, at most limit, without text and address.
	LettersGivenUp(ctx context.Context, since time.Time, limit int) ([]Letter, error)
}
