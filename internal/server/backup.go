package server

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"ringback/internal/config"
	"ringback/internal/store"
)

type backupCmd struct {
	configFlag
	File  string `arg:"" type:"path" help:"Where to: a file that is not there yet. data/keys are not in it: keep a copy of them elsewhere."`
	Force bool   `name:"force" help:"Replace the file."`
	JSON  bool   `name:"json" help:"Print what is in it as a JSON object."`
}

// Manifest says what a backup holds; it is its first file.
type Manifest struct {
	Format   int         `json:"format"`
	Version  string      `json:"version"` // of the program
	At       time.Time   `json:"at"`
	Keys     keyMarks    `json:"keys"`
	Database *store.Copy `json:"database"`
}

// keyMarks tell whether keys are those that a backup was made with, and nothing of the keys.
type keyMarks struct {
	Hash string `json:"hash"`
	Seal string `json:"seal"`
}

const backupFormat = 1

// Places in a backup.
const (
	manifestName = "manifest.json"
	sumsName     = "SHA256SUMS" // the last file: what has one is whole
	inDatabase   = "database"
	inRecordings = "recordings"
	inPrompts    = "prompts"
	inWords      = "words" // languages by file
	neverName    = "never"
)

// folders of data that are kept as they are.
var folders = []string{inRecordings, inPrompts, inWords}

// lists are files of data in whose place nothing is put: what is in either stays.
var lists = []string{neverName, erasedName}

func (s secrets) marks() keyMarks {
	mark := func(key []byte) string {
		h := hmac.New(sha256.New, key)
		h.Write([]byte("ringback backup"))
		return hex.EncodeToString(h.Sum(nil)[:8])
	}
	return keyMarks{mark(s.hash), mark(s.seal)}
}

func (c *backupCmd) Run(s *streams) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	if _, err := os.Stat(c.File); err == nil && !c.Force {
		return config.Problem{File: c.File, What: "is there already; name another file, or say --force"}
	}
	m, size, err := Backup(s.ctx, cfg, c.File)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(m)
	}
	_, err = fmt.Fprintf(s.out, "%s: %d kB, all as it was at %s. Not in it: data/keys; keep a copy of them, elsewhere\n", c.File, (size+1023)/1024, m.At.Format(time.RFC3339))
	return err
}

// Backup writes a backup of the data to a file, of the running service where there is one. It is there whole or not at all.
func Backup(ctx context.Context, c *config.Config, file string) (m *Manifest, size int64, err error) {
	tmp, err := os.CreateTemp(filepath.Dir(file), ".backup-*") // mode 0600
	if err != nil {
		return nil, 0, err
	}
	defer os.Remove(tmp.Name())
	if err := errors.Join(fetchBackup(ctx, c, tmp), tmp.Sync()); err != nil {
		return nil, 0, errors.Join(err, tmp.Close())
	}
	if size, err = tmp.Seek(0, io.SeekStart); err == nil {
		m, err = readArchive(tmp, "")
	}
	if info, bad := tmp.Stat(); bad == nil {
		size = info.Size()
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return nil, 0, fmt.Errorf("the backup is not whole: %w", err)
	}
	return m, size, os.Rename(tmp.Name(), file)
}

func fetchBackup(ctx context.Context, c *config.Config, w io.Writer) error {
	client, running := Dial(c.Data)
	if !running {
		a, err := OpenData(ctx, c, Logger(c))
		if err != nil {
			return err
		}
		return errors.Join(a.WriteBackup(ctx, w), a.Close())
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, ControlURL+"/backup", nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("the running service does not answer: %w", err)
	}
	defer resp.Body.Close()
	if resp.Header.Get("Content-Type") != "application/gzip" {
		var a controlAnswer
		if err := json.NewDecoder(resp.Body).Decode(&a); err != nil || a.Error == "" {
			return fmt.Errorf("the running service answered something unreadable: %w", err)
		}
		return errors.New(a.Error)
	}
	_, err = io.Copy(w, resp.Body)
	return err
}

