// Package room is the thread of one visitor with one business: calls now, chat, files and screens on the same thread.
package room

import (
	"time"

	"ringback/internal/id"
	"ringback/internal/phone"
)

// Contact is a person a business knows. The same number at two businesses is two contacts.
type Contact struct {
	ID         id.Contact
	Subscriber id.Subscriber
	Number     phone.Number
	Name       string
	CreatedAt  time.Time
	LastAt     time.Time
}

// Interaction is one thread. It is used again for the same contact within Reuse of its last item.
type Interaction struct {
	ID         id.Interaction
	Subscriber id.Subscriber
	Contact    id.Contact
	OpenedAt   time.Time
	LastAt     time.Time
}

// Reuse is how long a thread stays open after its last item.
const Reuse = 24 * time.Hour
