package story_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// traces TEXT… wants each text to stand somewhere in the data folder or the database; ! traces wants none of them to.
func traces(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: traces TEXT…")
	}
	var all bytes.Buffer
	ts.Check(filepath.WalkDir(ts.MkAbs("data"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		all.WriteString(path + "\n")
		all.Write(b)
		return err
	}))
	if url := ts.Getenv("RINGBACK_DATABASE"); strings.HasPrefix(url, "postgres") {
		rows(ts, url, &all)
	}
	for _, text := range args {
		if there := bytes.Contains(all.Bytes(), []byte(text)); there == neg {
			ts.Fatalf("%q: found %v", text, there)
		}
	}
}

// newest waits for a callback and keeps the id of the one that was made last as $id.
func newest(ts *testscript.TestScript, neg bool, args []string) {
	within(ts, "a callback", func() string {
		var list struct{ Data []struct{ ID string } }
		_, b := ask(ts, "GET", "/api/v1/callbacks?limit=1", "")
		ts.Check(json.Unmarshal(b, &list))
		if len(list.Data) == 0 {
			return "there is none"
		}
		ts.Setenv("id", list.Data[0].ID)
		return ""
	})
}

// rows writes all rows of all tables.
func rows(ts *testscript.TestScript, url string, to *bytes.Buffer) {
	db, err := sql.Open("pgx", url)
	ts.Check(err)
	defer db.Close()
	for _, table := range column(ts, db, "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()") {
		for _, row := range column(ts, db, "SELECT t::text FROM "+table+" t") {
			to.WriteString(row + "\n")
		}
	}
}

func column(ts *testscript.TestScript, db *sql.DB, q string) (out []string) {
	r, err := db.Query(q)
	ts.Check(err)
	defer r.Close()
	for r.Next() {
		var s string
		ts.Check(r.Scan(&s))
		out = append(out, s)
	}
	ts.Check(r.Err())
	return out
}
