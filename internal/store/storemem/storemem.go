// Package storemem is a store in memory: what simulated days run on. It passes the same suite as the databases.
//
// A simulated crash is Crash: from then on every border fails, until the next process begins with Reopen on what was
// "on disk". Fail makes single operations fail.
package storemem

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/consent"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/letter"
	"ringback/internal/login"
	"ringback/internal/room"
	"ringback/internal/store/micro"
)

// ErrCrashed is what every method returns after Crash.
var ErrCrashed = errors.New("storemem: crashed")

// Store is the memory. Values go in and out as deep copies.
type Store struct {
	mint *id.Mint
	now  func() time.Time

	// Fail is asked with an operation ("create", "step", …) before it is done, and with its name and " done" after it
	// took effect and before the caller learns of it. An error is what the caller gets. nil = nothing fails.
	Fail func(op string) error

	mu      sync.Mutex
	crashed bool
	kept
}

// kept is what is on disk.
type kept struct {
	callbacks    map[id.Callback]*callback.Callback
	journal      map[id.Callback][]callback.Line
	remarks      map[id.Callback]callback.Remarks
	contacts     map[id.Contact]room.Contact
	interactions map[id.Interaction]room.Interaction
	consents     []consent.Entry
	texts        map[string]consent.Text
	chain        consent.Head
	refusals     []callback.Refusal
	velocity     map[string][]time.Time
	charges      map[id.Leg]charge
	holds        map[id.Callback]hold
	requests     map[request]answer
	claims       map[request]bool // of this process
	agents       map[id.Agent]agent.Status
	directory    *directory.Directory
	telephones   map[string]cti.Registration
	sessions     map[string]login.Session // by the hash of their token
	passkeys     map[string]login.Passkey
	letters      []letter.Letter
	alarms       []callback.Alarm
	companions   map[string]callback.Companion // by the hash of their token
	steps        int64
}

var (
	_ callback.Store = (*Store)(nil)
	_ directory.Book = (*Store)(nil)
)

// New returns an empty store.
func New(mint *id.Mint, now func() time.Time) *Store {
	d := &directory.Directory{}
	d.Index()
	return &Store{mint: mint, now: now, kept: kept{
		callbacks: map[id.Callback]*callback.Callback{}, journal: map[id.Callback][]callback.Line{},
		contacts: map[id.Contact]room.Contact{}, interactions: map[id.Interaction]room.Interaction{},
		velocity: map[string][]time.Time{}, charges: map[id.Leg]charge{}, holds: map[id.Callback]hold{}, requests: map[request]answer{}, claims: map[request]bool{},
		agents: map[id.Agent]agent.Status{}, directory: d, telephones: map[string]cti.Registration{}, sessions: map[string]login.Session{}, passkeys: map[string]login.Passkey{}, remarks: map[id.Callback]callback.Remarks{}, companions: map[string]callback.Companion{}, texts: map[string]consent.Text{},
	}}
}

// Crash makes every method fail from now on.
func (s *Store) Crash() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.crashed = true
}

// Reopen returns a new process's view of what the store holds; this one has crashed then.
func (s *Store) Reopen() *Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.crashed = true
	n := &Store{mint: s.mint, now: s.now, kept: s.kept}
	n.claims = map[request]bool{}
	return n
}

// do runs one operation under the lock, between the two questions of Fail.
func (s *Store) do(ctx context.Context, op string, run func() error) error {
	if err := s.enter(ctx, op); err != nil {
		return err
	}
	s.mu.Lock()
	err := run()
	s.mu.Unlock()
	if err != nil || s.Fail == nil {
		return err
	}
	return s.Fail(op + " done")
}

func (s *Store) enter(ctx context.Context, op string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	crashed := s.crashed
	s.mu.Unlock()
	switch {
	case crashed:
		return ErrCrashed
	case s.Fail != nil:
		return s.Fail(op)
	}
	return nil
}

// Create: see callback.Store.
func (s *Store) Create(ctx context.Context, n callback.New) error {
	var made *callback.Callback
	err := s.do(ctx, "create", func() (err error) {
		made, err = s.create(n)
		return err
	})
	if err != nil {
		return fmt.Errorf("callback %s: create: %w", n.Callback.ID, err)
	}
	n.Callback.Contact, n.Callback.Interaction, n.Callback.Version = made.Contact, made.Interaction, made.Version
	return nil
}

// create checks everything before it writes anything: there is no rollback here.
func (s *Store) create(n callback.New) (*callback.Callback, error) {
	if err := s.replay(n.Once); err != nil {
		return nil, err
	}
	c, lines := n.Callback.Clone(), slices.Clone(n.Lines)
	c.Version = max(1, int64(len(lines)))
	micro.Callback(c)
	micro.Lines(lines, 0)
	if s.callbacks[c.ID] != nil {
		return nil, fmt.Errorf("storemem: callback %s is there already", c.ID)
	}
	for _, check := range []func() error{
		func() error { return final(s.within(n.Proof, c.CreatedAt)) },
		func() error { return s.numberFree(c) },
		func() error { return s.within(n.Velocity, c.CreatedAt) },
		func() error { return s.roomInLine(n.MaxLine, c) },
		func() error { return s.budget(n.Spend, c) },
		func() error { return s.book(n.Booking, c) },
		func() error { return s.movable(n.Agents) },
	} {
		if err := check(); err != nil {
			return nil, err
		}
	}
	if n.Rehearsal {
		return nil, callback.ErrRehearsed
	}
	s.meet(n, c)
	s.count(n.Proof, c.CreatedAt)
	s.count(n.Velocity, c.CreatedAt)
	s.spend(n.Spend, c)
	s.testify(n.Consent, c.ID)
	s.move(n.Agents)
	s.post(n.Letters)
	s.write(c, lines)
	s.answered(n.Once, c)
	return c, nil
}

