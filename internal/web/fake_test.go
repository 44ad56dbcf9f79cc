package web_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/challenge"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/letter"
	"ringback/internal/live"
	"ringback/internal/login"
	"ringback/internal/phone"
	"ringback/internal/schedule"
	"ringback/internal/subscriber"
	"ringback/internal/web"
)

// house is the doors on fakes of what lies behind them: enough of a conductor and a store to see what the doors make
// of their answers.
type house struct {
	prompts []string // that were sent
	t       *testing.T
	handler http.Handler
	live    *live.Hub
	mint    *id.Mint
	log     *bytes.Buffer
	panics  int

	mu        sync.Mutex
	now       time.Time
	dir       *directory.Directory
	callbacks map[id.Callback]*callback.Callback
	tokens    map[string]string // hash -> token
	kept      map[string]*callback.Kept
	working   map[string]bool
	next      error               // of the next call to the conductor or the book
	asked     []callback.Request  // what reached the conductor
	stopped   []string            // who is never to be called, whom that binds, and by which way it came
	place     map[id.Callback]int // in line
	waits     map[id.Callback]time.Duration
	statuses  map[id.Agent]agent.Status // of agents
	explode   bool                      // the conductor panics
	remote    string                    // address of the visitor; "" = httptest's
	checks    map[string]string         // of readyz
	tapes     *tapes
	folk      *folk
	gate      *login.Gate
	remarks   map[id.Callback]callback.Remarks
	orders    []string // of desks, that reached the conductor
	hearts    *live.Hearts
	links     map[string]callback.Companion // to pages of calls
	asks      string                        // follows a path
	letters   []letter.Letter
}

const (
	base        = "http://call.test"
	operatorKey = "sk_operator-operator-operator-operator-oper"
	acmeKey     = "sk_acme-acme-acme-acme-acme-acme-acme-acme-acm"
	otherKey    = "sk_other-other-other-other-other-other-other"
)

// Ids of what the house begins with.
var (
	acme, other         = id.Subscriber("sub_" + tail("a")), id.Subscriber("sub_" + tail("b"))
	acmeMain, otherMain = id.Button("btn_" + tail("a")), id.Button("btn_" + tail("b"))
	ann                 = id.Agent("agt_" + tail("a"))
	annAtAcme           = id.Representation("rep_" + tail("a"))
	pstn                = id.Trunk("trk_" + tail("a"))
	acmeBlock           = id.Block("blk_" + tail("a"))
	olga                = id.User("usr_" + tail("a")) // of Acme
	omar                = id.User("usr_" + tail("b")) // of the other business
	opKey, subKey, oKey = id.Key("key_" + tail("0")), id.Key("key_" + tail("a")), id.Key("key_" + tail("b"))
)

func tail(s string) string { return "01jd" + strings.Repeat(s, 22) }

func newHouse(t *testing.T) *house {
	h := &house{
		t: t, live: live.NewHub(), log: &bytes.Buffer{}, now: time.Date(2026, 12, 1, 15, 0, 0, 0, time.UTC), // Tuesday 10:00 in New York
		callbacks: map[id.Callback]*callback.Callback{}, tokens: map[string]string{}, kept: map[string]*callback.Kept{}, working: map[string]bool{},
		checks: map[string]string{"database": "ok", "switch": "ok"}, place: map[id.Callback]int{}, waits: map[id.Callback]time.Duration{}, statuses: map[id.Agent]agent.Status{ann: {Presence: agent.Ready}},
	}
	h.tapes, h.folk, h.remarks = &tapes{}, &folk{}, map[id.Callback]callback.Remarks{}
	h.mint = id.NewMint(h.Now, rand.Reader)
	h.dir = firstDirectory(t)
	h.hearts = live.NewHearts(h.Now)
	h.gate = login.NewGate(login.GateDeps{Sessions: &sessions{all: map[string]login.Session{}}, Mint: h.mint, Now: h.Now, Cost: cheap,
		Account: func(idOrLogin string) *login.Account { return h.Directory().Account(idOrLogin) }})
	h.handler = web.New(web.Deps{
		URL: base, Now: h.Now, Mint: h.mint, Log: slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Conductor: h, Callbacks: reader{h}, Book: h, Recordings: h.tapes, Prompts: recordings{h}, Once: h, Live: h.live, Gate: h.gate, Hearts: h.hearts, Browsers: h, Passkeys: keyring{h}, Letters: h, Ledger: h, Links: h,
		People:   h.folk,
		Ready:    func(context.Context) map[string]string { return h.checks },
		Panicked: func() { h.panics++ },
	})
	return h
}

