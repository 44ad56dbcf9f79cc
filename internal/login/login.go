// Package login is who is asking: keys of the API, agents who have signed in, and what they may do.
package login

import (
	"slices"
	"time"

	"ringback/internal/id"
)

// Role is what somebody who asks may do.
type Role string

const (
	Operator   Role = "operator"   // everything
	Subscriber Role = "subscriber" // one business
	Agent      Role = "agent"      // a person who answers: the businesses that she represents, and of them her calls
	Supervisor Role = "supervisor" // an agent who may also watch those who answer for the same businesses
)

// Key opens the API. Its secret is stored only as a hash.
type Key struct {
	ID         id.Key
	Slug       string
	Role       Role
	Subscriber id.Subscriber // with role subscriber
	SecretHash string
	CreatedAt  time.Time
}

// Principal is who asks: the key, the agent or the user, narrowed to what may be seen.
type Principal struct {
	Role Role

	Key  id.Key        // "" = a person
	User id.User       // "" = a key or an agent
	Sees id.Subscriber // of a key: the business it is for, "" = all. Of a user: the one she asks about. Of an agent: Nobody

	Agent      id.Agent        // "" = a key or a user
	Represents []id.Subscriber // of an agent, at this moment
}

// Nobody is a business that does not exist. Who may see only what it has sees nothing: a forgotten check shows nothing
// instead of everything.
const Nobody id.Subscriber = "sub_nobody"

// Principal of the key's holder.
func (k *Key) Principal() Principal { return Principal{Key: k.ID, Role: k.Role, Sees: k.Subscriber} }

// Who names the one who asks, in records: a key's id, an agent's or a user's.
func (p *Principal) Who() string {
	if p.Agent != "" {
		return string(p.Agent)
	}
	if p.User != "" {
		return string(p.User)
	}
	return string(p.Key)
}

// Serves says whether an agent may see a business at all: while she represents it.
func (p *Principal) Serves(s id.Subscriber) bool {
	return p.Agent != "" && slices.Contains(p.Represents, s)
}

// Watches says whether who asks may see what other agents do for a business.
func (p *Principal) Watches(s id.Subscriber) bool {
	if p.Agent != "" {
		return p.Role == Supervisor && p.Serves(s)
	}
	return p.Sees == "" || p.Sees == s
}
