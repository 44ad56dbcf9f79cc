// Package studio is where a business's own recordings are made and kept: an owner is rung and speaks them, or a file is
// sent. What visitors hear from then on is what is kept here.
package studio

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/speech"
	"ringback/internal/subscriber"
)

// Studio records and keeps prompts.
type Studio struct {
	Deps
	keeping chan struct{} // holds one while a recording is kept: two of one business must not forget each other

	mu    sync.Mutex
	calls map[id.Callback]*session
}

// Deps are what a studio needs.
type Deps struct {
	Switch  cti.Switch
	Book    directory.Book
	Reload  func(context.Context) error // brings what the book says into force
	Hash    func(cti.Endpoint) string   // under which numbers are blocked
	Mint    *id.Mint
	Speaker speech.Speaker
	Dir     string // recordings lie in a folder for each business below it
	Now     func() time.Time
	Log     *slog.Logger
}

// New opens a studio.
func New(d Deps) *Studio {
	return &Studio{Deps: d, keeping: make(chan struct{}, 1), calls: map[id.Callback]*session{}}
}

// NameLength is how long a business's spoken name may be: it stands inside a sentence.
const NameLength = 8 * time.Second

// Names of the prompts of a business.
var Names = []string{"spoken_name", "announcement", "wait", "sorry", "closed"}

// prompt is where a business keeps the path of a prompt; nil for an unknown name.
func prompt(p *subscriber.Prompts, name string) *string {
	switch name {
	case "spoken_name":
		return &p.SpokenName
	case "announcement":
		return &p.Announcement
	case "wait":
		return &p.Wait
	case "sorry":
		return &p.Sorry
	case "closed":
		return &p.Closed
	}
	return nil
}

// Check says, in words for people, why a file cannot be the prompt of that name.
func Check(name string, wav []byte) error {
	if prompt(&subscriber.Prompts{}, name) == nil {
		return fault.At("name", fault.WrongType, "There is no prompt %.40q; there are %s.", name, strings.Join(Names, ", "))
	}
	longest := speech.MaxLength
	if name == "spoken_name" {
		longest = NameLength
	}
	if len(wav) > speech.MaxBytes {
		return fault.New(fault.TooLarge, "The recording is larger than %d kB.", speech.MaxBytes>>10)
	}
	if _, err := speech.CheckSound(wav, longest); err != nil {
		return fault.At(name, fault.WrongType, "This cannot be played: %v. Send a WAV file: PCM of 16 bits, A-law or u-law.", err)
	}
	return nil
}

// Keep makes a recording the prompt of a business. It is on disk before anything points to it.
func (s *Studio) Keep(ctx context.Context, sub id.Subscriber, name string, wav []byte) error {
	if err := Check(name, wav); err != nil {
		return err
	}
	select {
	case s.keeping <- struct{}{}:
		defer func() { <-s.keeping }()
	case <-ctx.Done():
		return ctx.Err()
	}
	dir, err := s.Book.Directory(ctx)
	if err != nil {
		return err
	}
	old := dir.Subscribers[sub]
	if old == nil {
		return fault.New(fault.NotFound, "There is no such subscriber.")
	}
	path, err := s.write(sub, name, wav)
	if err != nil {
		return fault.New(fault.StorageFull, "The recording could not be kept.").Because(err)
	}
	now := *old
	was := *prompt(&now.Prompts, name)
	*prompt(&now.Prompts, name) = path
	if _, err := s.Book.Apply(ctx, directory.Setup{Subscribers: []subscriber.Subscriber{now}}, directory.Options{}); err != nil {
		return err
	}
	if was != path && filepath.Dir(was) == filepath.Dir(path) {
		os.Remove(was) // ours, and nothing names it any more; a prompt that plays is in memory
	}
	return s.Reload(ctx)
}

// write keeps the file under its content's hash, whole or not at all.
func (s *Studio) write(sub id.Subscriber, name string, wav []byte) (string, error) {
	dir, err := filepath.Abs(filepath.Join(s.Dir, string(sub)))
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	sum := sha256.Sum256(wav)
	path := filepath.Join(dir, name+"-"+hex.EncodeToString(sum[:6])+".wav")
	f, err := os.CreateTemp(dir, ".new-*.wav")
	if err != nil {
		return "", err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(wav)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return "", err
	}
	return path, os.Rename(f.Name(), path)
}

// OnSwitch takes a fact about a call of the studio's own, and says whether it was one.
func (s *Studio) OnSwitch(ev cti.Event) bool {
	s.mu.Lock()
	c := s.calls[ev.Callback]
	s.mu.Unlock()
	if c == nil {
		return false
	}
	select {
	case c.events <- ev:
	default: // nobody listens any more
	}
	return true
}

// telephone reads the number of an owner: policy and blocks hold for it as for a visitor's.
func (s *Studio) telephone(raw string, sub *subscriber.Subscriber, dir *directory.Directory) (cti.Endpoint, error) {
	to, err := dialled(raw, sub)
	if err != nil {
		return "", err
	}
	now := s.Now()
	for _, b := range dir.BlocksOf(s.Hash(to)) {
		if (b.Subscriber == "" || b.Subscriber == sub.ID) && (b.Until.IsZero() || now.Before(b.Until)) {
			return "", fault.At("number", fault.NumberNotServed, "This number asked not to be called.")
		}
	}
	return to, nil
}

func (s *Studio) begin(c *session) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.calls {
		if o.sub.ID == c.sub.ID || o.order.To == c.order.To {
			return fault.New(fault.NumberBusy, "Somebody records for this business, or at this telephone, already.")
		}
	}
	s.calls[c.order.Callback] = c
	return nil
}

func (s *Studio) end(c *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.calls, c.order.Callback)
}

var errGone = fmt.Errorf("the owner hung up")