func firstDirectory(t *testing.T) *directory.Directory {
	hours, err := schedule.ParseHours(map[string][]string{"mon-fri": {"09:00-17:00"}})
	if err != nil {
		t.Fatal(err)
	}
	limits := subscriber.Limits{Concurrent: 5, MaxTalk: time.Hour}
	d := &directory.Directory{
		Subscribers: map[id.Subscriber]*subscriber.Subscriber{
			acme:  {ID: acme, Slug: "acme", Name: "Acme Plumbing", Regions: []string{"US"}, TimeZone: "America/New_York", Hours: hours, CallerID: "+12025550190", Limits: limits},
			other: {ID: other, Slug: "other", Name: "Other", Regions: []string{"US"}, TimeZone: "UTC", Limits: limits},
		},
		Buttons: map[id.Button]*subscriber.Button{
			acmeMain: {ID: acmeMain, Slug: "acme-main", Subscriber: acme, Origins: []string{"http://shop.test"}, Order: subscriber.AgentFirst, Tries: 3,
				Channels: []string{"phone", "web", "chat"}, Proof: "off", Confirm: subscriber.Confirm{Agent: "auto", Visitor: "auto"},
				Fields: []subscriber.Field{{Name: "boiler", Label: "Which boiler?", Required: true}}},
			otherMain: {ID: otherMain, Slug: "other-main", Subscriber: other, Order: subscriber.VisitorFirst, Tries: 3, Channels: []string{"phone"},
				Proof: "off", Confirm: subscriber.Confirm{Agent: "auto", Visitor: "auto"}},
		},
		Agents: map[id.Agent]*agent.Agent{ann: {ID: ann, Slug: "ann", Name: "Ann", Ready: true, Devices: []agent.Device{{To: "sip:ann@127.0.0.1:5080"}}}},
		Representations: map[id.Representation]*agent.Representation{
			annAtAcme: {ID: annAtAcme, Agent: ann, Subscriber: acme, DisplayName: "Ann at Acme", Priority: 1}},
		Trunks: map[id.Trunk]*cti.Trunk{pstn: {ID: pstn, Slug: "pstn", Address: "sip:127.0.0.1:5070", Password: "canary-password", NumberFormat: cti.PlusE164,
			CallerID: cti.InFrom, Codecs: []cti.Codec{cti.PCMU}, NAT: cti.NATNo, Local: cti.LocalPublic, SessionTimer: cti.TimerAuto}},
		Keys: map[id.Key]*login.Key{
			opKey:  {ID: opKey, Slug: "op", Role: login.Operator, SecretHash: id.TokenHash(operatorKey)},
			subKey: {ID: subKey, Slug: "acme", Role: login.Subscriber, Subscriber: acme, SecretHash: id.TokenHash(acmeKey)},
			oKey:   {ID: oKey, Slug: "other", Role: login.Subscriber, Subscriber: other, SecretHash: id.TokenHash(otherKey)},
		},
		Blocks: map[id.Block]*subscriber.Block{acmeBlock: {ID: acmeBlock, Subscriber: acme, NumberHash: "x", Masked: "+12•••••0123"}},
		Users: map[id.User]*login.User{olga: {ID: olga, Slug: "olga", Name: "Olga", Email: "olga@acme.example", Role: login.Owner, Subscribers: []id.Subscriber{acme}},
			omar: {ID: omar, Slug: "omar", Name: "Omar", Email: "omar@other.example", Role: login.Owner, Subscribers: []id.Subscriber{other}}},
	}
	d.Index()
	return d
}

