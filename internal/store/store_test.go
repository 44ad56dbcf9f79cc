package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ringback/internal/callback"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/store/storetest"
)

const postgresEnv = "RINGBACK_TEST_POSTGRES"

func TestSQLite(t *testing.T) { storetest.Run(t, openFor(sqliteURL)) }

func TestPostgres(t *testing.T) {
	needsPostgres(t)
	storetest.Run(t, openFor(postgresURL))
}

func needsPostgres(t testing.TB) {
	if os.Getenv(postgresEnv) == "" {
		t.Skipf("NOT RUN: %s names no PostgreSQL (postgres://…)", postgresEnv)
	}
}

// databases calls test for each database that is there.
func databases(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, sqliteURL(t)) })
	t.Run("postgres", func(t *testing.T) {
		needsPostgres(t)
		test(t, postgresURL(t))
	})
}

func sqliteURL(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "r.db") }

// postgresURL is a schema of the test's own, dropped at its end.
func postgresURL(t testing.TB) string {
	base := os.Getenv(postgresEnv)
	name := "t_" + strings.ToLower(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToLower(t.Name())))
	name = fmt.Sprintf("%.40s_%d", name, time.Now().UnixNano())
	db, err := sql.Open("pgx", base)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("CREATE SCHEMA " + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := db.Exec("DROP SCHEMA " + name + " CASCADE")
		if err := errors.Join(err, db.Close()); err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", name)
	q.Set("application_name", name) // to find our own connections among others'
	u.RawQuery = q.Encode()
	return u.String()
}

func openFor(place func(testing.TB) string) storetest.Opener {
	return func(t *testing.T, mint *id.Mint, now func() time.Time) (storetest.Store, func() storetest.Store) {
		at := place(t)
		db := openAt(t, at, mint, now)
		return db, func() storetest.Store {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
			db = openAt(t, at, mint, now)
			return db
		}
	}
}

func openAt(t testing.TB, url string, mint *id.Mint, now func() time.Time) *DB {
	db, err := Open(context.Background(), url, Options{Mint: mint, Now: now, Key: make([]byte, 32), Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func house(t *testing.T, url string) (*storetest.House, *DB) {
	h := storetest.NewHouse(t, openFor(func(testing.TB) string { return url }))
	return h, h.Store.(*DB)
}

// Two of the three pure SQLite drivers bind $N by first appearance and swap these silently.
func TestParametersBindByNumber(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		_, db := house(t, url)
		err := db.commit(t.Context(), "", func(tx *tx) error {
			_, err := tx.exec("INSERT INTO users (id, role, email, password_hash, created_at, updated_at) VALUES ($2, $1, $4, $3, $6, $5)", "role", "id", "hash", "mail", 5, 6)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		var uid, role, email, hash string
		var created, updated int
		err = db.read.QueryRow("SELECT id, role, email, password_hash, created_at, updated_at FROM users").Scan(&uid, &role, &email, &hash, &created, &updated)
		if err != nil || uid != "id" || role != "role" || email != "mail" || hash != "hash" || created != 6 || updated != 5 {
			t.Errorf("got %s %s %s %s %d %d, %v", uid, role, email, hash, created, updated, err)
		}
	})
}

// The units of one batch stand and fall alone.
func TestBatch(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		h, db := house(t, url)
		a, b, c := h.Wish("+12025550101"), h.Wish("+12025550101"), h.Wish("+12025550102")
		units := []*unit{}
		add := func(do func(*tx) error) {
			units = append(units, &unit{ctx: t.Context(), do: do, done: make(chan struct{})})
		}
		for _, n := range []callback.New{a, b, c} {
			add(func(t *tx) error { _, err := create(t, n); return err })
		}
		add(func(t *tx) error { panic("boom") })
		add(func(t *tx) error { // sees what an earlier unit of the batch did
			_, err := step(t, c.Callback.ID, func(c *callback.Callback) (callback.Change, error) {
				c.Fence = 42
				return callback.Change{Lines: []callback.Line{{At: h.Clock.Now()}}}, nil
			})
			return err
		})
		add(func(t *tx) error { // written, then refused: to be undone, also in memory
			_, err := step(t, c.Callback.ID, func(c *callback.Callback) (callback.Change, error) {
				c.Fence = 43
				return callback.Change{Lines: []callback.Line{{At: h.Clock.Now()}}}, nil
			})
			return cmp.Or(err, errors.New("after all not"))
		})
		com := db.committers[0] // nothing else is asked of it
		before := db.Stats()
		com.serve(units)
		for i, want := range []string{"", "number_busy", "", "panicked: boom", "", "after all not"} {
			if err := units[i].err; (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("unit %d: error %v, want %q", i, err, want)
			}
		}
		s := db.Stats()
		if s.Commits != before.Commits+1 || s.Largest != 6 {
			t.Errorf("stats are %+v, were %+v", s, before)
		}
		for _, again := range []bool{false, true} {
			open := h.Store
			if again {
				open = h.Again()
			}
			if got, err := open.Callback(t.Context(), "", c.Callback.ID); err != nil || got.Fence != 42 || got.Version != 2 {
				t.Errorf("third is %+v, %v", got, err)
			}
			if _, err := open.Callback(t.Context(), "", a.Callback.ID); err != nil {
				t.Error(err)
			}
			if _, err := open.Callback(t.Context(), "", b.Callback.ID); !fault.Is(err, fault.NotFound) {
				t.Error(err)
			}
		}
	})
}

// Units that fail before they write do not disturb the others.
func TestBatchUntouched(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		h, db := house(t, url)
		a := h.Wish("+12025550101")
		no := errors.New("no")
		units := []*unit{
			{do: func(*tx) error { return no }},
			{do: func(t *tx) error { _, err := create(t, a); return err }},
			{do: func(t *tx) error { _, err := t.query("SELECT nonsense FROM nowhere"); return err }},
			{do: func(t *tx) error { t.later(journal, "no", "width"); return no }},
		}
		for _, u := range units {
			u.ctx, u.done = t.Context(), make(chan struct{})
		}
		db.committers[0].serve(units)
		if !errors.Is(units[0].err, no) || units[1].err != nil || units[2].err == nil || !errors.Is(units[3].err, no) {
			t.Errorf("errors are %v, %v, %v, %v", units[0].err, units[1].err, units[2].err, units[3].err)
		}
		if _, err := h.Again().Callback(t.Context(), "", a.Callback.ID); err != nil {
			t.Error(err)
		}
	})
}

