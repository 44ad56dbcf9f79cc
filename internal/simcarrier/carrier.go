// Package simcarrier is a telephone network to try things with: a real SIP and RTP peer with scripted people behind
// magic numbers, carriers' personalities, and a ledger of what happened and what each person heard.
//
// It shares no SIP code with the switch (its parser, transactions and dialogs are its own), so that the two check each
// other. One goroutine, the loop, owns every call; each answered call has one more for its media.
package simcarrier

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"ringback/internal/wire"
)

// Config says where the network listens and how its people are.
type Config struct {
	Net         wire.Net          // nil = wire.Real{}
	Listen      string            // "127.0.0.1:5070": SIP over UDP and TCP; RTP takes free ports of the same address
	ListenTLS   string            // SIP over TLS; "" = not
	TLS         *tls.Config       // of ListenTLS, and of connections that it opens
	Seed        uint64            // tones, tags and SSRCs come from it
	Personality string            // of every call, joined by "+"; "" = ordinary
	Pace        time.Duration     // one RTP packet each Pace; 0 = one after the other. Longer thins steady sound
	Peer        string            // "10.0.0.1:5060": where Call rings when nobody is registered here
	Accounts    map[string]string // passwords of further users, beside Username
	Username    string            // what REGISTER and the challenge_ personalities ask for; "" = "ringback"
	Password    string            // "" = "ringback"

	// Answer scripts whoever is called at number for the nth time (from 1); nil, or false, leaves it to the table.
	// It is called by the loop and must not call the Carrier.
	Answer func(number string, nth int) (Person, bool)

	Log *slog.Logger // nil = slog.Default()
}

// Carrier is a running network.
type Carrier struct {
	cfg       Config
	line      *line // the network's own
	log       *slog.Logger
	listeners []net.Listener

	in     chan datagram
	asks   chan func()
	quit   chan struct{}
	ended  chan struct{} // closed when the loop has ended
	once   sync.Once
	wg     sync.WaitGroup
	sounds soundBook
	panics atomic.Int64
	tones  atomic.Pointer[[]int] // every tone that an ear may tell apart

	// Owned by the loop; after it has ended, by whoever holds after.
	after     sync.Mutex
	clock     clock
	rand      *rand.Rand
	manner    string
	people    map[string]Person
	calls     map[string]*call // by Call-ID
	live      map[string][]*call
	nth       map[string]int
	phones    map[string]*Phone  // by the Call-ID of their registration
	bindings  map[string]binding // who is registered here, by user
	nonces    []string           // that REGISTERs may answer
	neighbour *line              // of cidr_shift
	admitted  time.Time          // when cps1 let a call in
	sources   sources
	book      book
}

type datagram struct {
	text string
	from hop
}