func (s *Store) write(c *callback.Callback, lines []callback.Line) {
	s.callbacks[c.ID] = c.Clone()
	s.journal[c.ID] = append(s.journal[c.ID], lines...)
	s.steps++
}

func (s *Store) numberFree(c *callback.Callback) error {
	if !c.Live() {
		return nil
	}
	for _, other := range s.callbacks {
		if other.ID != c.ID && other.Live() && other.NumberHash == c.NumberHash {
			return fault.At("number", fault.NumberBusy, "We are already calling this number. Please wait for that call, or cancel it first.")
		}
	}
	return nil
}

func (s *Store) roomInLine(maxLine int, c *callback.Callback) error {
	if maxLine <= 0 || c.State != callback.Queued {
		return nil
	}
	n := 0
	for _, other := range s.callbacks {
		if other.Subscriber == c.Subscriber && other.State == callback.Queued {
			n++
		}
	}
	if n >= maxLine {
		return fault.New(fault.LimitSubscriber, "Too many people are waiting at the moment. Please try again later.").After(5 * time.Minute)
	}
	return nil
}

// Step: see callback.Store.
func (s *Store) Step(ctx context.Context, cb id.Callback, decide func(*callback.Callback) (callback.Change, error)) (*callback.Callback, error) {
	var after *callback.Callback
	err := s.do(ctx, "step", func() (err error) {
		after, err = s.step(cb, decide)
		return err
	})
	if err != nil && !errors.Is(err, callback.ErrNothing) {
		return nil, fmt.Errorf("callback %s: step: %w", cb, err)
	}
	return after, nil
}

func (s *Store) step(cb id.Callback, decide func(*callback.Callback) (callback.Change, error)) (*callback.Callback, error) {
	before := s.callbacks[cb]
	if before == nil {
		return nil, unknown("callback")
	}
	after := before.Clone()
	change, err := decide(after)
	if errors.Is(err, callback.ErrNothing) {
		return before.Clone(), err
	}
	if err != nil {
		return nil, err
	}
	lines := slices.Clone(change.Lines)
	if len(lines) == 0 {
		return nil, errors.New("a step without a line in the journal")
	}
	micro.Lines(lines, before.Version)
	after.Version = before.Version + int64(len(lines))
	micro.Callback(after)
	at := lines[len(lines)-1].At
	for _, check := range []func() error{
		func() error { return grown(before, after) },
		func() error {
			if before.Live() && before.NumberHash == after.NumberHash {
				return nil // it was free before
			}
			return s.numberFree(after)
		},
		func() error { return s.within(change.Velocity, at) },
		func() error { return s.budget(change.Spend, after) },
		func() error { return s.book(change.Booking, after) },
		func() error { return s.movable(change.Agents) },
	} {
		if err := check(); err != nil {
			return nil, err
		}
	}
	s.count(change.Velocity, at)
	s.spend(change.Spend, after)
	s.move(change.Agents)
	s.block(change.Blocks)
	for i := range change.Consents {
		s.testify(&change.Consents[i], after.ID)
	}
	s.remark(after.ID, change.Remarks)
	s.post(change.Letters)
	s.link(change.Companions)
	if before.Live() && !after.Live() {
		s.touch(after.Interaction, after.EndedAt)
	}
	s.write(after, lines)
	return after, nil
}

// grown: attempts and legs are only ever added.
func grown(before, after *callback.Callback) error {
	if len(after.Attempts) < len(before.Attempts) {
		return errors.New("a step took an attempt away")
	}
	for i := range before.Attempts {
		if len(after.Attempts[i].Legs) < len(before.Attempts[i].Legs) {
			return errors.New("a step took a leg away")
		}
	}
	return nil
}

func unknown(what string) error { return fault.New(fault.NotFound, "There is no such %s.", what) }

// Callback: see callback.Store.
func (s *Store) Callback(ctx context.Context, sub id.Subscriber, cb id.Callback) (*callback.Callback, error) {
	return s.find(ctx, func(c *callback.Callback) bool { return c.ID == cb && (sub == "" || c.Subscriber == sub) })
}

