package store

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ringback/internal/callback"
	"ringback/internal/consent"
	"ringback/internal/cti"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/phone"
	"ringback/internal/subscriber"
)

// Nothing of an erased person is left in any column, nor in SQLite's files; others are untouched, the block stays, and the
// ledger proves itself.
func TestErasePerson(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		h, db := house(t, url)
		const number = "+12025550177"
		p := Person{Telephone: "tel:" + number, NumberHash: "hash of " + number}
		marks := []string{"2025550177", "Zo\u00eb", "a leak", "Elm", "hearsay", "acme.example"}
		for i := range 60 { // pages that others share with her
			other := h.Wish(phone.Number("+120255502" + callbackNumber(i)))
			other.Callback.Name, other.Callback.Topic, other.Callback.Page, other.Callback.Fields = "Max", "x", "", nil
			other.Contact.Name, other.Consent.Person.Page = "Max", ""
			if err := h.Create(t.Context(), other); err != nil {
				t.Fatal(err)
			}
			h.End(other.Callback.ID)
			if i%20 != 0 {
				continue
			}
			c := h.Made(number)
			if i == 0 {
				if _, err := db.ErasePerson(t.Context(), p, h.Clock.Now()); !fault.Is(err, fault.TooLate) {
					t.Fatalf("while she is called: %v", err)
				}
			}
			_, err := h.Step(t.Context(), c.ID, func(c *callback.Callback) (callback.Change, error) {
				c.Attempts = append(c.Attempts, callback.Attempt{N: 1, StartedAt: h.Clock.Now(), EndedAt: h.Clock.Now(), Result: callback.ResultMachine, Legs: []callback.Leg{
					{ID: h.Mint.Leg(), Party: cti.Visitor, Endpoint: c.Endpoint, State: cti.Ended, Ref: "<sip:" + number + "@x>", CreatedAt: h.Clock.Now()}}})
				return callback.Change{Lines: []callback.Line{{At: h.Clock.Now(), Detail: "hearsay about " + number}},
					Remarks: callback.Remarks{Notes: []callback.Note{{ID: h.Mint.Note(), At: h.Clock.Now(), Text: "hearsay"}},
						Disposition: &callback.Disposition{Code: "done", Note: "hearsay", At: h.Clock.Now()}}}, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			h.End(c.ID)
		}
		b := h.Mint.Block()
		if err := h.OptOut(t.Context(), never(b, p, h.Clock.Now()), consent.Record{Act: consent.OptedOut, At: h.Clock.Now(),
			Person: consent.Person{Number: number, NumberHash: p.NumberHash}}, nil); err != nil {
			t.Fatal(err)
		}
		if found := found(t, db, url, marks); len(found) < len(marks) {
			t.Fatalf("before: only %q are found: the search finds nothing", found)
		}
		did, err := db.ErasePerson(t.Context(), p, h.Clock.Now())
		if err != nil || did.Callbacks != 3 || did.Contacts != 1 || did.Consents != 4 {
			t.Fatalf("erased: %+v, %v", did, err)
		}
		if again, err := db.ErasePerson(t.Context(), p, h.Clock.Now()); err != nil || again != (Erased{}) {
			t.Errorf("again: %+v, %v", again, err)
		}
		if found := found(t, db, url, marks); len(found) > 0 {
			t.Errorf("after: %q are still there", found)
		}
		d, err := h.Directory(t.Context())
		if err != nil || len(d.BlocksOf(p.NumberHash)) != 1 || d.BlocksOf(p.NumberHash)[0].Masked != "•••" {
			t.Errorf("blocks: %+v, %v", d.BlocksOf(p.NumberHash), err)
		}
		r, err := db.VerifyConsents(t.Context())
		if err != nil || r.Bad != nil || r.Erased != 4 || r.Records != 60+3+1+1 {
			t.Errorf("ledger: %+v (%v), %v", r, r.Bad, err)
		}
		all, err := h.Callbacks(t.Context(), "", callback.Filter{Limit: 100})
		if err != nil || len(all) != 63 {
			t.Errorf("%d callbacks are left, %v", len(all), err)
		}
	})
}

func never(b id.Block, p Person, at time.Time) subscriber.Block {
	return subscriber.Block{ID: b, NumberHash: p.NumberHash, Masked: "+12•••••0177", OwnWish: true, CreatedAt: at}
}

func callbackNumber(i int) string { return fmt.Sprintf("%02d", i) }

// found lists the marks that stand somewhere: in a column of a table, or in a file beside SQLite's.
func found(t *testing.T, db *DB, url string, marks []string) (out []string) {
	t.Helper()
	var all bytes.Buffer
	if db.shared {
		everything(t, db, &all)
	} else {
		files, err := filepath.Glob(strings.TrimPrefix(url, "sqlite:") + "*")
		if err != nil || len(files) == 0 {
			t.Fatal("no files", err)
		}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(b)
		}
	}
	text := bytes.ReplaceAll(all.Bytes(), []byte("hash of +12025550177"), nil) // the block's, which stays; a real one tells no number
	for _, m := range marks {
		if bytes.Contains(text, []byte(m)) {
			out = append(out, m)
		}
	}
	return out
}

// everything writes all rows of all tables.
func everything(t *testing.T, db *DB, to *bytes.Buffer) {
	rows, err := db.read.Query("SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()")
	if err != nil {
		t.Fatal(err)
	}
	tables, err := collect(rows, func(scan scanner) (s string, err error) { return s, scan(&s) })
	if err != nil || len(tables) < 10 {
		t.Fatal(tables, err)
	}
	for _, table := range tables {
		rows, err := db.read.Query("SELECT t::text FROM " + table + " t")
		if err != nil {
			t.Fatal(err)
		}
		_, err = collect(rows, func(scan scanner) (sql.RawBytes, error) {
			var s sql.NullString
			err := scan(&s)
			to.WriteString(s.String + "\n")
			return nil, err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
