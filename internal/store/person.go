package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"ringback/internal/consent"
	"ringback/internal/cti"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/phone"
	"ringback/internal/room"
	"ringback/internal/store/micro"
)

// Person is somebody by her telephone, as one business knows her, or all do.
type Person struct {
	Telephone  cti.Endpoint // tel:+… or sip:…
	NumberHash string
	Subscriber id.Subscriber // "" = all
}

// spellings are the texts under which the telephone stands in the database.
func (p Person) spellings() (endpoint, number string) {
	if n := p.Telephone.Number(); n != "" {
		return string(p.Telephone), n
	}
	return string(p.Telephone), string(p.Telephone)
}

// CallsOf are the callbacks that have to do with a person: her own, calls of hers, and those in which her telephone was rung as
// another's, the oldest first.
func (db *DB) CallsOf(ctx context.Context, p Person) (own, others []id.Callback, err error) {
	e, n := p.spellings()
	q := reader{ctx, db.read}
	own, err = callbackIDs(q, "SELECT id FROM callbacks WHERE (number_hash = $1 OR number = $2 OR endpoint = $3) AND ($4 = '' OR subscriber_id = $4) ORDER BY id",
		p.NumberHash, n, e, string(p.Subscriber))
	if err == nil {
		others, err = callbackIDs(q, `SELECT id FROM callbacks WHERE (destination = $1 OR id IN (SELECT callback_id FROM legs WHERE endpoint = $1))
			AND ($2 = '' OR subscriber_id = $2) ORDER BY id`, e, string(p.Subscriber))
	}
	if err != nil {
		return nil, nil, fmt.Errorf("calls of a person: %w", told(err))
	}
	return own, slices.DeleteFunc(others, func(cb id.Callback) bool { return slices.Contains(own, cb) }), nil
}

// TelephoneOf is the telephone with a hash, where the database still knows one; "" = it does not.
func (db *DB) TelephoneOf(ctx context.Context, numberHash string) (to cti.Endpoint, err error) {
	q := reader{ctx, db.read}
	found, err := one(q, "SELECT endpoint FROM callbacks WHERE number_hash = $1 AND endpoint <> '' LIMIT 1", []any{numberHash}, &to)
	if err != nil || found {
		return to, told(err)
	}
	err = eachConsent(q, func(e *consent.Entry) error {
		who, err := e.Who()
		if to = cti.Endpoint(who.Number); strings.HasPrefix(who.Number, "+") {
			to = "tel:" + to
		}
		return err
	}, "WHERE number_hash = $1", numberHash)
	return to, told(err)
}

func callbackIDs(q querier, statement string, args ...any) ([]id.Callback, error) {
	rows, err := q.query(statement, args...)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(scan scanner) (cb id.Callback, err error) {
		err = scan(&cb)
		return cb, err
	})
}

// ContactsOf are how the businesses know a person.
func (db *DB) ContactsOf(ctx context.Context, p Person) ([]room.Contact, error) {
	_, n := p.spellings()
	rows, err := reader{ctx, db.read}.query(`SELECT id, subscriber_id, number, name, created_at, last_at FROM contacts
		WHERE (number = $1 OR id IN (SELECT contact_id FROM callbacks WHERE number_hash = $2)) AND ($3 = '' OR subscriber_id = $3) ORDER BY id`,
		n, p.NumberHash, string(p.Subscriber))
	if err != nil {
		return nil, fmt.Errorf("contacts of a person: %w", told(err))
	}
	return collect(rows, func(scan scanner) (c room.Contact, err error) {
		var created, last int64
		err = scan(&c.ID, &c.Subscriber, (*string)(&c.Number), &c.Name, &created, &last)
		c.CreatedAt, c.LastAt = micro.Time(created), micro.Time(last)
		return c, err
	})
}

// Erased is what an erasure took away.
type Erased struct {
	Callbacks int `json:"callbacks"`
	Contacts  int `json:"contacts"`
	Consents  int `json:"consents"` // records that lost their personal part; the chain still proves itself
}

