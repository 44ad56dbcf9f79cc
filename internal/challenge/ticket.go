package challenge

import (
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"ringback/internal/fault"
)

const (
	// MinAge is how old a form is at least when a person has filled it in.
	MinAge = 3 * time.Second
	// TicketLife is how long a form without script may stay open.
	TicketLife = 2 * time.Hour
)

// Ticket is what a form carries whose browser runs no script: that it was opened here, when, and for which button. It proves
// no work; who shows it is held to tighter limits.
func (s *Setter) Ticket(button, random string, now time.Time) string {
	head := strconv.FormatInt(now.Unix(), 10) + "." + Commit(random)[:24]
	return head + "." + hex.EncodeToString(sum(s.key, "ticket "+button+" "+head))
}

// ErrYoung is a ticket that will be good in a moment.
var ErrYoung = fault.New(fault.ProofInvalid, "That was quick: programs fill in forms that fast. Please look it over and send it again.")

// CheckTicket judges a ticket. Errors are faults for people; with ErrOld everything but the time is right.
func (s *Setter) CheckTicket(ticket, button string, now time.Time) (Used, error) {
	opened, rest, _ := strings.Cut(ticket, ".")
	random, signature, ok := strings.Cut(rest, ".")
	at, err := strconv.ParseInt(opened, 10, 64)
	if !ok || err != nil || len(ticket) > 200 || !s.signed("ticket "+button+" "+opened+"."+random, signature) {
		return Used{}, fault.New(fault.ProofInvalid, "This form was not opened here. Please send it again.")
	}
	used, age := Used{Key: "ticket:" + random, For: TicketLife}, now.Sub(time.Unix(at, 0))
	switch {
	case age > TicketLife:
		return used, ErrOld
	case age < MinAge:
		return used, ErrYoung
	}
	return used, nil
}
