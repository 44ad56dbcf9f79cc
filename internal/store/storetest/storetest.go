// Package storetest is what every store must pass: one suite for SQLite, PostgreSQL and memory.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"
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
	"ringback/internal/phone"
	"ringback/internal/room"
	"ringback/internal/schedule"
	"ringback/internal/subscriber"
	"ringback/internal/words"
)

// Store is all that a store does.
type Store interface {
	callback.Store
	callback.Watchers
	directory.Book
	cti.Registrations
	login.Sessions
	login.PasskeyStore
	letter.Outbox
	// Companion finds a link to a call's page by the hash of its token; nil = there is none.
	Companion(ctx context.Context, tokenHash string) (*callback.Companion, error)
	consent.Ledger
	// Remarks are what people wrote about callbacks; those without are left out.
	Remarks(ctx context.Context, all []id.Callback) (map[id.Callback]callback.Remarks, error)
	Begin(ctx context.Context, o callback.Once) (*callback.Kept, error)
	Keep(ctx context.Context, o callback.Once, k callback.Kept) error
	Drop(ctx context.Context, o callback.Once) error
	Close() error
}

// Opener opens an empty store; again closes it as a dying process would and opens what it left.
type Opener func(t *testing.T, mint *id.Mint, now func() time.Time) (s Store, again func() Store)

// Run runs the suite, each test on a store of its own.
func Run(t *testing.T, open Opener) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, *House)
	}{
		{"a wish is kept whole", keptWhole},
		{"foreign and unknown are not found", notFound},
		{"the newest of a number", ofNumber},
		{"who talked last", lastAgent},
		{"a call that came in becomes a callback", becomesCallback},
		{"a step writes what changed", stepWrites},
		{"a step that fails writes nothing", stepFails},
		{"two that step at once both count", stepConflict},
		{"lists are newest first, in pages", pages},
		{"live and due", liveAndDue},
		{"one live callback per number", numberBusy},
		{"a proof is used up once", proofOnce},
		{"limits slide over subscribers", velocity},
		{"a step counts towards limits", stepVelocity},
		{"a budget holds to one call", budget},
		{"an alarm is raised once", alarms},
		{"how calls to a block of numbers went", tried},
		{"two want the last place of a slot", lastPlace},
		{"a step blocks a number", stepBlocks},
		{"the line is bounded", lineBounded},
		{"a rehearsal is checked and leaves nothing", rehearsal},
		{"contacts and threads are met again", metAgain},
		{"an agent taken rolls all back", agentTaken},
		{"of two that reserve one agent one wins", oneAgent},
		{"agents move", agentsMove},
		{"a repeated wish gets the first answer", repeated},
		{"one key at once makes one callback", repeatedAtOnce},
		{"requests are claimed, kept and dropped", claims},
		{"everything is there after a restart", restart},
		{"a visitor who leaves loses nothing", ctxGone},
		{"apply is idempotent", applyIdempotent},
		{"people of businesses", users},
		{"apply resolves or refuses references", applyReferences},
		{"prune and delete", pruneAndDelete},
		{"agents keep their status on apply", applyStatus},
		{"a refusal is recorded", refusal},
		{"registrations are kept", registrations},
		{"sessions are kept", sessions},
		{"passkeys are kept", passkeys},
		{"remarks come with steps", remarks},
		{"letters wait until they are sent", letters},
		{"letters and links come with steps", stepPosts},
		{"consents are chained", ledger},
		{"an opt-out is one block for ever", neverBlocks},
		{"desks list what is theirs", desks},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, NewHouse(t, open))
		})
	}
}

// House is a store with a business, an agent and a clock.
type House struct {
	T     testing.TB
	Clock *Clock
	Mint  *id.Mint
	Store
	Again func() Store

	Acme, Zen id.Subscriber
	Button    id.Button
	Ann, Bob  id.Agent
}

// Clock stands until it is moved.
type Clock struct {
	mu sync.Mutex
	t  time.Time
}

// Now is the time it shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

// Pass moves it on.
func (c *Clock) Pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// NewHouse opens a store and sets up two businesses, a button and two agents.
func NewHouse(t *testing.T, open Opener) *House {
	h := &House{T: t, Clock: &Clock{t: time.Date(2026, 3, 2, 9, 0, 0, 123456789, time.UTC)}}
	h.Mint = id.NewMint(h.Clock.Now, rand.NewChaCha8([32]byte{1}))
	h.Store, h.Again = open(t, h.Mint, h.Clock.Now)
	if _, err := h.Apply(t.Context(), Setup(), directory.Options{}); err != nil {
		t.Fatal(err)
	}
	h.know()
	return h
}

