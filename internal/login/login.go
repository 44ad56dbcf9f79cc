// Package login is who is asking: keys of the API and what they may do.
package login

import (
	"time"

	"ringback/internal/id"
)

// Role is what a key may do.
type Role string

const (
	Operator   Role = "operator"   // everything
	Subscriber Role = "subscriber" // one business
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

// Principal is who asks: the key, narrowed to what it may see.
type Principal struct {
	Key  id.Key
	Role Role
	Sees id.Subscriber // "" = all businesses
}

// Principal of the key's holder.
func (k *Key) Principal() Principal { return Principal{Key: k.ID, Role: k.Role, Sees: k.Subscriber} }