func (h *house) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

// fail makes the next act behind the doors fail.
func (h *house) fail(err error) { h.mu.Lock(); h.next = err; h.mu.Unlock() }

func (h *house) failing() error {
	err := h.next
	h.next = nil
	return err
}

// call puts a callback there.
func (h *house) call(c callback.Callback) (*callback.Callback, string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	token := h.mint2()
	c.ID = h.mintCallback()
	c.TokenHash = id.TokenHash(token)
	if c.Subscriber == "" {
		c.Subscriber, c.Button = acme, acmeMain
	}
	if c.Number == "" && c.Endpoint == "" {
		c.Number, c.Endpoint = "+12025550100", "tel:+12025550100"
	}
	if c.Order == "" {
		c.Order = subscriber.AgentFirst
	}
	c.Version, c.CreatedAt = 1, h.now
	h.callbacks[c.ID] = &c
	h.tokens[c.TokenHash] = token
	return &c, token
}

// The mint reads the clock; these are for when the house is locked.
func (h *house) mint2() string {
	return id.NewMint(func() time.Time { return h.now }, rand.Reader).Token(id.CallbackToken)
}
func (h *house) mintCallback() id.Callback {
	return id.NewMint(func() time.Time { return h.now }, rand.Reader).Callback()
}

// change steps a callback and publishes it.
func (h *house) change(cb id.Callback, f func(*callback.Callback)) *callback.Callback {
	h.mu.Lock()
	c := h.callbacks[cb].Clone()
	f(c)
	c.Version++
	h.callbacks[cb] = c
	h.mu.Unlock()
	h.live.Publish(c, nil)
	return c
}

// NeedsProof is as in a conductor whose operator asks for it.
func (h *house) NeedsProof(b *subscriber.Button) bool { return b.Proof == subscriber.ProofRequired }

func (h *house) Puzzle(b *subscriber.Button, commit string) challenge.Puzzle {
	return challenge.New([]byte("key")).Puzzle(string(b.ID), commit, "r", h.Now())
}

func (h *house) Ticket(b *subscriber.Button) string {
	return challenge.New([]byte("key")).Ticket(string(b.ID), "r", h.Now())
}

func (h *house) Rehearse(_ context.Context, r callback.Rehearsal) (*callback.Rehearsed, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	b, s := h.dir.Button(r.Button)
	if r.Number == "+19005550106" {
		return &callback.Rehearsed{At: r.At, Refused: fault.At("number", fault.NumberType, "Not such a number.")}, nil
	}
	c := &callback.Callback{ID: "cb_x", Subscriber: s.ID, Button: b.ID, State: callback.Queued, Order: b.Order, Number: "+12025550100", Endpoint: "tel:+12025550100"}
	return &callback.Rehearsed{At: r.At, Served: r.At, Callback: c, Waiting: 1, Why: "longest idle", CallerID: s.CallerID, Tries: 3, MaxTalk: time.Hour,
		Rings: []callback.Rung{{Agent: ann, Representation: annAtAcme, CallerID: s.CallerID, Telephones: []callback.RungTelephone{{To: "sip:ann@127.0.0.1:5080", Ring: 25 * time.Second,
			Confirm: cti.ConfirmNone, Hears: []callback.Spoken{{When: "answers", Text: "Calling."}}}}}}}, nil
}