// ErasePerson takes away all that tells who somebody is, and leaves what happened: states, times, causes. Blocks stay, and the
// chain of consents. While a call of hers is under way it is fault.TooLate. Recordings are the caller's to delete before.
func (db *DB) ErasePerson(ctx context.Context, p Person, at time.Time) (sum Erased, err error) {
	const most = 8 // what was on its way to disk meanwhile is found by the next pass; a pass of its own proves that nothing is left
	for range most {
		own, others, err := db.CallsOf(ctx, p)
		if err != nil {
			return sum, err
		}
		var did Erased
		err = db.commit(ctx, p.NumberHash, func(t *tx) (err error) {
			did, err = erase(t, p, own, others, at)
			return err
		})
		if err != nil {
			return sum, fmt.Errorf("erase a person: %w", err)
		}
		if did == (Erased{}) {
			return sum, db.purge(ctx)
		}
		sum.Callbacks, sum.Contacts, sum.Consents = sum.Callbacks+did.Callbacks, sum.Contacts+did.Contacts, sum.Consents+did.Consents
	}
	return sum, fault.New(fault.TooLate, "This person is being called all the time. Block the number, and try again.")
}

func erase(t *tx, p Person, own, others []id.Callback, at time.Time) (did Erased, err error) {
	_, number := p.spellings()
	for _, cb := range append(slices.Clone(own), others...) {
		c, err := load(t, "id = $1", string(cb))
		if err != nil {
			return did, err
		}
		if c != nil && stillMoves(c) {
			return did, fault.New(fault.TooLate, "A call of this person is under way (%s). Cancel it, or wait until it is over.", cb)
		}
	}
	if err := eraseConsents(t, p, own, at, &did); err != nil {
		return did, err
	}
	for _, cb := range own {
		n, err := eraseContact(t, cb)
		if did.Contacts += n; err != nil {
			return did, err
		}
		if err := eraseCallback(t, cb); err != nil {
			return did, err
		}
		did.Callbacks++
	}
	for _, cb := range others {
		if err := eraseBeside(t, p, cb); err != nil {
			return did, err
		}
		did.Callbacks++
	}
	n, err := t.exec("DELETE FROM contacts WHERE number = $1 AND ($2 = '' OR subscriber_id = $2)", number, string(p.Subscriber))
	if did.Contacts += int(n); err != nil {
		return did, err
	}
	return did, eraseAround(t, p)
}

// eraseAround blanks what is not about a callback: how her number is shown in blocks, which stay, and in refusals, and letters that
// wait and name it.
func eraseAround(t *tx, p Person) error {
	_, err := t.exec(`UPDATE blocks SET masked = '•••', reason = CASE WHEN own_wish = 1 THEN 'asked never to be called' ELSE '' END
		WHERE number_hash = $1 AND ($2 = '' OR subscriber_id = $2)`, p.NumberHash, string(p.Subscriber))
	if err != nil {
		return err
	}
	if shown := phone.Number(p.Telephone.Number()).Mask(); shown != "" {
		if _, err := t.exec("UPDATE refusals SET masked = '', page = '' WHERE masked = $1 AND ($2 = '' OR subscriber_id = $2)", shown, string(p.Subscriber)); err != nil {
			return err
		}
		if _, err := t.exec("UPDATE alarms SET what = '•••' WHERE what = $1 AND ($2 = '' OR subscriber_id = $2)", shown, string(p.Subscriber)); err != nil {
			return err
		}
	}
	return eraseLetters(t, p)
}

// eraseContact takes away the contact that a callback of hers was made under, where its number was another: one that was mistyped.
// If others' callbacks are under it, it only loses the name, which may be hers.
func eraseContact(t *tx, cb id.Callback) (gone int, err error) {
	const hers = "id IN (SELECT contact_id FROM callbacks WHERE id = $1 AND contact_id <> '')"
	n, err := t.exec(`DELETE FROM contacts WHERE `+hers+` AND NOT EXISTS
		(SELECT 1 FROM callbacks c WHERE c.contact_id = contacts.id AND c.id <> $1 AND c.number_hash <> '')`, string(cb))
	if err == nil && n == 0 {
		_, err = t.exec("UPDATE contacts SET name = '' WHERE "+hers, string(cb))
	}
	return int(n), err
}

