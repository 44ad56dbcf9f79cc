package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"ringback/internal/config"
	"ringback/internal/store"
)

type restoreCmd struct {
	configFlag
	File  string `arg:"" type:"existingfile" help:"A backup."`
	Keys  string `name:"keys" placeholder:"DIR" type:"existingdir" help:"The keys that the data were kept with, where data/keys has none: a copy of that folder."`
	Force bool   `name:"force" help:"Replace the data that are there."`
}

func (c *restoreCmd) Run(s *streams) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	m, err := Restore(s.ctx, cfg, RestoreOrder{c.File, c.Keys, c.Force})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "restored: all as it was at %s. What was under way or due by now is not called any more; who has asked since never to be called is not\n",
		m.At.Format(time.RFC3339))
	return err
}

// RestoreOrder says which backup takes whose place.
type RestoreOrder struct {
	File, Keys string
	Force      bool
}

// restoring marks a folder in which a restore has begun and not ended; restored tells the next start when one did.
const (
	restoringName = "restoring"
	restoredName  = "restored"
)

// Restore puts a backup in the place of the data. No service may run on them.
func Restore(ctx context.Context, c *config.Config, o RestoreOrder) (m *Manifest, err error) {
	lock, err := LockData(c.Data)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	_, cut := os.Stat(filepath.Join(c.Data, restoringName))
	if !o.Force && cut != nil {
		if err := vacant(c); err != nil {
			return nil, err
		}
	}
	dir, err := os.MkdirTemp(c.Data, ".restore-*")
	if err != nil {
		return nil, rights(c.Data, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if m, err = opened(o.File, dir); err != nil {
		return nil, fmt.Errorf("%s: %w", o.File, err)
	}
	if err := keysFor(c.Data, o.Keys, m); err != nil {
		return nil, err
	}
	// What may refuse comes before the mark, and leaves the data as they are.
	if c.Database == "sqlite" {
		err = intact(ctx, dir, m)
	} else {
		err = refill(ctx, c, dir, m, o.Force || cut == nil)
	}
	if err != nil {
		return nil, err
	}
	if err := write(filepath.Join(c.Data, restoringName), nil); err != nil {
		return nil, err
	}
	if c.Database == "sqlite" {
		if err := swap(c.Data, dir); err != nil {
			return nil, err
		}
	}
	for _, folder := range folders {
		if err := replace(c.Data, dir, folder); err != nil {
			return nil, err
		}
	}
	for _, list := range lists {
		if err := addLines(c.Data, dir, list); err != nil {
			return nil, err
		}
	}
	if err := write(filepath.Join(c.Data, restoredName), []byte(time.Now().UTC().Format(time.RFC3339Nano)+"\n")); err != nil {
		return nil, err
	}
	return m, os.Remove(filepath.Join(c.Data, restoringName))
}

func write(path string, b []byte) error {
	if err := writeWhole(path, b); err != nil {
		return rights(path, err)
	}
	return nil
}

// vacant refuses where there is something already.
func vacant(c *config.Config) error {
	for _, name := range append([]string{"ringback.db"}, folders...) {
		path := filepath.Join(c.Data, name)
		if all, err := os.ReadDir(path); err == nil && len(all) == 0 {
			continue
		}
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is there already. --force replaces it: make a backup of it first", path)
		}
	}
	return nil
}

func opened(file, dir string) (*Manifest, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readArchive(f, dir)
}

// keysFor makes sure that what the backup keeps sealed can be opened, and that its hashes are of these keys.
func keysFor(data, from string, m *Manifest) error {
	have, err := existingKeys(filepath.Join(data, "keys"))
	if errors.Is(err, fs.ErrNotExist) && from != "" {
		if have, err = existingKeys(from); err == nil && have.marks() == m.Keys {
			err = have.write(data)
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s has no keys: give the folder with a copy of those that the data were kept with by --keys", data)
	case err != nil:
		return err
	case have.marks() != m.Keys:
		return fmt.Errorf("the backup was made with other keys than those of %s: it would tell no password, and forget who is blocked. Put the right ones into data/keys", data)
	}
	return nil
}

func existingKeys(dir string) (s secrets, err error) {
	for _, k := range []struct {
		name string
		to   *[]byte
	}{{"hash.key", &s.hash}, {"seal.key", &s.seal}} {
		if *k.to, err = os.ReadFile(filepath.Join(dir, k.name)); err != nil {
			return s, err
		}
		if len(*k.to) != 32 {
			return s, fmt.Errorf("%s is damaged: it has %d bytes instead of 32", filepath.Join(dir, k.name), len(*k.to))
		}
	}
	return s, nil
}

func (s secrets) write(data string) error {
	dir := filepath.Join(data, "keys")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return rights(dir, err)
	}
	return errors.Join(write(filepath.Join(dir, "hash.key"), s.hash), write(filepath.Join(dir, "seal.key"), s.seal))
}

// refill puts the tables of a backup in the place of those of a PostgreSQL database, all or none.
func refill(ctx context.Context, c *config.Config, dir string, m *Manifest, force bool) error {
	err := store.Restore(ctx, databaseURL(c), filepath.Join(dir, inDatabase), *m.Database, force)
	if errors.Is(err, store.ErrNotEmpty) {
		return errors.New("the database is not empty. --force replaces what is in it: make a backup of it first")
	}
	return err
}

func intact(ctx context.Context, dir string, m *Manifest) error {
	if m.Database.Database != "sqlite" {
		return fmt.Errorf("the backup is of a %s database, and database is sqlite", m.Database.Database)
	}
	return store.Intact(ctx, filepath.Join(dir, inDatabase, "ringback.db"))
}

// swap puts the SQLite file of a backup in the place of the one that is there, whose log goes with it.
func swap(data, dir string) error {
	for _, beside := range []string{"-wal", "-shm"} {
		if err := os.Remove(filepath.Join(data, "ringback.db"+beside)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return os.Rename(filepath.Join(dir, inDatabase, "ringback.db"), filepath.Join(data, "ringback.db"))
}

// replace puts a folder of the backup in the place of that in data.
func replace(data, dir, folder string) error {
	if err := os.RemoveAll(filepath.Join(data, folder)); err != nil {
		return err
	}
	err := os.Rename(filepath.Join(dir, folder), filepath.Join(data, folder))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// addLines adds who stands in a list of the backup to those who stand in that of the data: none is forgotten.
func addLines(data, dir, list string) error {
	now, err := os.ReadFile(filepath.Join(data, list))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	then, err := os.ReadFile(filepath.Join(dir, list))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var lines [][]byte
	for _, l := range bytes.SplitAfter(slices.Concat(now, then), []byte("\n")) {
		if len(l) > 0 {
			lines = append(lines, l)
		}
	}
	slices.SortFunc(lines, bytes.Compare)
	lines = slices.CompactFunc(lines, bytes.Equal)
	if len(lines) == 0 {
		return nil
	}
	return write(filepath.Join(data, list), bytes.Join(lines, nil))
}

// cutShort refuses data in which a restore has begun and not ended.
func cutShort(data string) error {
	if _, err := os.Stat(filepath.Join(data, restoringName)); err == nil {
		return fmt.Errorf("%s: a restore was cut short; begin it again: ringback restore FILE", data)
	}
	return nil
}

// restoredAt is when the data were restored, if no service has started on them since.
func restoredAt(data string) time.Time {
	b, err := os.ReadFile(filepath.Join(data, restoredName))
	if err != nil {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339Nano, string(bytes.TrimSpace(b)))
	if err != nil {
		return time.Now() // it was restored; when is not known
	}
	return at
}