func (h *house) Request(_ context.Context, r callback.Request) (*callback.Made, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = append(h.asked, r)
	if h.explode {
		panic("exploded")
	}
	if err := h.failing(); err != nil {
		return nil, err
	}
	b, s := h.dir.Button(r.Button)
	if b.Closed {
		return nil, fault.New(fault.ButtonClosed, "Closed.")
	}
	if r.Channel != "" && r.Channel != "phone" {
		return nil, fault.At("channel", fault.ChannelUnavailable, "Only telephones.")
	}
	if r.By == nil && !r.Consent {
		return nil, fault.At("consent", fault.ConsentMissing, "Please tick.")
	}
	for _, f := range b.Fields {
		if f.Required && r.Fields[f.Name] == "" && r.By == nil && r.After == nil {
			return nil, fault.At("fields."+f.Name, fault.FieldRequired, "%s is needed.", f.Label)
		}
	}
	n, err := phone.Parse(r.Number, s.Region())
	if err != nil && r.Endpoint == "" {
		return nil, err
	}
	due, err := r.When.Resolve(h.now, diaryIn(h.dir, s, b))
	if err != nil {
		return nil, err
	}
	if r.Once != nil {
		if k := h.kept[keyOf(*r.Once)]; k != nil {
			if k.Request != r.Once.Request {
				return nil, fault.New(fault.IdempotencyReused, "Used.")
			}
			return nil, &callback.Replayed{Kept: *k}
		}
	}
	c := &callback.Callback{
		ID: h.mintCallback(), Subscriber: s.ID, Button: b.ID, State: callback.Queued, Order: b.Order, Number: n, Endpoint: cti.Endpoint("tel:" + n.E164()),
		Name: r.Name, Topic: r.Topic, Fields: r.Fields, Page: r.Page, Language: r.Language, When: `{"now":true}`, CreatedAt: h.now, DueAt: due.At, Version: 1, Metadata: r.Metadata,
	}
	if r.Endpoint != "" {
		c.Number, c.Endpoint = "", cti.Endpoint(r.Endpoint)
	}
	token := h.mint2()
	c.TokenHash = id.TokenHash(token)
	h.callbacks[c.ID], h.tokens[c.TokenHash] = c, token
	m := &callback.Made{Callback: c, Token: token, Due: due}
	if r.Once != nil {
		h.mu.Unlock() // as with a store: the answer may look at the directory
		k := r.Answer(m)
		h.mu.Lock()
		k.Request = r.Once.Request
		h.kept[keyOf(*r.Once)] = &k
	}
	return m, nil
}

func (h *house) act(cb id.Callback, f func(*callback.Callback) error) (*callback.Callback, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.explode {
		panic("exploded")
	}
	if err := h.failing(); err != nil {
		return nil, err
	}
	c := h.callbacks[cb].Clone()
	if c.State == callback.Ended {
		return nil, fault.New(fault.AlreadyEnded, "This callback has already ended.")
	}
	if err := f(c); err != nil {
		return nil, err
	}
	c.Version++
	h.callbacks[cb] = c
	return c, nil
}

func (h *house) OptOutOf(_ context.Context, cb id.Callback, o callback.OptOut) (*callback.Callback, error) {
	return h.act(cb, func(c *callback.Callback) error {
		h.stopped = append(h.stopped, string(c.Endpoint)+" "+string(o.Business)+" "+string(o.Route))
		return nil
	})
}

func (h *house) OptOutNumber(_ context.Context, to cti.Endpoint, o callback.OptOut) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stopped = append(h.stopped, string(to)+" "+string(o.Business)+" "+string(o.Route))
	return nil
}

func (h *house) Lift(ctx context.Context, b id.Block, _ callback.Author) error {
	return h.Delete(ctx, directory.Block, string(b))
}

func (h *house) Alarms(context.Context, id.Alarm, int) ([]callback.Alarm, error) {
	return []callback.Alarm{{ID: id.Alarm("alm_" + tail("a")), Kind: callback.BudgetLow, Subscriber: acme, Says: "most of it is spent", At: h.now}}, nil
}

func (h *house) Halt(ctx context.Context, on bool, reason string) (callback.Halt, error) {
	if !on {
		return callback.Halt{}, h.Delete(ctx, directory.Block, "")
	}
	_, err := h.Apply(ctx, directory.Setup{Blocks: []subscriber.Block{{NumberHash: subscriber.Everybody, Reason: reason}}}, directory.Options{})
	return callback.HaltOf(h.Directory()), err
}

