package sim

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisip"
	"ringback/internal/id"
	"ringback/internal/speech"
	"ringback/internal/wire"
)

const (
	ours    = "10.0.0.1"
	network = "10.0.0.2:5070"
)

// pace of media: a packet each, instead of each 20 ms. Prompts and clocks go on as ever.
const pace = time.Second

// process is one life of the service.
type process struct {
	*border
	sw   *ctisip.Switch
	c    *callback.Conductor
	born time.Time
}

// assemble starts a service on a disk and a network; nil when it died while it started.
func assemble(d *day, r *rand.Rand, mayDie bool) *process {
	p := &process{born: time.Now(), border: &border{rand: rand.New(rand.NewPCG(r.Uint64(), 1)), dying: make(chan struct{}), trouble: d.trouble}}
	p.store, p.book = d.disk.open(p.border)
	if mayDie && r.Float64() < 0.2 {
		p.arm(1 + r.IntN(30)) // it may die while it starts
	}
	sw, err := ctisip.New(ctisip.Config{
		Net: mortal{p.border, d.net}, SIP: []string{"udp://" + ours + ":5060"}, RTPBind: netip.MustParseAddr(ours), RTPMin: 20000, RTPMax: 29999,
		Pace: d.pace, Register: "private", Speech: speech.NewVoices().Samples, Rand: rand.New(rand.NewPCG(r.Uint64(), 2)), Counters: d.counters,
		Sink: func(e cti.Event) {
			if !p.isDead() {
				p.c.OnSwitch(e)
			}
		},
	})
	if err != nil {
		d.Fatalf("switch: %v", err)
	}
	p.sw = sw
	p.c = callback.NewConductor(p.border, p.border, &link{p.border, sw}, callback.Settings{
		Mint: d.mint, Key: key, Now: time.Now, Publisher: d, Meter: d, Log: slog.New(slog.DiscardHandler),
	})
	if err := p.c.Start(context.Background()); err != nil && !p.isDead() {
		d.Fatalf("start: %v", err)
	}
	return p
}

// bury ends what a dead process has left behind in the memory of this one. No packet and no write gets out.
func (p *process) bury() {
	p.c.Stop()
	p.sw.Close()
}

var key = []byte("0123456789abcdef0123456789abcdef")

// Fates of packets: SIP is lost, doubled and late by the day's measure; sound is late only a little, so that the ears of
// the network hear what was said.
func fate(loss float64) func(from, to netip.AddrPort, packet []byte, r *rand.Rand) wire.Fate {
	sip := wire.Lossy(loss, loss/2, 150*time.Millisecond)
	return func(from, to netip.AddrPort, packet []byte, r *rand.Rand) wire.Fate {
		if len(packet) > 0 && packet[0] >= 'A' && packet[0] <= 'Z' {
			return sip(from, to, packet, r)
		}
		return wire.Fate{time.Duration(1+r.IntN(10)) * time.Millisecond}
	}
}

// told is what was published: the newest version and the time of arrival of each callback.
type told struct {
	mu      sync.Mutex
	version map[id.Callback]int64
	arrived map[id.Callback]time.Time
	ended   map[id.Callback]bool
}

// Publish: what is shown is on disk, never goes back, and the place in line never moves.
func (d *day) Publish(c *callback.Callback, lines []callback.Line) {
	d.told.mu.Lock()
	defer d.told.mu.Unlock()
	if on, err := d.disk.now().Callback(context.Background(), "", c.ID); err != nil || on.Version < c.Version {
		d.trouble("version %d of %s was published before it was on disk", c.Version, c.ID)
	}
	d.held(c)
	if c.Version <= d.told.version[c.ID] {
		d.trouble("version %d of %s was published after version %d", c.Version, c.ID, d.told.version[c.ID])
	}
	d.told.version[c.ID] = c.Version
	switch at := d.told.arrived[c.ID]; {
	case at.IsZero():
		d.told.arrived[c.ID] = c.ArrivedAt
	case at.Sub(c.ArrivedAt).Abs() > time.Microsecond: // what a disk keeps
		d.trouble("arrived_at of %s moved by %v", c.ID, c.ArrivedAt.Sub(at))
	}
	if d.told.ended[c.ID] && c.Live() {
		d.trouble("%s lives again", c.ID)
	}
	d.told.ended[c.ID] = !c.Live()
}

// held: an agent who is rung for a callback, or talks for it, is nobody else's.
func (d *day) held(c *callback.Callback) {
	a := c.Current()
	if a == nil || a.Agent == "" {
		return
	}
	all, err := d.disk.now().Agents(context.Background())
	if err != nil {
		return
	}
	on, err := d.disk.now().Callback(context.Background(), "", c.ID)
	if err == nil && on.Version == c.Version && all[a.Agent].Callback != c.ID {
		d.trouble("%s serves %s and is %s for %q", a.Agent, c.ID, all[a.Agent].Presence, all[a.Agent].Callback)
	}
}

func (d *day) Invited(time.Duration)  {}
func (d *day) Ended(callback.Outcome) {}
func (d *day) OutOfPlace(string)      {}
func (d *day) Refused(error)          {}
func (d *day) Late(time.Duration)     {}

func (d *day) Alarmed(callback.AlarmKind) {}
