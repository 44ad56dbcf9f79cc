package ladder

import (
	"bufio"
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"ringback/internal/id"
)

// Config is what a Store needs. Zero limits are the defaults.
type Config struct {
	Dir     string
	Keep    time.Duration // older files go
	Most    int64         // bytes of all files; the oldest go
	File    int64         // bytes of one file
	Log     *slog.Logger
	Waiting int // entries that may wait for the disk
}

// Defaults.
const (
	DefaultKeep    = 7 * 24 * time.Hour
	defaultMost    = 256 << 20
	defaultFile    = 8 << 20
	defaultWaiting = 20000

	batch  = 250 * time.Millisecond // entries are written together
	linger = 64 * time.Second       // messages of an ended leg may still come
	hourly = time.Hour              // a file is no longer, so that old ones can go
)

// Store writes entries. A nil Store takes everything and keeps nothing.
type Store struct {
	c       Config
	names   sync.Map // Call-ID -> *named
	taps    sync.Map // Callback -> func(Entry)
	dropped atomic.Int64
	kick    chan struct{}
	ask     chan func() // done between two writings
	quit    chan struct{}
	done    chan struct{}

	mu      sync.Mutex
	waiting []Entry
	closed  bool

	// Of the goroutine.
	file  *os.File
	size  int64
	began time.Time
	bad   bool // the disk refused; told once
}

type named struct {
	Leg
	over atomic.Int64 // when it ended, unix nanoseconds; 0 = it is up
}

// Open opens the folder and begins to write.
func Open(c Config) (*Store, error) {
	if c.Keep <= 0 {
		c.Keep = DefaultKeep
	}
	if c.Most <= 0 {
		c.Most = defaultMost
	}
	if c.File <= 0 {
		c.File = defaultFile
	}
	if c.Waiting <= 0 {
		c.Waiting = defaultWaiting
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("ladder: %w", err)
	}
	s := &Store{c: c, kick: make(chan struct{}, 1), ask: make(chan func()), quit: make(chan struct{}), done: make(chan struct{})}
	go s.run()
	return s, nil
}

// Close writes what waits.
func (s *Store) Close() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	was := s.closed
	s.closed = true
	s.mu.Unlock()
	if !was {
		close(s.quit)
	}
	<-s.done
	return nil
}

// Dropped counts the entries that found no room.
func (s *Store) Dropped() int64 {
	if s == nil {
		return 0
	}
	return s.dropped.Load()
}

// Name says whose messages a Call-ID has; those of others are not kept.
func (s *Store) Name(callID string, l Leg) {
	if s != nil {
		s.names.Store(callID, &named{Leg: l})
	}
}

// Over says that a Call-ID's leg has ended; its last messages are still taken.
func (s *Store) Over(callID string, at time.Time) {
	if s == nil {
		return
	}
	if n, ok := s.names.Load(callID); ok {
		n.(*named).over.Store(at.UnixNano())
	}
}

// Message takes a message as it was on the wire; the bytes are copied. It does not wait.
func (s *Store) Message(e Entry, msg []byte) {
	if s == nil {
		return
	}
	callID := CallID(msg)
	n, ok := s.names.Load(string(callID))
	if !ok {
		return
	}
	leg := n.(*named).Leg
	e.Kind, e.CallID, e.Callback, e.Leg, e.Party, e.Text = SIP, string(callID), leg.Callback, leg.ID, leg.Party, string(msg)
	s.Add(e)
}

