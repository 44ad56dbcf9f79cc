// Package ctisip is the embedded switch: it calls telephones over SIP, plays to them, joins them, and tells what became of
// each leg.
//
// All of a leg runs on its lane (dialog.Lane): messages, timers, commands, one after the other. The switch's own lock
// guards only tables: the fence, the trunks, and a short fact for each leg.
package ctisip

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/browser"
	"ringback/internal/cti/ctisip/dialog"
	"ringback/internal/cti/ctisip/locate"
	"ringback/internal/cti/ctisip/media"
	"ringback/internal/id"
	"ringback/internal/ladder"
	"ringback/internal/wire"
)

// Config is what a Switch needs.
type Config struct {
	Net            wire.Net
	SIP            []string // udp://127.0.0.1:5060, tcp://…, tls://…; port 0 = any free one
	Cert, Key      string   // files of the certificate that TLS sockets show; "" = there is none
	CA             []byte   // PEM of authorities that are believed when a telephone is dialled over TLS; empty = the system's
	SIPMark        int      // code point of signalling (RFC 2474), 0 = none
	RTPMark        int      // and of media
	RTPBind        netip.Addr
	RTPOther       netip.Addr // of the other family, zero = it has no media
	RTPMin, RTPMax uint16
	PublicIP4      string                             // our address as trunks with local: public see it; "" = the socket's own
	PublicIP6      string                             //
	RTC            string                             // address:port where browsers connect; "" = none does
	RTCStreams     net.Listener                       // their TCP connections that came to another port of ours; nil = none
	RTCRelayed     net.Listener                       // connections, their TLS done, that relay speech (TURN); nil = none
	RTCRelay       string                             // where browsers find that: turns:host:port?transport=tcp
	Pace           time.Duration                      // of media; 0 = each packet's time. Simulated days thin media with it
	Speech         func(clip string) ([]int16, error) // recorded sentences, at 8000 a second; nil = none
	Sink           func(cti.Event)                    // told in order for each leg, from its lane, without a lock held
	Rand           *rand.Rand                         // nonces, back-off, media; the switch alone uses it. nil = unpredictable
	Register       string                             // from where telephones may register: private, anywhere, none; "" = none
	Domains        []string                           // hosts that they may register at, beside our addresses
	DomainsOnly    bool                               // our addresses are none
	Keep           cti.Registrations                  // keeps who is registered over a restart; nil = nothing does
	EmergencyTrunk string                             // slug of the trunk that carries emergency calls of telephones; "" = they are refused
	Location       string                             // where those telephones are, for the record of such a call
	Language       string                             // of what telephones are told, such as "en"; "" = en
	Keys           io.Reader                          // of SRTP; nil = crypto/rand
	Resolver       locate.Resolver                    // finds trunks by name; nil = the system's
	Ladder         *ladder.Store                      // keeps what calls said; nil = nothing is kept
	Log            *slog.Logger                       // nil = none
	Counters       *Counters                          // nil = its own
}

// Switch is the embedded switch.
type Switch struct {
	c         Config
	public    map[bool]netip.Addr // by Is4
	stack     *dialog.Stack
	engine    *media.Engine
	sounds    *media.Sounds
	browsers  *browser.Hub // nil = browsers have no door
	doors     doors
	office    *office
	randLock  sync.Mutex
	recorders sync.WaitGroup
	chance    bool // Config.Rand was given

	keeping sync.Mutex // held while trunks are replaced
	keepers map[id.Trunk]*keeper
	ctx     context.Context // ends lookups
	cancel  context.CancelFunc

	mu       sync.Mutex
	fence    cti.Fence
	lines    lines
	legs     map[id.Leg]*leg
	live     map[id.Callback][]*leg // the same, by callback
	past     map[id.Callback]*past
	swept    time.Time
	arrivals map[string]*arrival // by Call-ID: not answered yet
	draining bool
	empty    chan struct{} // closed when the last leg has ended after Close began
}

// past are the ended legs of a callback.
type past struct {
	facts []cti.LegFact
	at    time.Time
}

var _ cti.Switch = (*Switch)(nil)

