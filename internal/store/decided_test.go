package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// What an erasure does to each table. A new one is a decision: whoever makes it says what of a person stands in it, and takes it
// away in person.go.
var decided = map[string]string{
	"callbacks": "blanked", "legs": "blanked", "journal": "blanked", "notes": "deleted", "dispositions": "blanked", "outbox": "deleted",
	"companions": "deleted", "idempotency": "deleted by callback, else sealed and gone in a day", "charges": "blanked", "contacts": "deleted",
	"interactions": "deleted", "consent_records": "blanked", "refusals": "blanked", "blocks": "blanked; the keyed hash stays",
	"recordings": "deleted before, with their files", "alarms": "blanked",

	"attempts": "no person", "events": "no person", "holds": "no person", "consent_texts": "no person", "consent_heads": "no person",
	"velocity": "keyed hashes that are gone in days", "recording_audit": "who heard, not who is heard",
	"consents": "empty: taken over into consent_records", "reservations": "nobody writes it", "nodes": "no person",

	"subscribers": "set up", "buttons": "set up", "agents": "set up", "representations": "set up", "trunks": "set up", "keys": "set up",
	"users": "set up", "sessions": "of agents", "passkeys": "of agents", "registrations": "of agents' telephones",
	"goose_db_version": "no person", "sqlite_sequence": "no person",
}

// stays are the columns of an erased callback that are not blank: none tells who she is.
var stays = strings.Fields(`id version subscriber_id button_id contact_id interaction_id token_hash state outcome reason fence due_at arrived_at created_at
	joined_at ended_at talk_us call_order caller_id tries max_talk_us confirm actor language zone inbound resumes priority front_at wanted_agent wanted_until
	fields metadata asked`)

func TestEveryTableIsDecided(t *testing.T) {
	h, db := house(t, sqliteURL(t))
	rows, err := db.read.Query("SELECT name FROM sqlite_master WHERE type = 'table'")
	if err != nil {
		t.Fatal(err)
	}
	names, err := collect(rows, func(scan scanner) (s string, err error) { return s, scan(&s) })
	if err != nil || len(names) < 20 {
		t.Fatal(names, err)
	}
	for _, n := range names {
		if decided[n] == "" {
			t.Errorf("table %s: what of a person stands in it? Erase it in person.go, and say so in decided", n)
		}
	}
	c := h.Made("+12025550177")
	h.End(c.ID)
	p := Person{Telephone: "tel:+12025550177", NumberHash: c.NumberHash}
	if _, err := db.ErasePerson(t.Context(), p, h.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	row, err := db.read.Query("SELECT * FROM callbacks WHERE id = $1", string(c.ID))
	if err != nil {
		t.Fatal(err)
	}
	defer row.Close()
	columns, err := row.Columns()
	if err != nil || !row.Next() {
		t.Fatal("it is gone", err)
	}
	values := make([]any, len(columns))
	for i := range values {
		values[i] = new(any)
	}
	if err := row.Scan(values...); err != nil {
		t.Fatal(err)
	}
	for i, name := range columns {
		v := fmt.Sprint(*values[i].(*any))
		if !slices.Contains(stays, name) && v != "" && v != "0" {
			t.Errorf("callbacks.%s is %q: blank it in person.go, or say in stays that it tells nobody who she is", name, v)
		}
	}
}