func (h *House) know() {
	d, err := h.Directory(context.Background())
	if err != nil {
		h.T.Fatal(err)
	}
	h.Acme, h.Zen = id.Subscriber(d.ID(directory.Subscriber, "acme")), id.Subscriber(d.ID(directory.Subscriber, "zen"))
	h.Button = id.Button(d.ID(directory.Button, "acme-main"))
	h.Ann, h.Bob = id.Agent(d.ID(directory.Agent, "ann")), id.Agent(d.ID(directory.Agent, "bob"))
}

// Wish is a new callback of acme to the number, as full as can be.
func (h *House) Wish(number phone.Number) callback.New {
	h.Clock.Pass(2 * time.Millisecond)
	now := h.Clock.Now()
	e := cti.Endpoint("tel:" + number)
	c := &callback.Callback{
		ID: h.Mint.Callback(), TokenHash: id.TokenHash(h.Mint.Token(id.CallbackToken)), Subscriber: h.Acme, Button: h.Button,
		State: callback.Queued, Order: subscriber.AgentFirst, Reason: callback.ReasonBooked, Number: number, Endpoint: e,
		NumberHash: "hash of " + string(number), Destination: "sip:own@127.0.0.1", CallerID: "+12025550190",
		Name: "Zoë \U0001F4DE", Topic: "a leak", Fields: map[string]string{"street": "Elm"}, Page: "https://acme.example/", Language: "en",
		Metadata: map[string]string{"order": "7"}, When: `{"now":true}`, Wall: "2026-03-02T09:00", Zone: "America/New_York",
		ArrivedAt: now, DueAt: now.Add(time.Minute), CreatedAt: now, Priority: 2, FrontAt: now, Wanted: "agt_last", WantedUntil: now.Add(time.Minute), Tries: 3, MaxTalk: time.Hour,
		Confirm: subscriber.Confirm{Agent: "auto", Visitor: "key"}, Fence: 1, Version: 1, Actor: callback.ByVisitor,
	}
	return callback.New{
		Callback:    c,
		Lines:       []callback.Line{{At: now, Actor: callback.ByVisitor, Event: "requested", To: callback.Queued, Reason: callback.ReasonBooked, Detail: "from the form"}},
		Contact:     room.Contact{ID: h.Mint.Contact(), Subscriber: h.Acme, Number: number, Name: "Zoë", CreatedAt: now, LastAt: now},
		Interaction: room.Interaction{ID: h.Mint.Interaction(), Subscriber: h.Acme, OpenedAt: now, LastAt: now},
		Consent: &consent.Record{ID: h.Mint.Consent(), Subscriber: h.Acme, Callback: c.ID, Act: consent.Given, Route: consent.ByForm,
			Text: consent.Shown(words.English(), "Acme", consent.ByPhone), At: now,
			Person: consent.Person{Number: string(number), NumberHash: c.NumberHash, Page: "https://acme.example/?q=\x00", Address: "h", UserAgent: "test"}},
	}
}

// Ring adds an attempt with a leg to the agent.
func (h *House) Ring(n *callback.New) {
	now := h.Clock.Now()
	c := n.Callback
	c.State, c.Fence = callback.RingingAgent, c.Fence+1
	c.Attempts = append(c.Attempts, callback.Attempt{
		N: len(c.Attempts) + 1, Fence: c.Fence, Agent: h.Ann, Representation: "rep_x", Device: 1, StartedAt: now,
		Legs: []callback.Leg{{ID: h.Mint.Leg(), Party: cti.Agent, Agent: "agt_ann", Role: callback.Third, Endpoint: "sip:ann@127.0.0.1:5080", State: cti.Created, CreatedAt: now, SentAt: now, Ref: "\x00\xffopaque"}},
	})
	n.Lines = append(n.Lines, callback.Line{At: now, Actor: callback.ByRingback, From: callback.Queued, Event: "agent_found", To: callback.RingingAgent})
}

// Made creates a wish and returns it.
func (h *House) Made(number phone.Number) *callback.Callback {
	h.T.Helper()
	n := h.Wish(number)
	if err := h.Create(context.Background(), n); err != nil {
		h.T.Fatal(err)
	}
	return n.Callback
}

// End steps a callback to its end.
func (h *House) End(cb id.Callback) {
	h.T.Helper()
	h.Clock.Pass(time.Second)
	h.step(cb, func(c *callback.Callback) {
		c.State, c.Outcome, c.EndedAt, c.DueAt = callback.Ended, callback.Completed, h.Clock.Now(), time.Time{}
	})
}

func (h *House) step(cb id.Callback, change func(*callback.Callback), moves ...callback.Move) *callback.Callback {
	h.T.Helper()
	c, err := h.Step(context.Background(), cb, func(c *callback.Callback) (callback.Change, error) {
		from := c.State
		change(c)
		return callback.Change{Lines: []callback.Line{{At: h.Clock.Now(), Actor: callback.ByRingback, From: from, Event: "test", To: c.State}}, Agents: moves}, nil
	})
	if err != nil {
		h.T.Fatal(err)
	}
	return c
}

