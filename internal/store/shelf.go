package store

import (
	"database/sql"
	"strings"

	"ringback/internal/agent"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/store/micro"
	"ringback/internal/subscriber"
)

// shelf is the table of one kind of thing that is set up.
type shelf struct {
	table   string
	columns string // id first
	upsert  string
	row     func(db *DB, v any) []any // of a pointer to the thing
}

// shelves by kind. A column named in keeps is written once, when the thing is new.
var shelves = map[directory.Kind]shelf{
	directory.Subscriber: newShelf("subscribers", subscriberColumns, nil, subscriberRow),
	directory.Button:     newShelf("buttons", buttonColumns, nil, buttonRow),
	directory.Agent: newShelf("agents", agentColumns,
		strings.Split(statusColumns, ", "), agentRow),
	directory.Representation: newShelf("representations", representationColumns, nil, representationRow),
	directory.Trunk:          newShelf("trunks", trunkColumns, []string{"created_at"}, trunkRow),
	directory.Key:            newShelf("keys", keyColumns, nil, keyRow),
	directory.Block:          newShelf("blocks", blockColumns, nil, blockRow),
	directory.User:           newShelf("users", userColumns, nil, userRow),
}

func newShelf[T any](table, columns string, keeps []string, row func(*DB, *T) []any) shelf {
	names := strings.Split(strings.ReplaceAll(columns, " ", ""), ",")
	var sets []string
	for _, n := range names[1:] {
		if !strings.Contains(" "+strings.Join(keeps, " ")+" ", " "+n+" ") {
			sets = append(sets, n+" = excluded."+n)
		}
	}
	return shelf{
		table: table, columns: columns,
		upsert: "INSERT INTO " + table + " (" + columns + ") VALUES " + placeholders(1, len(names)) +
			" ON CONFLICT (id) DO UPDATE SET " + strings.Join(sets, ", "),
		row: func(db *DB, v any) []any { return row(db, v.(*T)) },
	}
}

const subscriberColumns = "id, slug, name, regions, time_zone, hours, caller_id, destination, prompts, concurrent, max_talk_us, spend_micro, currency, suspended, language, recording, numbers, routing, dispositions, screen_pop, holidays, slots, notify, created_at, updated_at"

func subscriberRow(_ *DB, s *subscriber.Subscriber) []any {
	return []any{string(s.ID), orNull(s.Slug), s.Name, toJSON(s.Regions), s.TimeZone, toJSON(s.Hours), string(s.CallerID), string(s.Destination),
		toJSON(s.Prompts), s.Limits.Concurrent, s.Limits.MaxTalk.Microseconds(), s.Limits.SpendPerDay.Micro, s.Limits.SpendPerDay.Currency,
		number(s.Suspended), s.Language, toJSON(s.Recording), toJSON(s.Numbers), toJSON(s.Routing), toJSON(s.Dispositions), s.ScreenPop, toJSON(s.Holidays), toJSON(s.Slots), toJSON(s.Notify), micro.Of(s.CreatedAt), micro.Of(s.UpdatedAt)}
}

func scanSubscriber(scan scanner) (s subscriber.Subscriber, err error) {
	var slug sql.NullString
	var regions, hours, prompts, recording, numbers, routing, dispositions, holidays, slots, notify []byte
	var talk, suspended, created, updated int64
	if err := scan(&s.ID, &slug, &s.Name, &regions, &s.TimeZone, &hours, &s.CallerID, &s.Destination, &prompts, &s.Limits.Concurrent, &talk,
		&s.Limits.SpendPerDay.Micro, &s.Limits.SpendPerDay.Currency, &suspended, &s.Language, &recording, &numbers, &routing, &dispositions, &s.ScreenPop, &holidays, &slots, &notify, &created, &updated); err != nil {
		return s, err
	}
	s.Limits.SpendPerDay.Currency = strings.TrimSpace(s.Limits.SpendPerDay.Currency) // CHAR(3) of none is three blanks
	s.Slug, s.Limits.MaxTalk, s.Suspended, s.CreatedAt, s.UpdatedAt = slug.String, span(talk), suspended != 0, micro.Time(created), micro.Time(updated)
	return s, fromJSON(regions, &s.Regions, hours, &s.Hours, prompts, &s.Prompts, recording, &s.Recording, numbers, &s.Numbers, routing, &s.Routing, dispositions, &s.Dispositions, holidays, &s.Holidays, slots, &s.Slots, notify, &s.Notify)
}

