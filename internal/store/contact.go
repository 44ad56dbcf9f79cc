package store

import (
	"time"

	"ringback/internal/callback"
	"ringback/internal/id"
	"ringback/internal/room"
	"ringback/internal/store/micro"
)

// meet finds the contact and the thread that a new callback belongs to, or writes them, and puts their ids into c. A
// person without a number (a sip: address) is a new contact each time.
func meet(t *tx, n callback.New, c *callback.Callback) error {
	contact, err := knownContact(t, n.Contact, c)
	if err != nil {
		return err
	}
	if contact == "" {
		if contact, err = newContact(t, n.Contact, c); err != nil {
			return err
		}
	}
	c.Contact = contact
	c.Interaction, err = thread(t, n.Interaction, c)
	return err
}

// knownContact returns the contact of this number at this business, after noting the visit; "" when there is none.
func knownContact(t *tx, wanted room.Contact, c *callback.Callback) (id.Contact, error) {
	if wanted.Number == "" {
		return "", nil
	}
	var known id.Contact
	found, err := one(t, "SELECT id FROM contacts WHERE subscriber_id = $1 AND number = $2 AND number <> ''",
		[]any{string(c.Subscriber), string(wanted.Number)}, &known)
	if err != nil || !found {
		return "", err
	}
	_, err = t.exec(`UPDATE contacts SET last_at = $3, name = CASE WHEN $4 = '' THEN name ELSE $4 END WHERE subscriber_id = $1 AND id = $2`,
		string(c.Subscriber), string(known), micro.Of(c.CreatedAt), micro.Text(wanted.Name))
	return known, err
}

func newContact(t *tx, n room.Contact, c *callback.Callback) (id.Contact, error) {
	if n.ID == "" {
		n.ID = t.c.db.o.Mint.Contact()
	}
	_, err := t.exec("INSERT INTO contacts (subscriber_id, id, number, name, created_at, last_at) VALUES ($1, $2, $3, $4, $5, $6)",
		string(c.Subscriber), string(n.ID), string(n.Number), micro.Text(n.Name), micro.Of(c.CreatedAt), micro.Of(c.CreatedAt))
	if err != nil && troubleOf(err) == unique && about(err, "contacts.number", "contacts_number") {
		return "", errInTheWay // another batch met the same person just now
	}
	return n.ID, err
}

// thread returns the interaction to go on with, or a new one.
func thread(t *tx, n room.Interaction, c *callback.Callback) (id.Interaction, error) {
	var known id.Interaction
	var last int64
	found, err := one(t, "SELECT id, last_at FROM interactions WHERE subscriber_id = $1 AND contact_id = $2 ORDER BY last_at DESC LIMIT 1",
		[]any{string(c.Subscriber), string(c.Contact)}, &known, &last)
	switch {
	case err != nil:
		return "", err
	case found && c.CreatedAt.Sub(micro.Time(last)) < room.Reuse:
		return known, touch(t, c.Subscriber, known, c.CreatedAt)
	}
	if n.ID == "" {
		n.ID = t.c.db.o.Mint.Interaction()
	}
	_, err = t.exec("INSERT INTO interactions (subscriber_id, id, contact_id, opened_at, last_at) VALUES ($1, $2, $3, $4, $5)",
		string(c.Subscriber), string(n.ID), string(c.Contact), micro.Of(c.CreatedAt), micro.Of(c.CreatedAt))
	return n.ID, err
}

// touch moves the end of a thread on, never back.
func touch(t *tx, sub id.Subscriber, thread id.Interaction, at time.Time) error {
	_, err := t.exec("UPDATE interactions SET last_at = $3 WHERE subscriber_id = $1 AND id = $2 AND last_at < $3",
		string(sub), string(thread), micro.Of(at))
	return err
}

// closeItem notes the end of a callback as its thread's last item.
func closeItem(t *tx, c *callback.Callback) error {
	if c.EndedAt.IsZero() {
		return nil
	}
	return touch(t, c.Subscriber, c.Interaction, c.EndedAt)
}