func (h *House) read(cb id.Callback) *callback.Callback {
	h.T.Helper()
	c, err := h.Callback(context.Background(), "", cb)
	if err != nil {
		h.T.Fatal(err)
	}
	return c
}

func wants(t testing.TB, err error, code fault.Code) {
	t.Helper()
	if !fault.Is(err, code) {
		t.Fatalf("error is %v, want fault %s", err, code)
	}
}

// same compares two callbacks as they are kept.
func same(t testing.TB, got, want *callback.Callback) {
	t.Helper()
	g, w := plain(got), plain(want)
	if !reflect.DeepEqual(g, w) {
		t.Fatalf("callback differs:\n got %+v\nwant %+v", g, w)
	}
}

// plain is a copy with times in whole microseconds and no difference between an empty list and none.
func plain(c *callback.Callback) callback.Callback {
	d := c.Clone()
	times(reflect.ValueOf(d).Elem())
	if len(d.Attempts) == 0 {
		d.Attempts = nil
	}
	return *d
}

func times(v reflect.Value) {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		if t := v.Interface().(time.Time); !t.IsZero() {
			v.Set(reflect.ValueOf(time.UnixMicro(t.UnixMicro()).UTC()))
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			times(v.Field(i))
		}
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			times(v.Index(i))
		}
	}
}

// Setup is what every house begins with.
func Setup() directory.Setup {
	return directory.Setup{
		Trunks: []cti.Trunk{{Slug: "pstn", Address: "sip:127.0.0.1:5070;transport=udp", Prefixes: []string{""}, Priority: 1, MaxCalls: 50,
			CallsPerSecond: 2.5, NumberFormat: cti.PlusE164, CallerID: cti.InFrom, Username: "u", Password: "carrier-secret", Codecs: []cti.Codec{cti.PCMU}, Headers: true}},
		Subscribers: []subscriber.Subscriber{
			{Slug: "acme", Name: "Acme Plumbing", Regions: []string{"US"}, TimeZone: "America/New_York", CallerID: "+12025550190", Numbers: []phone.Number{"+12025550191"}, Destination: "tel:+12025550101",
				Prompts: subscriber.Prompts{Wait: "wait.wav", Closed: "closed.wav"}, Language: "de", Limits: subscriber.Limits{Concurrent: 5, MaxTalk: time.Hour},
				Routing: subscriber.Routing{Level: subscriber.Level{Target: 90, Within: 20 * time.Second}, Strategy: subscriber.RoundRobin, WrapUp: time.Minute, PreferLast: 30 * time.Second,
					Escalate: subscriber.Escalation{After: time.Minute, To: "bob", Confirm: "key"}}},
			{Slug: "zen", Name: "Zen Garden", Regions: []string{"US", "CA"}, TimeZone: "America/Chicago"},
		},
		Buttons: []subscriber.Button{{Slug: "acme-main", Subscriber: "acme", Origins: []string{"http://localhost:8081"}, Order: subscriber.AgentFirst,
			Confirm: subscriber.Confirm{Agent: "auto", Visitor: "auto"}, Channels: []string{"phone"}, Proof: "off", Tries: 3,
			Fields: []subscriber.Field{{Name: "street", Label: "Street", Required: true}}, Skills: map[string]int{"plumbing": 3}, Priority: 2}},
		Agents: []agent.Agent{
			{Slug: "ann", Name: "Ann", Devices: []agent.Device{{To: "sip:ann@127.0.0.1:5080", Ring: 20 * time.Second, Confirm: "key"}}, PasswordHash: "argon", SIP: cti.NewSecret("ann", "argon"), Ready: true, Ring: agent.RingTogether, PauseAfter: 3, Notify: letter.Address{Kind: letter.SMS, To: "+12025550112"}},
			{Slug: "bob", Name: "Bob", Devices: []agent.Device{{To: "tel:+12025550111"}}},
		},
		Representations: []agent.Representation{{Agent: "ann", Subscriber: "acme", DisplayName: "Ann at Acme", Greeting: "Acme, Ann speaking",
			Skills: map[string]int{"plumbing": 5}, Languages: []string{"en"}, Hours: evenings(), Priority: 1}},
	}
}

func evenings() schedule.Hours {
	h, err := schedule.ParseHours(map[string][]string{"mon-fri": {"17:00-23:00"}})
	if err != nil {
		panic(err)
	}
	return h
}

var errNo = errors.New("no")

func numbered(i int) phone.Number { return phone.Number(fmt.Sprintf("+1202555%04d", 100+i)) }