// A disk that is full refuses all that is new, acknowledges nothing, and what was acknowledged stays.
func TestDiskFull(t *testing.T) {
	h, db := house(t, sqliteURL(t)+"?_pragma=max_page_count(120)")
	var acked []id.Callback
	var err error
	for i := 0; i < 5000 && err == nil; i++ {
		n := h.Wish("+12025550100")
		n.Callback.NumberHash, n.Contact.Number = fmt.Sprint(i), ""
		if err = h.Create(t.Context(), n); err == nil {
			acked = append(acked, n.Callback.ID)
		}
	}
	if !fault.Is(err, fault.StorageFull) {
		t.Fatalf("after %d callbacks: %v, want storage_full", len(acked), err)
	}
	n := h.Wish("+12025550100")
	n.Callback.NumberHash, n.Callback.Topic = "last", strings.Repeat("much to say ", 2000)
	if err := h.Create(t.Context(), n); !fault.Is(err, fault.StorageFull) {
		t.Errorf("the next: %v", err)
	}
	if _, err := db.Callback(t.Context(), "", n.Callback.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("what was not acknowledged is there: %v", err)
	}
	next := h.Again()
	list, err := next.Callbacks(t.Context(), "", callback.Filter{})
	if err != nil || len(list) != len(acked) {
		t.Errorf("%d callbacks are kept, %v; %d were acknowledged", len(list), err, len(acked))
	}
}

func TestOutbox(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		h, db := house(t, url)
		a, b := h.Made("+12025550101"), h.Made("+12025550102")
		h.End(a.ID)
		got, err := db.Events(t.Context(), 0, 10)
		if err != nil || len(got) != 3 {
			t.Fatalf("events are %+v, %v", got, err)
		}
		for i, want := range []Event{
			{Kind: "callback.queued", Callback: a.ID, Version: 1}, {Kind: "callback.queued", Callback: b.ID, Version: 1}, {Kind: "callback.ended", Callback: a.ID, Version: 2},
		} {
			if e := got[i]; e.Kind != want.Kind || e.Callback != want.Callback || e.Version != want.Version || e.Subscriber != h.Acme || e.At.IsZero() {
				t.Errorf("event %d is %+v, want %+v", i, e, want)
			}
		}
		if rest, err := db.Events(t.Context(), got[1].Seq, 10); err != nil || len(rest) != 1 || rest[0].Seq != got[2].Seq {
			t.Errorf("after the second: %+v, %v", rest, err)
		}
	})
}