func (h *house) Cancel(_ context.Context, cb id.Callback, _ callback.Actor) (*callback.Callback, error) {
	return h.act(cb, func(c *callback.Callback) error {
		c.State, c.Outcome, c.Reason, c.EndedAt = callback.Ended, callback.Cancelled, callback.ReasonCancelled, h.now
		return nil
	})
}

func (h *house) ChangeNumber(_ context.Context, cb id.Callback, raw string, _ callback.Actor) (*callback.Callback, error) {
	return h.act(cb, func(c *callback.Callback) error {
		if c.State == callback.Connected {
			return fault.New(fault.TooLate, "Too late.")
		}
		n, err := phone.Parse(raw, "US")
		c.Number, c.Endpoint = n, cti.Endpoint("tel:"+n.E164())
		return err
	})
}

func (h *house) Reschedule(_ context.Context, cb id.Callback, w schedule.When, _ callback.Actor) (*callback.Callback, error) {
	return h.act(cb, func(c *callback.Callback) error {
		s := h.dir.Subscribers[c.Subscriber]
		due, err := w.Resolve(h.now, diaryIn(h.dir, s, h.dir.Buttons[c.Button]))
		c.State, c.DueAt, c.Zone, c.Reason = callback.Scheduled, due.At, due.Zone, callback.ReasonBooked
		return err
	})
}

func (h *house) CallNow(_ context.Context, cb id.Callback, _ callback.Actor) (*callback.Callback, error) {
	return h.act(cb, func(c *callback.Callback) error { c.State = callback.Queued; return nil })
}

func (h *house) Record(_ context.Context, cb id.Callback, do cti.RecordCommand, _ callback.Actor) (*callback.Callback, error) {
	return h.act(cb, func(c *callback.Callback) error { h.tapes.orders = append(h.tapes.orders, do); return nil })
}

func (h *house) SetPresence(_ context.Context, a id.Agent, p agent.Presence, reason string) (agent.Status, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.statuses[a] = agent.Status{Presence: p, Reason: reason, Since: h.now}
	return h.statuses[a], h.failing()
}

func (h *house) Directory() *directory.Directory {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.dir
}
func (h *house) InHand() []*callback.Callback {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []*callback.Callback
	for _, c := range h.callbacks {
		if c.Live() && c.State != callback.Scheduled {
			out = append(out, c)
		}
	}
	return out
}
func (h *house) Reload(context.Context) error { return nil }

// Again makes a callback like the one before.
func (h *house) Again(ctx context.Context, was *callback.Callback, a callback.Another) (*callback.Made, error) {
	if was.State != callback.Ended {
		return nil, fault.New(fault.TooLate, "It has not ended.")
	}
	return h.Request(ctx, callback.Request{Button: string(was.Button), Number: was.Number.E164(), When: a.When, Consent: true, Act: "again", Visitor: a.Visitor, After: was, Answer: a.Answer})
}

func (h *house) Diary(s *subscriber.Subscriber, b *subscriber.Button) schedule.Diary {
	return diaryIn(h.Directory(), s, b)
}

func diaryIn(d *directory.Directory, s *subscriber.Subscriber, b *subscriber.Button) schedule.Diary {
	return schedule.Diary{Calendar: d.Calendar(s, b), Slots: s.Slots}
}

func (h *house) Place(cb id.Callback) (int, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n, ok := h.place[cb]
	return n, ok
}

func (h *house) Wait(cb id.Callback) (time.Duration, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	d, ok := h.waits[cb]
	return d, ok
}

func (h *house) Registered(name string) []cti.Registration {
	if name != "ann" {
		return nil
	}
	return []cti.Registration{{User: "ann", Contact: "sip:ann@192.168.1.20:5060", Transport: "udp", Source: "198.51.100.7:40000", NAT: true,
		UserAgent: "phone 1", Since: h.now, Until: h.now.Add(time.Minute), State: cti.RegLive}}
}