// New opens the sockets. The switch takes no order before Trunks and Reconcile.
func New(c Config) (*Switch, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Counters == nil {
		c.Counters = &Counters{}
	}
	if c.Resolver == nil {
		c.Resolver = net.DefaultResolver
	}
	chance := c.Rand != nil
	if !chance {
		c.Rand = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	sw := &Switch{c: c, chance: chance, sounds: media.NewSounds(c.Speech), legs: map[id.Leg]*leg{}, arrivals: map[string]*arrival{}, live: map[id.Callback][]*leg{}, past: map[id.Callback]*past{}, lines: lines{}, keepers: map[id.Trunk]*keeper{}, public: map[bool]netip.Addr{}}
	sw.ctx, sw.cancel = context.WithCancel(context.Background())
	for _, s := range []string{c.PublicIP4, c.PublicIP6} {
		if s == "" {
			continue
		}
		a, err := netip.ParseAddr(s)
		if err != nil {
			return nil, fmt.Errorf("public address: %w", err)
		}
		sw.public[a.Is4()] = a
	}
	cert, err := certificate(c)
	if err != nil {
		return nil, err
	}
	sw.office = newOffice(sw)
	sw.stack, err = dialog.Open(dialog.Config{Front: sw.office.door(), Register: sw.office.answer, StreamEnded: sw.office.Lost, Invited: sw.invited, Seen: sw.seen,
		Net: c.Net, Listen: c.SIP, Cert: cert, DSCP: c.SIPMark, Trace: sw.traces(), Allow: sw.doors.Allow, Random: sw.random, Log: c.Log, ShutOut: sw.shutOut,
		Dropped:  func(why string) { c.Counters.SIPDropped.Add(why, 1) },
		Panicked: sw.panicked})
	if err != nil {
		return nil, err
	}
	sw.office.listening(sw.stack.Addrs())
	sw.office.lane = sw.stack.NewLane()
	seed := rand.New(rand.NewPCG(c.Rand.Uint64(), c.Rand.Uint64()))
	sw.engine = media.New(media.Config{Net: c.Net, Bind: c.RTPBind, Other: c.RTPOther, PortMin: c.RTPMin, PortMax: c.RTPMax, Mark: c.RTPMark, Pace: c.Pace, Rand: seed, Log: c.Log, Counters: &c.Counters.RTP})
	sw.openBrowsers()
	return sw, nil
}

// language is that of sentences to telephones.
func (c *Config) language() string {
	if c.Language == "" {
		return "en"
	}
	return c.Language
}

// seen is our address as a far end sees it, when it is not the socket's.
func (sw *Switch) seen(far netip.Addr) netip.Addr {
	if outside(far) {
		return sw.public[far.Is4()]
	}
	return netip.Addr{}
}

func (sw *Switch) panicked(v any, at []byte) {
	sw.c.Counters.Panics.Add(1)
	sw.c.Log.Error("panic in a handler", "panic", v, "at", string(at))
}

func (sw *Switch) random(n int) int {
	sw.randLock.Lock()
	defer sw.randLock.Unlock()
	return sw.c.Rand.IntN(n)
}

// Addrs returns the real addresses that SIP is listened to.
func (sw *Switch) Addrs() []string { return sw.stack.Addrs() }

// Counters returns the switch's figures.
func (sw *Switch) Counters() *Counters { return sw.c.Counters }

// Drain takes no more orders (ErrDown). Calls that are up go on.
func (sw *Switch) Drain() {
	sw.mu.Lock()
	sw.draining = true
	sw.mu.Unlock()
}

// closePatience bounds how long Close waits for the far ends.
const closePatience = 2 * time.Second

// Close hangs up what is up, waits a little for the answers, and ends every goroutine.
func (sw *Switch) Close() error {
	sw.mu.Lock()
	sw.draining = true
	empty := make(chan struct{})
	sw.empty = empty
	if len(sw.legs) == 0 {
		close(empty)
		sw.empty = nil
	}
	for _, a := range sw.arrivals {
		a.in.Lane().Do(func() { a.refuse(cti.NetworkOutOfOrder) })
	}
	for _, l := range sw.legs {
		l.lane.Do(func() { l.hangUp(cti.HangUp{Cause: cti.NormalClearing}) })
	}
	sw.mu.Unlock()
	t := time.NewTimer(closePatience)
	defer t.Stop()
	sw.stopKeeping()
	select {
	case <-empty:
	case <-t.C:
	}
	sw.cancel()
	ctx, done := context.WithTimeout(context.Background(), closePatience)
	defer done()
	if err := sw.office.Flush(ctx); err != nil {
		sw.c.Log.Warn("registrations not kept", "err", err)
	}
	sw.stopRecorders()
	if sw.browsers != nil {
		sw.browsers.Close()
	}
	sw.stack.Close()
	sw.engine.Close()
	return nil
}

// Originate rings o.To. It returns when the order is taken; what comes of it is told to the sink.
func (sw *Switch) Originate(ctx context.Context, o cti.Order) error {
	err := sw.originate(o)
	if err != nil {
		sw.c.Counters.Refused.Add(refusal(err), 1)
		return fmt.Errorf("originate leg %s: %w", o.Leg, err)
	}
	return nil
}

func (sw *Switch) originate(o cti.Order) error {
	if err := checkEndpoint(o); err != nil {
		return err
	}
	sw.mu.Lock()
	defer sw.mu.Unlock()
	if sw.draining && sw.legs[o.Leg] == nil {
		return cti.ErrDown
	}
	now := time.Now()
	known, err := sw.fence.Admit(o, now)
	if err != nil || known {
		return err
	}
	l := newLeg(sw, o)
	if o.Arrived() {
		if l.arrival = sw.takeArrival(o); l.arrival == nil {
			sw.fence.Forget(o.Callback, o.Leg)
			return cti.ErrNoLeg
		}
		l.lane = l.arrival.in.Lane()
	} else if o.To.Kind() == cti.Tel {
		if l.carriers = sw.lines.carriers(o.To.Number(), o.Via, now, sw.random); len(l.carriers) == 0 {
			sw.fence.Forget(o.Callback, o.Leg)
			return cti.ErrNoTrunk
		}
		l.skipped = sw.lines.down(l.carriers)
		l.take(l.carriers[0])
	}
	sw.sweep(now)
	sw.legs[o.Leg] = l
	sw.live[o.Callback] = append(sw.live[o.Callback], l)
	sw.c.Counters.LegsLive.Add(string(o.To.Kind()), 1)
	l.lane.Do(l.begin)
	return nil
}

// checkEndpoint refuses what nobody can be rung at.
func checkEndpoint(o cti.Order) error {
	switch {
	case o.Arrived():
		return nil
	case o.To.Kind() == cti.Web:
		return cti.CheckBrowser(o.To)
	}
	_, err := cti.ParseEndpoint(string(o.To))
	return err
}

// refusal is the label of an error in metrics.
func refusal(err error) string {
	for name, e := range map[string]error{"second_call": cti.ErrSecondCall, "stale_token": cti.ErrStaleToken, "cancelled": cti.ErrCancelled,
		"past_deadline": cti.ErrPastDeadline, "not_reconciled": cti.ErrNotReconciled, "no_trunk": cti.ErrNoTrunk, "no_leg": cti.ErrNoLeg, "down": cti.ErrDown} {
		if errors.Is(err, e) {
			return name
		}
	}
	return "invalid"
}

// sweep forgets what ended long ago.
func (sw *Switch) sweep(now time.Time) {
	if now.Sub(sw.swept) < time.Minute {
		return
	}
	sw.swept = now
	for cb, p := range sw.past {
		if now.Sub(p.at) > cti.FenceMemory {
			delete(sw.past, cb)
		}
	}
}

// over moves a leg from the live ones to the past.
func (sw *Switch) over(l *leg, e ending, q cti.Quality) {
	now := time.Now()
	sw.mu.Lock()
	defer sw.mu.Unlock()
	l.fact.State, l.fact.Cause, l.fact.By, l.fact.Quality = cti.Ended, e.cause, e.by, q
	delete(sw.legs, l.o.Leg)
	cb := l.o.Callback
	if sw.live[cb] = slices.DeleteFunc(sw.live[cb], func(o *leg) bool { return o == l }); len(sw.live[cb]) == 0 {
		delete(sw.live, cb)
	}
	sw.fence.Ended(cb, l.o.Leg, now)
	sw.remember(cb, l.fact, now)
	sw.c.Counters.LegsLive.Add(string(l.o.To.Kind()), -1)
	sw.c.Counters.LegsEnded.Add(string(e.cause), 1)
}

// gone tells Close when the last leg's end was told.
func (sw *Switch) gone() {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	if sw.empty != nil && len(sw.legs) == 0 {
		close(sw.empty)
		sw.empty = nil
	}
}

func (sw *Switch) remember(cb id.Callback, f cti.LegFact, now time.Time) {
	p := sw.past[cb]
	if p == nil {
		p = &past{}
		sw.past[cb] = p
	}
	p.facts, p.at = append(p.facts, f), now
}

// Play changes what an answered leg hears until the next Play or Join.
func (sw *Switch) Play(ctx context.Context, leg id.Leg, p cti.Program) error {
	sw.mu.Lock()
	l := sw.legs[leg]
	up := l != nil && l.fact.State.Up()
	sw.mu.Unlock()
	if !up {
		return fmt.Errorf("play to leg %s: %w", leg, cti.ErrNoLeg)
	}
	l.lane.Do(func() { l.commanded(p) })
	return nil
}

// HangUp ends a leg, after h.Say when it is answered. An unknown or ended leg is nil.
func (sw *Switch) HangUp(ctx context.Context, leg id.Leg, h cti.HangUp) error {
	sw.mu.Lock()
	l := sw.legs[leg]
	sw.mu.Unlock()
	if l != nil {
		l.lane.Do(func() { l.hangUp(h) })
	}
	return nil
}

// Fence makes orders of a callback stale or, with cancelled, refused for ever.
func (sw *Switch) Fence(ctx context.Context, cb id.Callback, fence int64, cancelled bool) error {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	sw.fence.Raise(cb, fence, cancelled, time.Now())
	return nil
}

// Legs returns the legs of a callback, ended ones for an hour.
func (sw *Switch) Legs(ctx context.Context, cb id.Callback) ([]cti.LegFact, error) {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	var out []cti.LegFact
	if p := sw.past[cb]; p != nil {
		out = append(out, p.facts...)
	}
	for _, l := range sw.live[cb] {
		f := l.fact
		if l.sound != nil {
			f.Quality = l.sound.Quality()
		}
		out = append(out, f)
	}
	return out, nil
}

var _ io.Closer = (*Switch)(nil)
