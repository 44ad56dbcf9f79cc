package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"ringback/internal/consent"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/store"
	"ringback/internal/subscriber"
)

// neverList is data/never: who asked never to be called, beside the database. A database that is restored from a backup
// knows nothing of those who asked since; the next start tells it. There are no numbers in it, only their keyed hashes.
type neverList struct {
	path string
	log  *slog.Logger

	mu   sync.Mutex
	last []byte // as it was written; nil = not read yet
}

// neverLine is one of the list.
type neverLine struct {
	NumberHash string        `json:"number_hash"`
	Subscriber id.Subscriber `json:"subscriber,omitempty"` // "" = every business
	Masked     string        `json:"masked"`
	Since      time.Time     `json:"since"`
}

// bring blocks whoever stands in the list and is not blocked: the database is older than the list.
func (n *neverList) bring(ctx context.Context, db *store.DB, mint *id.Mint) error {
	lines, err := n.read()
	if err != nil {
		return err
	}
	dir, err := db.Directory(ctx)
	if err != nil {
		return err
	}
	brought := 0
	for _, l := range lines {
		known := slices.ContainsFunc(dir.BlocksOf(l.NumberHash), func(b *subscriber.Block) bool {
			return b.OwnWish && (b.Subscriber == "" || b.Subscriber == l.Subscriber)
		})
		if known || l.Subscriber != "" && dir.Subscribers[l.Subscriber] == nil {
			continue
		}
		b := subscriber.Block{ID: mint.Block(), Subscriber: l.Subscriber, NumberHash: l.NumberHash, Masked: l.Masked, OwnWish: true,
			Reason: "asked never to be called", CreatedAt: l.Since}
		r := consent.Record{Act: consent.OptedOut, Route: consent.ByRestore, Subscriber: l.Subscriber, At: time.Now().UTC(), Person: consent.Person{NumberHash: l.NumberHash}}
		if err := db.OptOut(ctx, b, r, nil); err != nil {
			return err
		}
		brought++
	}
	if brought > 0 {
		n.log.Warn("the database is older than the list of those who asked never to be called; they are blocked again", "count", brought, "list", n.path)
	}
	return nil
}

func (n *neverList) read() (out []neverLine, err error) {
	b, err := os.ReadFile(n.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, rights(n.path, err)
	}
	for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
		var l neverLine
		if err := json.Unmarshal(s.Bytes(), &l); err != nil || l.NumberHash == "" {
			return nil, fmt.Errorf("%s is damaged: %q is no line of it. Restore it from your backup, or take the line out", n.path, s.Text())
		}
		out = append(out, l)
	}
	return out, nil
}

// keep writes the list as the directory has it. What cannot be written is tried again with the next snapshot.
func (n *neverList) keep(d *directory.Directory) {
	var lines []string
	for _, b := range d.Blocks {
		if b.OwnWish {
			text, _ := json.Marshal(neverLine{b.NumberHash, b.Subscriber, b.Masked, b.CreatedAt}) // of strings and a time
			lines = append(lines, string(text)+"\n")
		}
	}
	slices.Sort(lines)
	text := []byte(strings.Join(lines, ""))
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.last == nil {
		n.last, _ = os.ReadFile(n.path)
	}
	if bytes.Equal(n.last, text) {
		return
	}
	if err := writeWhole(n.path, text); err != nil {
		n.log.Error("the list of those who asked never to be called is not written; it will be with the next change", "list", n.path, "err", err)
		return
	}
	n.last = text
}