func (h *house) Lines() []cti.LineState {
	return []cti.LineState{{Trunk: pstn, Slug: "pstn", Condition: cti.LineDown, Reason: "it does not answer", Since: h.now,
		Targets:  []cti.LineTarget{{Addr: "127.0.0.1:5070", Transport: "udp", Reason: "it does not answer"}},
		Accounts: []cti.LineAccount{{Username: "acme", Registered: true, Until: h.now.Add(time.Minute)}},
		Figures:  cti.LineFigures{Sent: 40, Answered: 30, Short: 4, Recent: 40, RecentAnswered: 30, RecentShort: 4}}}
}

func (h *house) Agents() map[id.Agent]agent.Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := map[id.Agent]agent.Status{}
	for k, v := range h.statuses {
		out[k] = v
	}
	return out
}
func (h *house) HashNumber(e cti.Endpoint) string { return "hash of " + string(e) }

func (h *house) Begin(_ context.Context, o callback.Once) (*callback.Kept, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.working[keyOf(o)] {
		return nil, fault.New(fault.IdempotencyProgress, "In progress.")
	}
	if k := h.kept[keyOf(o)]; k != nil {
		return k, nil
	}
	h.working[keyOf(o)] = true
	return nil, nil
}

func (h *house) Keep(_ context.Context, o callback.Once, k callback.Kept) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.working, keyOf(o))
	if h.kept[keyOf(o)] == nil {
		k.Request = o.Request
		h.kept[keyOf(o)] = &k
	}
	return nil
}

func (h *house) Drop(_ context.Context, o callback.Once) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.working, keyOf(o))
	return nil
}

func keyOf(o callback.Once) string { return o.Principal + "\n" + o.Route + "\n" + o.Key }

// reader is the part of a store that doors read from.
type reader struct{ h *house }

func (r reader) Callback(_ context.Context, sub id.Subscriber, cb id.Callback) (*callback.Callback, error) {
	r.h.mu.Lock()
	defer r.h.mu.Unlock()
	c := r.h.callbacks[cb]
	if c == nil || sub != "" && c.Subscriber != sub {
		return nil, fault.New(fault.NotFound, "No such callback %s.", cb)
	}
	return c.Clone(), nil
}

func (r reader) ByToken(_ context.Context, hash string) (*callback.Callback, error) {
	r.h.mu.Lock()
	defer r.h.mu.Unlock()
	for _, c := range r.h.callbacks {
		if c.TokenHash == hash {
			return c.Clone(), nil
		}
	}
	return nil, fault.New(fault.NotFound, "No such token.")
}

func (r reader) Callbacks(_ context.Context, sub id.Subscriber, f callback.Filter) ([]callback.Callback, error) {
	r.h.mu.Lock()
	defer r.h.mu.Unlock()
	var out []callback.Callback
	for _, c := range r.h.callbacks {
		if (sub == "" || c.Subscriber == sub) && (f.State == "" || c.State == f.State) && (f.Button == "" || c.Button == f.Button) && (f.After == "" || c.ID < f.After) &&
			(f.NumberHash == "" || c.NumberHash == f.NumberHash) && (f.Desk == nil || slices.Contains(f.Desk.Represents, c.Subscriber) && (f.Desk.All || c.Live() || c.Hers(f.Desk.Agent))) {
			out = append(out, *c)
		}
	}
	sortNewest(out)
	return out[:min(len(out), f.Limit)], nil
}

func sortNewest(all []callback.Callback) {
	for i := range all {
		for j := i + 1; j < len(all); j++ {
			if all[j].ID > all[i].ID {
				all[i], all[j] = all[j], all[i]
			}
		}
	}
}

func (r reader) Journal(_ context.Context, cb id.Callback) ([]callback.Line, error) {
	return []callback.Line{{Seq: 1, At: time.Date(2026, 12, 1, 15, 0, 0, 0, time.UTC), Actor: callback.ByVisitor, Event: "requested", To: callback.Queued}}, nil
}