// CallID finds the Call-ID of a message, nil = it has none.
func CallID(msg []byte) []byte {
	for len(msg) > 0 {
		line, rest, _ := bytes.Cut(msg, []byte("\n"))
		msg = rest
		if line = trimmed(line); len(line) == 0 {
			return nil
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if name = bytes.TrimRight(name, " \t"); ok && (len(name) == 7 && bytes.EqualFold(name, []byte("call-id")) || len(name) == 1 && name[0]|0x20 == 'i') {
			return bytes.TrimSpace(value)
		}
	}
	return nil
}

// Follow tells f of each entry of a callback as it comes, before it is cleaned and kept, until stop. f is called by
// whoever tells of a message: it may not wait. A nil Store tells nothing.
func (s *Store) Follow(cb id.Callback, f func(Entry)) (stop func()) {
	if s == nil {
		return func() {}
	}
	s.taps.Store(cb, f)
	return func() { s.taps.Delete(cb) }
}

// Add takes an entry. It does not wait.
func (s *Store) Add(e Entry) {
	if s == nil {
		return
	}
	if f, ok := s.taps.Load(e.Callback); ok {
		f.(func(Entry))(e)
	}
	s.mu.Lock()
	if s.closed || len(s.waiting) >= s.c.Waiting {
		s.mu.Unlock()
		s.dropped.Add(1)
		return
	}
	s.waiting = append(s.waiting, e)
	first := len(s.waiting) == 1
	s.mu.Unlock()
	if first {
		select {
		case s.kick <- struct{}{}:
		default:
		}
	}
}

func (s *Store) run() {
	defer close(s.done)
	t := time.NewTimer(hourly)
	defer t.Stop()
	s.tidy(time.Now())
	for {
		select {
		case <-s.kick:
		case do := <-s.ask:
			do()
			continue
		case <-s.quit:
			s.write()
			s.shut()
			return
		}
		t.Reset(batch)
		select {
		case <-t.C:
		case <-s.quit:
		}
		s.write()
	}
}

// write brings what waits to the disk.
func (s *Store) write() {
	s.mu.Lock()
	all := s.waiting
	s.waiting = nil
	s.mu.Unlock()
	if len(all) == 0 {
		return
	}
	now := time.Now()
	if s.file == nil || s.size >= s.c.File || now.Sub(s.began) >= hourly {
		s.shut()
		s.tidy(now)
		s.begin(all[0].At)
	}
	if s.file == nil {
		s.dropped.Add(int64(len(all)))
		return
	}
	w := bufio.NewWriterSize(s.file, 64<<10)
	var room []byte
	for i := range all {
		room = all[i].record(room[:0])
		s.size += int64(len(room))
		if _, err := w.Write(room); err != nil {
			s.fails(err)
			return
		}
	}
	if err := w.Flush(); err != nil {
		s.fails(err)
	}
}

// fails gives the file up; the next batch tries another.
func (s *Store) fails(err error) {
	if !s.bad {
		s.c.Log.Error("messages of calls are not kept", "folder", s.c.Dir, "error", err)
	}
	s.bad = true
	s.shut()
}

func (s *Store) shut() {
	if s.file != nil {
		s.file.Close()
	}
	s.file = nil
}

const stamp = "20060102T150405.000000000Z"

// begin opens a file that is named after its first entry.
func (s *Store) begin(first time.Time) {
	path := filepath.Join(s.c.Dir, first.UTC().Format(stamp)+suffix)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		s.fails(err)
		return
	}
	s.file, s.size, s.began, s.bad = f, 0, time.Now(), false
}

const suffix = ".ladder"

// tidy deletes what is too old or too much, and forgets Call-IDs of legs that are long over.
func (s *Store) tidy(now time.Time) {
	s.names.Range(func(k, v any) bool {
		if at := v.(*named).over.Load(); at != 0 && now.UnixNano()-at > int64(linger) {
			s.names.Delete(k)
		}
		return true
	})
	all := files(s.c.Dir)
	var sum int64
	for i, f := range slices.Backward(all) {
		old := i+1 < len(all) && now.Sub(all[i+1].from) > s.c.Keep || i+1 == len(all) && now.Sub(f.changed) > s.c.Keep
		if sum += f.size; sum > s.c.Most || old {
			if err := os.Remove(f.path); err != nil {
				s.c.Log.Warn("an old file of messages stays", "file", f.path, "error", err)
			}
		}
	}
}

type segment struct {
	path    string
	from    time.Time // its first entry
	changed time.Time
	size    int64
}

// files lists the folder, the oldest first.
func files(dir string) (out []segment) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	for _, e := range entries { // by name, which is by time
		name, ok := strings.CutSuffix(e.Name(), suffix)
		from, err := time.Parse(stamp, name)
		info, stat := e.Info()
		if ok && err == nil && stat == nil {
			out = append(out, segment{filepath.Join(dir, e.Name()), from, info.ModTime(), info.Size()})
		}
	}
	return out
}