// OfNumber: see callback.Store.
func (s *Store) OfNumber(ctx context.Context, sub id.Subscriber, numberHash string, since time.Time) (newest *callback.Callback, err error) {
	err = s.do(ctx, "callback of a number", func() error {
		for _, c := range s.callbacks {
			if c.Subscriber == sub && c.NumberHash == numberHash && c.Order != callback.CallerFirst && (c.Live() || !c.EndedAt.Before(since)) && (newest == nil || c.ID > newest.ID) {
				newest = c.Clone()
			}
		}
		return nil
	})
	return newest, err
}

// LastAgent: see callback.Store.
func (s *Store) LastAgent(ctx context.Context, sub id.Subscriber, numberHash string, since time.Time) (last id.Agent, err error) {
	err = s.do(ctx, "last agent", func() error {
		for _, c := range s.sorted() {
			for _, a := range c.Attempts {
				if c.Subscriber == sub && c.NumberHash == numberHash && a.Result == callback.ResultConnected && a.Agent != "" && !a.EndedAt.Before(since) {
					last = a.Agent
				}
			}
		}
		return nil
	})
	return last, err
}

// ByToken: see callback.Store.
func (s *Store) ByToken(ctx context.Context, tokenHash string) (*callback.Callback, error) {
	return s.find(ctx, func(c *callback.Callback) bool { return c.TokenHash == tokenHash })
}

func (s *Store) find(ctx context.Context, is func(*callback.Callback) bool) (found *callback.Callback, err error) {
	err = s.do(ctx, "callback", func() error {
		for _, c := range s.callbacks {
			if is(c) {
				found = c.Clone()
				return nil
			}
		}
		return unknown("callback")
	})
	return found, err
}

// Callbacks: see callback.Store.
func (s *Store) Callbacks(ctx context.Context, sub id.Subscriber, f callback.Filter) (out []callback.Callback, err error) {
	err = s.do(ctx, "callbacks", func() error {
		for _, c := range s.sorted() {
			if (sub == "" || c.Subscriber == sub) && (f.State == "" || c.State == f.State) && (f.Button == "" || c.Button == f.Button) && (f.NumberHash == "" || c.NumberHash == f.NumberHash) && onDesk(f.Desk, c) &&
				(f.After == "" || c.ID < f.After) {
				bare := *c
				bare.Attempts = nil
				out = append(out, bare)
			}
		}
		slices.Reverse(out)
		if f.Limit > 0 && len(out) > f.Limit {
			out = out[:f.Limit]
		}
		return nil
	})
	return out, err
}

// sorted lists oldest first.
func (s *Store) sorted() []*callback.Callback {
	return slices.SortedFunc(maps.Values(s.callbacks), func(a, b *callback.Callback) int { return strings.Compare(string(a.ID), string(b.ID)) })
}

// Journal: see callback.Store.
func (s *Store) Journal(ctx context.Context, cb id.Callback) (lines []callback.Line, err error) {
	err = s.do(ctx, "journal", func() error {
		lines = slices.Clone(s.journal[cb])
		return nil
	})
	return lines, err
}

// Live: see callback.Store.
func (s *Store) Live(ctx context.Context) (live []*callback.Callback, err error) {
	err = s.do(ctx, "live", func() error {
		for _, c := range s.sorted() {
			if c.Live() || legsLive(c) {
				live = append(live, c.Clone())
			}
		}
		return nil
	})
	return live, err
}

func legsLive(c *callback.Callback) bool {
	return slices.ContainsFunc(c.Attempts, func(a callback.Attempt) bool {
		return slices.ContainsFunc(a.Legs, func(l callback.Leg) bool { return l.State != cti.Ended })
	})
}

// Due: see callback.Store.
func (s *Store) Due(ctx context.Context, now time.Time, limit int) (due []id.Callback, err error) {
	err = s.do(ctx, "due", func() error {
		var all []*callback.Callback
		for _, c := range s.sorted() {
			if c.Live() && !c.DueAt.IsZero() && !c.DueAt.After(now) {
				all = append(all, c)
			}
		}
		slices.SortStableFunc(all, func(a, b *callback.Callback) int { return a.DueAt.Compare(b.DueAt) })
		for _, c := range all[:min(limit, len(all))] {
			due = append(due, c.ID)
		}
		return nil
	})
	return due, err
}

// Refuse: see callback.Store.
func (s *Store) Refuse(ctx context.Context, r callback.Refusal) error {
	return s.do(ctx, "refuse", func() error {
		s.refusals = append(s.refusals, r)
		return nil
	})
}

// All returns every callback with its journal, oldest first: for the invariants of a simulated day. It works after a
// crash.
func (s *Store) All() (all []*callback.Callback, journal map[id.Callback][]callback.Line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	journal = map[id.Callback][]callback.Line{}
	for _, c := range s.sorted() {
		all = append(all, c.Clone())
		journal[c.ID] = slices.Clone(s.journal[c.ID])
	}
	return all, journal
}

// Refusals returns what was refused at the door.
func (s *Store) Refusals() []callback.Refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.refusals)
}

// Close does nothing: memory is kept for Reopen.
func (s *Store) Close() error { return nil }

func onDesk(d *callback.Desk, c *callback.Callback) bool {
	return d == nil || slices.Contains(d.Represents, c.Subscriber) && (d.All || c.State != callback.Ended || c.Hers(d.Agent))
}