// Apply is a small book: it puts things in, minted, and swaps the directory.
func (h *house) Apply(_ context.Context, s directory.Setup, _ directory.Options) ([]directory.Change, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.failing(); err != nil {
		return nil, err
	}
	m := id.NewMint(func() time.Time { return h.now }, rand.Reader)
	d := *h.dir
	var changes []directory.Change
	note := func(k directory.Kind, i, slug string) {
		changes = append(changes, directory.Change{Verb: "created", Kind: k, ID: i, Slug: slug})
	}
	for _, v := range s.Subscribers {
		put(&v.ID, m.Subscriber, d.Subscribers, &d.Subscribers, &v)
		note(directory.Subscriber, string(v.ID), v.Slug)
	}
	for _, v := range s.Buttons {
		put(&v.ID, m.Button, d.Buttons, &d.Buttons, &v)
		note(directory.Button, string(v.ID), v.Slug)
	}
	for _, v := range s.Agents {
		put(&v.ID, m.Agent, d.Agents, &d.Agents, &v)
		note(directory.Agent, string(v.ID), v.Slug)
	}
	for _, v := range s.Representations {
		put(&v.ID, m.Representation, d.Representations, &d.Representations, &v)
		note(directory.Representation, string(v.ID), "")
	}
	for _, v := range s.Trunks {
		put(&v.ID, m.Trunk, d.Trunks, &d.Trunks, &v)
		note(directory.Trunk, string(v.ID), v.Slug)
	}
	for _, v := range s.Keys {
		put(&v.ID, m.Key, d.Keys, &d.Keys, &v)
		note(directory.Key, string(v.ID), v.Slug)
	}
	for _, v := range s.Blocks {
		put(&v.ID, m.Block, d.Blocks, &d.Blocks, &v)
		note(directory.Block, string(v.ID), "")
	}
	for _, v := range s.Users {
		if v.PasswordHash == "" && d.Users[v.ID] != nil {
			v.PasswordHash = d.Users[v.ID].PasswordHash
		}
		put(&v.ID, m.User, d.Users, &d.Users, &v)
		note(directory.User, string(v.ID), v.Slug)
	}
	d.Index()
	h.dir = &d
	return changes, nil
}

func put[K ~string, V any](k *K, mint func() K, old map[K]*V, to *map[K]*V, v *V) {
	if *k == "" {
		*k = mint()
	}
	next := map[K]*V{}
	for i, o := range old {
		next[i] = o
	}
	next[*k] = v
	*to = next
}

func (h *house) Delete(_ context.Context, k directory.Kind, i string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	d := *h.dir
	switch k {
	case directory.Block:
		d.Blocks = map[id.Block]*subscriber.Block{}
	case directory.Button:
		next := map[id.Button]*subscriber.Button{}
		for b, v := range d.Buttons {
			if string(b) != i {
				next[b] = v
			}
		}
		d.Buttons = next
	}
	d.Index()
	h.dir = &d
	return h.failing()
}

// answer is what came back.
type answer struct {
	*http.Response
	body string
}

// do sends a request. Headers are given as "Name: value".
func (h *house) do(method, path, body string, headers ...string) answer {
	h.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = "call.test"
	if h.remote != "" {
		r.RemoteAddr = h.remote
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, s := range headers {
		k, v, _ := strings.Cut(s, ": ")
		if v == "" {
			r.Header.Del(k)
		} else {
			r.Header.Set(k, v)
		}
	}
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	res := w.Result()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return answer{res, string(b)}
}

func key(k string) string { return "Authorization: Bearer " + k }

var (
	limited = fault.New(fault.LimitNumber, "Wait.")
	full    = fault.New(fault.StorageFull, "Full.")
	busy    = fault.At("number", fault.NumberBusy, "We cannot take this number now.")
)

const formType = "Content-Type: application/x-www-form-urlencoded"

// json reads the answer as an object.
func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(a.body), &m); err != nil {
		t.Fatalf("%d %s: no JSON object: %v\n%s", a.StatusCode, a.Header.Get("Content-Type"), err, a.body)
	}
	return m
}

func (a answer) want(t *testing.T, status int) answer {
	t.Helper()
	if a.StatusCode != status {
		t.Fatalf("status %d, want %d\n%s", a.StatusCode, status, a.body)
	}
	return a
}