// New opens the SIP socket and starts answering.
func New(cfg Config) (*Carrier, error) {
	if cfg.Net == nil {
		cfg.Net = wire.Real{}
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Username == "" {
		cfg.Username, cfg.Password = "ringback", "ringback"
	}
	if _, err := mannerOf(cfg.Personality); err != nil {
		return nil, fmt.Errorf("carrier: %w", err)
	}
	c := &Carrier{cfg: cfg, log: cfg.Log, manner: cfg.Personality,
		in: make(chan datagram, 1024), asks: make(chan func()), quit: make(chan struct{}), ended: make(chan struct{}),
		rand: rand.New(rand.NewPCG(cfg.Seed, 0x63617272)), people: map[string]Person{}, calls: map[string]*call{},
		phones: map[string]*Phone{}, bindings: map[string]binding{}, live: map[string][]*call{}, nth: map[string]int{}, sources: newSources(cfg.Seed), book: newBook()}
	known := append(append([]int{}, voices[:]...), network[:]...)
	c.tones.Store(&known)
	if err := c.open(); err != nil {
		return nil, fmt.Errorf("carrier: %w", err)
	}
	c.wg.Go(c.loop)
	return c, nil
}

// open opens all that listens; a failure closes what was open.
func (c *Carrier) open() (err error) {
	if c.line, err = c.openLine(c.cfg.Listen, nil); err != nil {
		return err
	}
	if err := c.serveStreams(c.Addr(), nil); err != nil { // the port may be somebody else's; UDP is enough then
		c.log.Debug("carrier: no TCP", "err", err)
	}
	if c.cfg.ListenTLS == "" {
		return nil
	}
	if err = c.serveStreams(c.cfg.ListenTLS, c.cfg.TLS); err != nil {
		close(c.quit)
		err = errors.Join(err, c.silence())
		c.wg.Wait()
	}
	return err
}

// silence closes what listens.
func (c *Carrier) silence() error {
	err := c.line.close()
	for _, l := range c.listeners {
		err = errors.Join(err, l.Close())
	}
	return err
}

// AddrTLS is where it takes TLS, "" = nowhere.
func (c *Carrier) AddrTLS() string {
	if c.cfg.ListenTLS == "" || len(c.listeners) == 0 {
		return ""
	}
	return c.listeners[len(c.listeners)-1].Addr().String()
}

// Addr is where it listens, "127.0.0.1:5070".
func (c *Carrier) Addr() string { return c.line.addr.String() }

// Close drops every call without a word and waits for all goroutines. The ledger can still be read.
func (c *Carrier) Close() error {
	var err error
	c.once.Do(func() {
		close(c.quit)
		err = c.silence()
		<-c.ended
		for _, l := range c.others() {
			err = errors.Join(err, l.close())
		}
		c.wg.Wait()
	})
	return err
}

// others are the lines beside the network's own. The loop has ended.
func (c *Carrier) others() (out []*line) {
	c.do(func() {
		if c.neighbour != nil && c.neighbour != c.line {
			out = append(out, c.neighbour)
		}
		for _, p := range c.phones {
			out = append(out, p.line)
		}
	})
	return out
}

func (c *Carrier) loop() {
	defer close(c.ended)
	defer func() {
		for _, k := range c.calls {
			k.media.stop()
		}
	}()
	t := time.NewTimer(time.Hour)
	defer t.Stop()
	for {
		for a := c.clock.due(time.Now()); a != nil; a = c.clock.due(time.Now()) {
			c.guard(a.do)
		}
		t.Reset(c.clock.wait(time.Now()))
		select {
		case d := <-c.in:
			c.guard(func() { c.receive(d) })
		case f := <-c.asks:
			c.guard(f)
		case <-t.C:
		case <-c.quit:
			return
		}
	}
}

// guard keeps one bad packet from ending the network.
func (c *Carrier) guard(f func()) {
	defer func() {
		if v := recover(); v != nil {
			c.panics.Add(1)
			c.log.Error("carrier: panic", "value", v)
		}
	}()
	f()
}

// do runs f in the loop and waits; after Close it runs f at once.
func (c *Carrier) do(f func()) {
	done := make(chan struct{})
	select {
	case c.asks <- func() { defer close(done); f() }:
		<-done
	case <-c.ended:
		c.after.Lock()
		defer c.after.Unlock()
		f()
	}
}

// post runs f in the loop, unless that has ended, and waits until it is taken.
func (c *Carrier) post(f func()) {
	select {
	case c.asks <- f:
	case <-c.quit:
	}
}

func (c *Carrier) alarm(d time.Duration, f func()) *alarm { return c.clock.after(time.Now(), d, f) }

// SetPeer sets where Call rings when nobody is registered here: "10.0.0.1:5060".
func (c *Carrier) SetPeer(addr string) { c.do(func() { c.cfg.Peer = addr }) }

// SetPersonality sets the default of the calls to come; "" = ordinary.
func (c *Carrier) SetPersonality(names string) error {
	_, err := mannerOf(names)
	if err == nil {
		c.do(func() { c.manner = names })
	}
	return err
}

// SetPerson puts somebody behind a number, a SIP user or the last four digits, for the calls to come.
func (c *Carrier) SetPerson(who string, p Person) error {
	if err := p.check(); err != nil {
		return err
	}
	c.do(func() { c.people[number(who)] = p })
	return nil
}

// HangUpAll ends every call: BYE where answered, 480 where not.
func (c *Carrier) HangUpAll() {
	c.do(func() {
		for _, r := range c.book.order {
			if r.call != nil {
				r.call.leave()
			}
		}
	})
}