// eraseCallback blanks a callback of hers and all that was written about it.
func eraseCallback(t *tx, cb id.Callback) error {
	for _, q := range []string{
		`UPDATE callbacks SET version = version + 1, token_hash = 'erased ' || id, number = '', endpoint = '', number_hash = '', destination = '', name = '',
			topic = '', fields = 'null', page = '', metadata = 'null', asked = '{}', wall = '' WHERE id = $1`,
		"UPDATE legs SET endpoint = '', switch_ref = substr(switch_ref, 1, 0) WHERE callback_id = $1",
		"UPDATE journal SET detail = '' WHERE callback_id = $1",
		"DELETE FROM notes WHERE callback_id = $1",
		"UPDATE dispositions SET note = '' WHERE callback_id = $1",
		"DELETE FROM outbox WHERE callback_id = $1",
		"DELETE FROM companions WHERE callback_id = $1",
		"DELETE FROM idempotency WHERE resource = $1 OR route LIKE '%/' || $1 || '/%'",
		"UPDATE charges SET prefix = '' WHERE callback_id = $1",
		"DELETE FROM interactions WHERE id IN (SELECT interaction_id FROM callbacks WHERE id = $1 AND interaction_id <> '')",
	} {
		if _, err := t.exec(q, string(cb)); err != nil {
			return err
		}
	}
	return nil
}

// eraseBeside blanks her telephone in somebody else's callback.
func eraseBeside(t *tx, p Person, cb id.Callback) error {
	e, _ := p.spellings()
	for _, q := range []string{
		"UPDATE callbacks SET version = version + 1, destination = '' WHERE id = $1 AND destination = $2",
		"UPDATE legs SET endpoint = '', switch_ref = substr(switch_ref, 1, 0) WHERE callback_id = $1 AND endpoint = $2",
		"UPDATE journal SET detail = '' WHERE callback_id = $1 AND $2 <> ''",
	} {
		if _, err := t.exec(q, string(cb), e); err != nil {
			return err
		}
	}
	return nil
}

// eraseConsents takes the personal part of her records away, and writes down that it did. Refusals from the same addresses
// lose their page.
func eraseConsents(t *tx, p Person, own []id.Callback, at time.Time, did *Erased) error {
	var erased []id.Consent
	addresses := map[string]bool{}
	take := func(e *consent.Entry) error {
		if who, err := e.Who(); err == nil && who.Address != "" {
			addresses[who.Address] = true
		}
		if !e.IsErased() && e.Act != consent.Erased && !slices.Contains(erased, e.ID) {
			erased = append(erased, e.ID)
		}
		return nil
	}
	if err := eachConsent(t, take, "WHERE number_hash = $1 AND ($2 = '' OR subscriber_id = $2)", p.NumberHash, string(p.Subscriber)); err != nil {
		return err
	}
	for _, cb := range own {
		if err := eachConsent(t, take, "WHERE callback_id = $1", string(cb)); err != nil {
			return err
		}
	}
	for _, r := range erased {
		if _, err := t.exec("UPDATE consent_records SET salt = substr(salt, 1, 0), person = '', number_hash = '' WHERE id = $1", string(r)); err != nil {
			return err
		}
	}
	for a := range addresses {
		if _, err := t.exec("UPDATE refusals SET masked = '', page = '' WHERE visitor_hash = $1 AND ($2 = '' OR subscriber_id = $2)", a, string(p.Subscriber)); err != nil {
			return err
		}
	}
	if did.Consents = len(erased); did.Consents == 0 {
		return nil
	}
	return testify(t, &consent.Record{Act: consent.Erased, Route: consent.ByStaff, Subscriber: p.Subscriber, At: at, Erases: erased}, "")
}
