package subscriber

import (
	"fmt"
	"time"

	"ringback/internal/letter"
)

// Notify is where a business hears of who was not served. The zero Notify is nowhere.
type Notify struct {
	Mail   string `json:"mail,omitempty"`
	SMS    string `json:"sms,omitempty"`    // a mobile's number in E.164
	Missed bool   `json:"missed,omitempty"` // a card for each visitor whom nobody has talked with
	Digest string `json:"digest,omitempty"` // 18:00, by the business's clock: a mail of the day at that time; "" = none
}

// Addresses are where cards go.
func (n Notify) Addresses() (all []letter.Address) {
	if n.Mail != "" {
		all = append(all, letter.Address{Kind: letter.Mail, To: n.Mail})
	}
	if n.SMS != "" {
		all = append(all, letter.Address{Kind: letter.SMS, To: n.SMS})
	}
	return all
}

// Check says what is wrong, and with which key; "" = nothing.
func (n Notify) Check() (key, why string) {
	if n.Mail != "" {
		if _, err := letter.ParseAddress(letter.Mail, n.Mail); err != nil {
			return "mail", err.Error()
		}
	}
	if n.SMS != "" {
		if at, err := letter.ParseAddress(letter.SMS, n.SMS); err != nil {
			return "sms", err.Error()
		} else if at.To != n.SMS {
			return "sms", fmt.Sprintf("write the number as %s", at.To)
		}
	}
	switch {
	case n.Missed && n.Mail == "" && n.SMS == "":
		return "missed", "a card needs somewhere to go: mail or sms"
	case n.Digest != "" && n.Mail == "":
		return "digest", "the mail of the day needs an address: mail"
	case n.Digest != "":
		if _, err := time.Parse("15:04", n.Digest); err != nil {
			return "digest", "a time of the day, such as 18:00"
		}
	}
	return "", ""
}

// DigestAt is the instant of a day's mail, by the business's clock; false = there is none.
func (s *Subscriber) DigestAt(day time.Time) (time.Time, bool) {
	at, err := time.Parse("15:04", s.Notify.Digest)
	if err != nil || s.Notify.Mail == "" {
		return time.Time{}, false
	}
	y, m, d := day.In(s.Location()).Date()
	return time.Date(y, m, d, at.Hour(), at.Minute(), 0, 0, s.Location()), true
}