const buttonColumns = "id, slug, subscriber_id, origins, call_order, confirm, channels, proof, tries, fields, closed, recording, skills, priority, hours, created_at, updated_at"

func buttonRow(_ *DB, b *subscriber.Button) []any {
	return []any{string(b.ID), orNull(b.Slug), string(b.Subscriber), toJSON(b.Origins), string(b.Order), toJSON(b.Confirm), toJSON(b.Channels),
		b.Proof, b.Tries, toJSON(b.Fields), number(b.Closed), b.Recording, toJSON(b.Skills), b.Priority, toJSON(b.Hours), micro.Of(b.CreatedAt), micro.Of(b.UpdatedAt)}
}

func scanButton(scan scanner) (b subscriber.Button, err error) {
	var slug sql.NullString
	var origins, confirm, channels, fields, skills, hours []byte
	var closed, created, updated int64
	if err := scan(&b.ID, &slug, &b.Subscriber, &origins, &b.Order, &confirm, &channels, &b.Proof, &b.Tries, &fields, &closed, &b.Recording, &skills, &b.Priority, &hours, &created, &updated); err != nil {
		return b, err
	}
	b.Slug, b.Closed, b.CreatedAt, b.UpdatedAt = slug.String, closed != 0, micro.Time(created), micro.Time(updated)
	return b, fromJSON(origins, &b.Origins, confirm, &b.Confirm, channels, &b.Channels, fields, &b.Fields, skills, &b.Skills, hours, &b.Hours)
}

const agentColumns = "id, slug, name, devices, password_hash, sip_secret, begins_ready, supervisor, ring, pause_after, notify, created_at, updated_at, " + statusColumns

// agentRow seals what her telephones register with: who reads it could register in her name.
func agentRow(db *DB, a *agent.Agent) []any {
	secret := []byte{}
	if a.SIP != (cti.Secret{}) {
		secret = db.seal.seal(agentPlace(a.ID), []byte(toJSON(a.SIP)))
	}
	return []any{string(a.ID), orNull(a.Slug), a.Name, toJSON(a.Devices), a.PasswordHash, secret, number(a.Ready), number(a.Supervisor), a.Ring, a.PauseAfter, toJSON(a.Notify), micro.Of(a.CreatedAt), micro.Of(a.UpdatedAt),
		string(a.Presence), a.Reason, micro.Of(a.Since), micro.Of(a.Until), string(a.Callback), micro.Of(a.IdleFrom), a.Missed, a.Talked.Microseconds()}
}

func agentPlace(a id.Agent) string { return "agent " + string(a) }

func (db *DB) scanAgent(scan scanner) (a agent.Agent, err error) {
	var slug sql.NullString
	var devices, sealed, notify []byte
	var ready, supervisor, created, updated int64
	var s statusRow
	if err := scan(append([]any{&a.ID, &slug, &a.Name, &devices, &a.PasswordHash, &sealed, &ready, &supervisor, &a.Ring, &a.PauseAfter, &notify, &created, &updated}, s.dest()...)...); err != nil {
		return a, err
	}
	a.Slug, a.Ready, a.Supervisor, a.CreatedAt, a.UpdatedAt, a.Status = slug.String, ready != 0, supervisor != 0, micro.Time(created), micro.Time(updated), s.status()
	if len(sealed) > 0 {
		text, err := db.seal.open(agentPlace(a.ID), sealed)
		if err != nil {
			return a, err
		}
		if err := fromJSON(text, &a.SIP); err != nil {
			return a, err
		}
	}
	return a, fromJSON(devices, &a.Devices, notify, &a.Notify)
}

const representationColumns = "id, agent_id, subscriber_id, display_name, greeting, whisper, script, skills, languages, hours, priority, caller_id, created_at, updated_at"