func TestSweep(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		h, db := house(t, url)
		for i := range 3 {
			n := h.Wish("+12025550101")
			n.Callback.NumberHash = fmt.Sprint(i)
			n.Velocity = []callback.Velocity{{Key: "k", N: 9, Per: time.Hour, Code: fault.LimitNumber}}
			n.Once = &callback.Once{Key: fmt.Sprint(i), Answer: func(*callback.Callback) callback.Kept { return callback.Kept{Status: 201} }}
			if err := h.Create(t.Context(), n); err != nil {
				t.Fatal(err)
			}
		}
		for _, row := range []struct {
			after time.Duration
			want  int64
		}{{time.Minute, 0}, {time.Hour, 3}, {KeepAnswers, 3}, {KeepAnswers, 0}} {
			if n, err := db.Sweep(t.Context(), h.Clock.Now().Add(row.after)); err != nil || n != row.want {
				t.Errorf("after %s %d rows went, %v; want %d", row.after, n, err, row.want)
			}
		}
	})
}

// What was turned away stays on record as long as the options say.
func TestKeepRefusals(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		h, db := house(t, url)
		const day = 24 * time.Hour
		for range 4 { // at day 0, 40, 80, 120
			if err := db.Refuse(t.Context(), callback.Refusal{Subscriber: h.Acme, Code: fault.NumberRegion, Masked: "+12•••••0199", Page: "https://acme.example/", At: h.Clock.Now()}); err != nil {
				t.Fatal(err)
			}
			h.Clock.Pass(40 * day)
		}
		if n, err := db.Sweep(t.Context(), h.Clock.Now()); err != nil || n != 0 {
			t.Errorf("kept for ever: %d went, %v", n, err)
		}
		for _, row := range []struct {
			keep, pass time.Duration
			want       int64
		}{{90 * day, 0, 2}, {90 * day, 9 * day, 0}, {90 * day, day, 1}, {30 * day, 0, 1}, {30 * day, 0, 0}} { // it is day 160
			db.o.KeepRefusals = row.keep
			h.Clock.Pass(row.pass)
			if n, err := db.Sweep(t.Context(), h.Clock.Now()); err != nil || n != row.want {
				t.Errorf("kept for %s: %d went, %v; want %d", row.keep, n, err, row.want)
			}
		}
	})
}

// Nothing sealed is readable in the file, or opens with another key or in another place.
func TestSealed(t *testing.T) {
	at := sqliteURL(t)
	h, db := house(t, at)
	n := h.Wish("+12025550101")
	n.Once = &callback.Once{Principal: "p", Key: "k", Answer: func(*callback.Callback) callback.Kept {
		return callback.Kept{Status: 201, Body: []byte("token t_secret")}
	}}
	if err := h.Create(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(strings.TrimPrefix(at, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"t_secret", "dG9rZW4gdF9zZWNyZXQ", "carrier-secret"} {
		if strings.Contains(string(raw), secret) {
			t.Errorf("%q is readable in the database file", secret)
		}
	}
	_, err = Open(t.Context(), at, Options{Mint: h.Mint, Key: make([]byte, 31)})
	if err == nil {
		t.Error("opened with a key of 31 bytes")
	}
	other, err := Open(t.Context(), at, Options{Mint: h.Mint, Key: append(make([]byte, 31), 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.Directory(t.Context()); err == nil || !strings.Contains(err.Error(), "the key in the data folder") {
		t.Errorf("with another key: %v", err)
	}
}

func TestMigrateAndVersion(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		before, after, err := Migrate(t.Context(), url)
		if err != nil || before != 0 || after < 1 {
			t.Fatalf("from %d to %d, %v", before, after, err)
		}
		before, again, err := Migrate(t.Context(), url)
		if err != nil || before != after || again != after {
			t.Errorf("again: from %d to %d, %v", before, again, err)
		}
		_, db := house(t, url)
		if have, want, err := db.Version(t.Context()); err != nil || have != after || want != after {
			t.Errorf("version is %d of %d, %v", have, want, err)
		}
		err = db.commit(t.Context(), "", func(t *tx) error {
			_, err := t.exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, true)")
			return err
		})
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Migrate(t.Context(), url); err == nil || !strings.Contains(err.Error(), "newer ringback") {
			t.Errorf("a database of a newer build: %v", err)
		}
	})
}

// Processes that start at once on an empty database migrate it once.
func TestMigrateAtOnce(t *testing.T) {
	needsPostgres(t)
	url := postgresURL(t)
	errs := make(chan error, 4)
	for range cap(errs) {
		go func() {
			_, _, err := Migrate(context.Background(), url)
			errs <- err
		}()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func TestClosed(t *testing.T) {
	h, db := house(t, sqliteURL(t))
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := h.Create(t.Context(), h.Wish("+12025550100")); !errors.Is(err, errClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// A reader cannot write.
func TestReadersOnlyRead(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		_, db := house(t, url)
		if _, err := db.read.Exec("DELETE FROM callbacks"); err == nil {
			t.Error("the readers' pool wrote")
		}
	})
}

func mint(now func() time.Time) *id.Mint { return id.NewMint(now, rand.Reader) }