// backup is the route of the control socket.
func (s *Service) backup(w http.ResponseWriter, r *http.Request) {
	begun := &beginning{w: w}
	err := s.WriteBackup(r.Context(), begun)
	switch {
	case err == nil:
	case !begun.yes:
		reply(w, nil, err)
	default:
		s.log.Error("backup", "err", err)
		panic(http.ErrAbortHandler) // who reads it sees that it was cut
	}
}

// beginning says whether anything was written, and of what type.
type beginning struct {
	w   http.ResponseWriter
	yes bool
}

func (b *beginning) Write(p []byte) (int, error) {
	if !b.yes {
		b.w.Header().Set("Content-Type", "application/gzip")
		b.yes = true
	}
	return b.w.Write(p)
}

// WriteBackup writes all that is worth keeping, as one state of the database and the recordings that it knows of.
func (a *App) WriteBackup(ctx context.Context, w io.Writer) (err error) {
	dir, err := os.MkdirTemp(a.Config.Data, ".backup-*") // in the folder that is ours alone
	if err != nil {
		return rights(a.Config.Data, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	// Files first: each recording has its row by now. One that is deleted meanwhile is a row without a file, which a start knows.
	files := slices.Clone(lists)
	for _, folder := range folders {
		found, err := listed(a.Config.Data, folder)
		if err != nil {
			return err
		}
		files = append(files, found...)
	}
	db, err := a.Store.Backup(ctx, dir)
	if err != nil {
		return err
	}
	m := Manifest{backupFormat, Version, time.Now().UTC().Truncate(time.Second), a.keys.marks(), &db}
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	z := gzip.NewWriter(w)
	p := &packer{ctx: ctx, tar: tar.NewWriter(z), at: m.At}
	p.bytes(manifestName, text)
	for _, f := range db.Files {
		p.file(path.Join(inDatabase, f), filepath.Join(dir, f))
	}
	for _, f := range files {
		p.file(f, filepath.Join(a.Config.Data, filepath.FromSlash(f)))
	}
	p.bytes(sumsName, []byte(p.sums.String()))
	return errors.Join(p.err, p.tar.Close(), z.Close())
}

// listed are the files below a folder of data, by their names in a backup.
func listed(data, folder string) (out []string, err error) {
	err = filepath.WalkDir(filepath.Join(data, folder), func(file string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case !d.Type().IsRegular() || strings.HasPrefix(d.Name(), "."):
			return nil
		}
		rel, err := filepath.Rel(data, file)
		out = append(out, filepath.ToSlash(rel))
		return err
	})
	return out, err
}

// packer writes files into an archive; after an error it does nothing more.
type packer struct {
	ctx  context.Context
	tar  *tar.Writer
	at   time.Time
	sums strings.Builder
	err  error
}

func (p *packer) bytes(name string, b []byte) {
	h := sha256.New()
	p.entry(name, int64(len(b)), strings.NewReader(string(b)), h)
	p.sum(name, h)
}

// file packs one that may grow, or go, meanwhile: as much as it has now.
func (p *packer) file(name, from string) {
	f, err := os.Open(from)
	if errors.Is(err, fs.ErrNotExist) || p.err != nil {
		return
	}
	if err != nil {
		p.err = err
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		p.err = err
		return
	}
	h := sha256.New()
	p.entry(name, info.Size(), io.LimitReader(f, info.Size()), h)
	p.sum(name, h)
}

func (p *packer) entry(name string, size int64, from io.Reader, h hash.Hash) {
	if p.err == nil {
		p.err = p.ctx.Err()
	}
	if p.err == nil {
		p.err = p.tar.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: size, ModTime: p.at, Typeflag: tar.TypeReg})
	}
	if p.err == nil {
		_, p.err = io.Copy(io.MultiWriter(p.tar, h), from)
	}
}

func (p *packer) sum(name string, h hash.Hash) {
	fmt.Fprintf(&p.sums, "%x  %s\n", h.Sum(nil), name)
}