func representationRow(_ *DB, r *agent.Representation) []any {
	return []any{string(r.ID), string(r.Agent), string(r.Subscriber), r.DisplayName, r.Greeting, r.Whisper, r.Script, toJSON(r.Skills),
		toJSON(r.Languages), toJSON(r.Hours), r.Priority, string(r.CallerID), micro.Of(r.CreatedAt), micro.Of(r.UpdatedAt)}
}

func scanRepresentation(scan scanner) (r agent.Representation, err error) {
	var skills, languages, hours []byte
	var created, updated int64
	if err := scan(&r.ID, &r.Agent, &r.Subscriber, &r.DisplayName, &r.Greeting, &r.Whisper, &r.Script, &skills, &languages, &hours, &r.Priority,
		&r.CallerID, &created, &updated); err != nil {
		return r, err
	}
	r.CreatedAt, r.UpdatedAt = micro.Time(created), micro.Time(updated)
	return r, fromJSON(skills, &r.Skills, languages, &r.Languages, hours, &r.Hours)
}

const trunkColumns = "id, slug, priority, address, settings, created_at, updated_at"

// trunkRow seals the whole of a trunk: its password is no more to be read in the file than in a log.
func trunkRow(db *DB, t *cti.Trunk) []any {
	now := micro.Of(db.o.Now())
	return []any{string(t.ID), orNull(t.Slug), t.Priority, t.Address, db.seal.seal(trunkPlace(t.ID), []byte(toJSON(t))), now, now}
}

func (db *DB) scanTrunk(scan scanner) (t cti.Trunk, err error) {
	var slug sql.NullString
	var sealed []byte
	var created, updated int64
	if err := scan(&t.ID, &slug, &t.Priority, &t.Address, &sealed, &created, &updated); err != nil {
		return t, err
	}
	text, err := db.seal.open(trunkPlace(t.ID), sealed)
	if err != nil {
		return t, err
	}
	t.Ping = cti.DefaultPing // of a trunk that was written before there was one
	return t, fromJSON(text, &t)
}

func trunkPlace(t id.Trunk) string { return "trunk " + string(t) }

const keyColumns = "id, slug, role, subscriber_id, secret_hash, created_at"

func keyRow(_ *DB, k *login.Key) []any {
	return []any{string(k.ID), orNull(k.Slug), string(k.Role), orNull(string(k.Subscriber)), k.SecretHash, micro.Of(k.CreatedAt)}
}

func scanKey(scan scanner) (k login.Key, err error) {
	var slug, sub sql.NullString
	var created int64
	err = scan(&k.ID, &slug, &k.Role, &sub, &k.SecretHash, &created)
	k.Slug, k.Subscriber, k.CreatedAt = slug.String, id.Subscriber(sub.String), micro.Time(created)
	return k, err
}

const blockColumns = "id, subscriber_id, number_hash, masked, reason, until_at, own_wish, created_at"

func blockRow(_ *DB, b *subscriber.Block) []any {
	return []any{string(b.ID), orNull(string(b.Subscriber)), b.NumberHash, b.Masked, b.Reason, micro.Of(b.Until), number(b.OwnWish), micro.Of(b.CreatedAt)}
}

func scanBlock(scan scanner) (b subscriber.Block, err error) {
	var sub sql.NullString
	var until, own, created int64
	err = scan(&b.ID, &sub, &b.NumberHash, &b.Masked, &b.Reason, &until, &own, &created)
	b.OwnWish = own != 0
	b.Subscriber, b.Until, b.CreatedAt = id.Subscriber(sub.String), micro.Time(until), micro.Time(created)
	return b, err
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func subscriberID(s *subscriber.Subscriber) id.Subscriber        { return s.ID }
func buttonID(b *subscriber.Button) id.Button                    { return b.ID }
func agentID(a *agent.Agent) id.Agent                            { return a.ID }
func representationID(r *agent.Representation) id.Representation { return r.ID }
func trunkID(t *cti.Trunk) id.Trunk                              { return t.ID }
func keyID(k *login.Key) id.Key                                  { return k.ID }
func blockID(b *subscriber.Block) id.Block                       { return b.ID }
