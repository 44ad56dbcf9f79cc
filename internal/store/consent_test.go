package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"ringback/internal/consent"
	"ringback/internal/phone"
)

// One byte of the ledger changed, anywhere, is found, and the record is named; changed back, all is well.
func TestConsentsTampered(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		h, db := house(t, url)
		for _, n := range []string{"+12025550101", "+12025550102", "+12025550103", "+12025550104"} {
			h.Made(phone.Number(n))
		}
		rng := rand.New(rand.NewPCG(7, 7))
		for _, place := range tamperable(t, db) {
			undo := place.change(t, db, rng)
			r, err := db.VerifyConsents(t.Context())
			switch {
			case err != nil:
				t.Fatal(err)
			case r.Bad == nil:
				t.Errorf("%s changed: not found", place)
			case place.seq > 0 && (r.Bad.Chain != place.chain || r.Bad.Seq != place.seq):
				t.Errorf("%s changed: %v is named", place, r.Bad)
			}
			undo()
		}
		if r, err := db.VerifyConsents(t.Context()); err != nil || r.Bad != nil || r.Records != 4 {
			t.Fatalf("in the end: %+v, %v", r, err)
		}
	})
}

// place is a value in the ledger: of a record (chain, seq), or of the tables beside it.
type spot struct {
	table, column, key string
	chain, seq         int64
}

func (p spot) String() string { return fmt.Sprintf("%s.%s where %s", p.table, p.column, p.key) }

func tamperable(t *testing.T, db *DB) (all []spot) {
	err := db.snapshot(t.Context(), func(q querier) error {
		return eachConsent(q, func(e *consent.Entry) error {
			for _, col := range strings.Split(consentColumns, ", ") {
				if col == "chain" || col == "seq" || col == "erases" { // the first two move the record, the last is empty
					continue
				}
				all = append(all, spot{"consent_records", col, fmt.Sprintf("chain = %d AND seq = %d", e.Chain, e.Seq), e.Chain, e.Seq})
			}
			return nil
		}, "ORDER BY chain, seq")
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, col := range []string{"hash", "version", "language", "words"} {
		all = append(all, spot{table: "consent_texts", column: col, key: "1 = 1"})
	}
	for _, col := range []string{"seq", "hash", "proof"} {
		all = append(all, spot{table: "consent_heads", column: col, key: "chain = 0"})
	}
	return all
}

// change changes one byte, or a number by one, and returns what undoes it.
func (p spot) change(t *testing.T, db *DB, rng *rand.Rand) (undo func()) {
	var was any
	read := "SELECT " + p.column + " FROM " + p.table + " WHERE " + p.key
	if err := db.read.QueryRow(read).Scan(&was); err != nil {
		t.Fatal(p, err)
	}
	var now any
	switch v := was.(type) {
	case int64:
		now = v + 1
	case []byte:
		b := append([]byte(nil), v...)
		b[rng.IntN(len(b))] ^= byte(1 + rng.IntN(255))
		now = b
	case string:
		b := []byte(v)
		b[rng.IntN(len(b))] ^= byte(1 << rng.IntN(5)) // ASCII stays text
		if string(b) != strings.ToValidUTF8(strings.ReplaceAll(string(b), "\x00", ""), "") {
			b[0] ^= 1
		}
		now = string(b)
	default:
		t.Fatalf("%s is %T", p, was)
	}
	set := func(v any) error {
		return tamper(db, "UPDATE "+p.table+" SET "+p.column+" = $1 WHERE "+p.key, v)
	}
	if err := set(now); err != nil {
		t.Fatal(p, err)
	}
	return func() {
		if err := set(was); err != nil {
			t.Fatal(p, err)
		}
	}
}

// tamper changes the database behind everybody's back.
func tamper(db *DB, statement string, args ...any) error {
	return db.commit(context.Background(), "", func(t *tx) error {
		_, err := t.exec(statement, args...)
		return err
	})
}

// A record taken away, from the middle or the end, is missed; so is a personal part that nobody erased.
func TestConsentsTakenAway(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		h, db := house(t, url)
		for _, n := range []string{"+12025550101", "+12025550102", "+12025550103", "+12025550104", "+12025550105"} {
			h.Made(phone.Number(n))
		}
		for _, test := range []struct{ name, sql string }{
			{"in the middle", "DELETE FROM consent_records WHERE seq = 1"},
			{"at the end", "DELETE FROM consent_records WHERE seq = (SELECT max(seq) FROM consent_records r WHERE r.chain = consent_records.chain)"},
			{"all", "DELETE FROM consent_records"},
			{"the ends", "DELETE FROM consent_heads"},
			{"as if erased", "UPDATE consent_records SET salt = substr(salt, 1, 0), person = '', number_hash = '' WHERE seq = 1"},
		} {
			var r consent.Report
			err := db.commit(t.Context(), "", func(t *tx) (err error) {
				if _, err := t.exec(test.sql); err != nil {
					return err
				}
				if r, err = verifyConsents(t, db.seal.proof); err != nil {
					return err
				}
				return errNotMeant
			})
			if !errors.Is(err, errNotMeant) || r.Bad == nil {
				t.Errorf("%s: %+v, %v: not missed", test.name, r, err)
			}
		}
	})
}

var errNotMeant = errors.New("take it back")

// What was agreed to before there was a ledger is taken over into it.
func TestOldConsents(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		h, db := house(t, url)
		c := h.Made("+12025550101")
		err := tamper(db, `INSERT INTO consents (subscriber_id, id, callback_id, text_version, text, act, page, address_hash, user_agent, at)
			VALUES ($1, 'cns_old', $2, '2025-1', 'I ask Acme to call me.', 'form', 'https://acme.example/', 'h', 'old', 7)`, string(h.Acme), string(c.ID))
		if err != nil {
			t.Fatal(err)
		}
		h.Store = h.Again()
		db = h.Store.(*DB)
		var old *consent.Kept
		err = db.Consents(t.Context(), consent.Filter{NumberHash: c.NumberHash}, func(k consent.Kept) error {
			if k.ID == "cns_old" {
				old = &k
			}
			return nil
		})
		if err != nil || old == nil || old.Shown.Words != "I ask Acme to call me." || old.Route != consent.ByForm || old.Callback != c.ID {
			t.Fatalf("taken over: %+v, %v", old, err)
		}
		if r, err := db.VerifyConsents(t.Context()); err != nil || r.Bad != nil || r.Records != 2 {
			t.Errorf("%+v (%v), %v", r, r.Bad, err)
		}
	})
}
