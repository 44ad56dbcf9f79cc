package callback

import (
	"fmt"
	"time"

	"ringback/internal/cti"
	"ringback/internal/id"
	"ringback/internal/letter"
)

// Companion is a link to the page of one call, for the agent who has it in hand on a telephone and no desk before her; or to
// the card of a missed visitor, for her business.
type Companion struct {
	TokenHash string
	Callback  id.Callback
	Agent     id.Agent // "" = the business's card
	CreatedAt time.Time
}

// CompanionTime is how long after the end of the call the link opens its page.
const CompanionTime = 12 * time.Hour

// Open says whether the link opens the page of its call, c.
func (l *Companion) Open(c *Callback, now time.Time) bool {
	return c.Live() || now.Before(c.EndedAt.Add(CompanionTime))
}

// Post is the way out of the house.
type Post interface {
	Sends(k letter.Kind) bool // it is set up
	Posted()                  // letters are in the outbox
}

// accompanied: an agent has taken the call on a telephone. Where she wants it, a link to its page goes to her, once an
// attempt. The letter says nothing of the visitor: it goes through other people's hands.
func (d *draft) accompanied(a *Attempt, l *Leg) {
	who := l.Agent
	if who == "" {
		who = a.Agent
	}
	ag, s := d.dir.Agents[who], d.dir.Subscribers[d.Subscriber]
	if d.link == nil || ag == nil || s == nil || l.Party != cti.Agent || l.Endpoint.Kind() == cti.Web || d.State == Ended {
		return
	}
	open := d.link(ag.Notify)
	if open == nil {
		return
	}
	d.companions = append(d.companions, Companion{id.TokenHash(open.token), d.ID, who, d.at})
	d.letters = append(d.letters, letter.Letter{
		ID: open.letter, Key: fmt.Sprintf("companion/%s/%d/%s", d.ID, a.N, who), Address: ag.Notify,
		Subject: s.Name + ": your call", Text: s.Name + ": your call. Its page, topic and notes: " + open.url + open.token,
		Subscriber: d.Subscriber, Callback: d.ID, CreatedAt: d.at, DueAt: d.at, LastAt: d.at.Add(CompanionTime),
	})
	d.note(ByRingback, "linked", "a link to the call's page goes to %s by %s", ag.Notify.Masked(), ag.Notify.Kind)
}

// opening is a new link, and the name of the letter that brings it.
type opening struct {
	letter     id.Letter
	url, token string
}

// link makes new links to pages of one kind, where letters leave by that way; nil = they do not.
func (c *Conductor) link(pages string) func(letter.Address) *opening {
	return func(to letter.Address) *opening {
		if c.Post == nil || to == (letter.Address{}) || !c.Post.Sends(to.Kind) {
			return nil
		}
		return &opening{c.Mint.Letter(), c.URL + pages, c.Mint.Token(id.LinkToken)}
	}
}
