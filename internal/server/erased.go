package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/fault"
	"ringback/internal/id"
)

// data/erased is who was erased, and when, beside the database: one that is restored from a backup still knows her, and the next
// start takes her away again. There are no numbers in it, only their keyed hashes.
const erasedName = "erased"

type erasedLine struct {
	NumberHash string        `json:"number_hash"`
	Subscriber id.Subscriber `json:"subscriber,omitempty"` // "" = by every business
	At         time.Time     `json:"at"`
}

// noteErased adds somebody to the list.
func (p people) noteErased(l erasedLine) error {
	path := filepath.Join(p.Config.Data, erasedName)
	now, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return rights(path, err)
	}
	text, _ := json.Marshal(l) // of strings and a time
	return write(path, append(now, append(text, '\n')...))
}

func readErased(data string) (out []erasedLine, err error) {
	path := filepath.Join(data, erasedName)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, rights(path, err)
	}
	for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
		var l erasedLine
		if err := json.Unmarshal(s.Bytes(), &l); err != nil || l.NumberHash == "" {
			return nil, fmt.Errorf("%s is damaged: %q is no line of it. Restore it from your backup, or take the line out", path, s.Text())
		}
		out = append(out, l)
	}
	return out, nil
}

// byRestore is who erases when restored data hold somebody who was erased since: the word in the audit.
const byRestore = "restore"

// eraseAgain takes away whom restored data know again. Who has come back after she was erased stays.
func (p people) eraseAgain(ctx context.Context) error {
	all, err := readErased(p.Config.Data)
	if err != nil {
		return err
	}
	for _, l := range all {
		to, err := p.Store.TelephoneOf(ctx, l.NumberHash)
		if err != nil {
			return err
		}
		if to == "" {
			continue
		}
		if err := p.eraseOne(ctx, l, to); err != nil {
			return err
		}
	}
	return nil
}

func (p people) eraseOne(ctx context.Context, l erasedLine, to cti.Endpoint) error {
	own, _, err := p.Store.CallsOf(ctx, p.who(l.Subscriber, to))
	if err != nil {
		return err
	}
	for _, cb := range own {
		c, err := p.Store.Callback(ctx, "", cb)
		if err != nil {
			return err
		}
		if c.CreatedAt.After(l.At) {
			return nil
		}
		if c.Live() { // when she was erased nothing was promised any more
			if _, err := p.Conductor.Cancel(ctx, cb, callback.ByStaff); err != nil {
				return err
			}
		}
	}
	did, err := p.erase(ctx, l.Subscriber, to, byRestore)
	if fault.Is(err, fault.NumberOwn) {
		return nil // it has become one of ours
	}
	if err == nil {
		p.log.WarnContext(ctx, "restored data held somebody who was erased since; she is erased again", "callbacks", did.Callbacks)
	}
	return err
}
