package ctisip

import (
	"context"
	"fmt"
	"net/netip"
	"runtime/debug"
	"sync/atomic"
	"time"

	"ringback/internal/audio"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/browser"
	"ringback/internal/cti/ctisip/dialog"
	"ringback/internal/cti/ctisip/media"
	"ringback/internal/cti/ctisip/sdp"
	"ringback/internal/id"
)

// farCall is what a leg needs of the call that it has with its far end: a SIP dialog, or a browser's connection.
type farCall interface {
	CallID() string
	Ref() []byte
	Up() bool    // answered, and not over
	Over() bool  // nothing of it is open any more
	Heard() bool // anything came back
	Next() netip.AddrPort
	Remote() (from netip.AddrPort, natted bool)
	Is(dialog.Replaces) bool

	Describe(sdp []byte)
	Offer(sdp []byte, done func(code int))
	Reroute(to netip.AddrPort)
	Notify(code int, reason string, final bool)
	Probe(done func(alive bool))
	Verify(done func(alive bool))
	Cancel(reason string)
	Lose(reason string)
	Bye(reason string)
}

// atBrowser is a leg's call at a browser. Nothing is signalled to the page by it: what a page shows is the application's.
type atBrowser struct {
	t    *try
	name string
	up   bool
	over bool
	away *dialog.Timer // the browser is not there

	quiet bool          // nothing has come for a second, and the others know
	long  *dialog.Timer // until that is told as LegQuiet
	again *dialog.Timer // the others are told to wait once more
}

// momentAgain is how often who talks with a browser that is away hears that it goes on.
const momentAgain = 5 * time.Second

// ringBrowser rings where a browser is connected. It runs on the lane.
func (l *leg) ringBrowser(name string) {
	t := &try{l: l}
	c := &atBrowser{t: t, name: name}
	t.call = c
	hear := new(hearing)
	line, ok := l.sw.take(name, hear)
	if !ok && l.o.Party == cti.Visitor && !l.sw.browsers.Taken(name) {
		l.awaitBrowser(t)
		return
	}
	if !ok {
		l.why = "no page is open there, or it has a call"
		l.finish(ending{cti.UnallocatedNumber, cti.ByUs, 0})
		return
	}
	s, err := l.sw.engine.OpenWay(ears{l}, line)
	if err != nil {
		line.Close()
		l.finish(ending{cti.Congestion, cti.ByUs, 0})
		return
	}
	hear.to(s)
	l.stream = s
	l.reaches(t)
	if l.rang = true; l.o.Party == cti.Visitor {
		l.accepted()
		return
	}
	l.ring = l.lane.After(l.o.Ring, l.unanswered)
	l.tell(cti.LegRinging)
}

// noPage is why a visitor's browser was not reached: to be connected is its answer.
const noPage = "the visitor's page was closed, or did not connect"

// awaitBrowser: the visitor's page is on its way, or loaded again at this moment. Its coming is the answer.
func (l *leg) awaitBrowser(t *try) {
	if len(l.tries) == 0 {
		l.reaches(t)
		l.ring = l.lane.After(l.o.Ring, l.unanswered)
	}
}

// reaches tells, once, that the leg is on its way to a browser.
func (l *leg) reaches(t *try) {
	first := len(l.tries) == 0
	l.tries = []*try{t}
	l.sw.mu.Lock()
	l.fact.CallID = t.call.CallID()
	l.sw.mu.Unlock()
	if first {
		l.tell(cti.LegSent)
	}
}

// accepted: who is at the browser takes the leg.
func (l *leg) accepted() {
	if l.ended || l.end != nil || l.talk != nil || len(l.tries) != 1 {
		return
	}
	t := l.tries[0]
	c, ok := t.call.(*atBrowser)
	if !ok {
		return
	}
	c.up = true
	l.talk, l.upAt = t, time.Now()
	l.ring.Stop()
	l.stream.Remote(media.Remote{Law: audio.ULaw, PT: 0, EventPT: webEvents, EventIn: sdp.PTEvent, Send: true, Receive: true}.OverWay())
	l.stream.Answered()
	l.sw.mu.Lock()
	l.codec, l.sound = cti.PCMU, l.stream
	l.sw.mu.Unlock()
	ref := c.Ref()
	l.tell(cti.LegAnswered, func(e *cti.Event) { e.Ref = ref })
	if !l.sw.browsers.Connected(c.name) { // it went while it rang
		l.browserAway(c)
	}
	l.answered()
}

// webEvents is the payload type of keys that browsers offer for 8000 samples a second; ours, where they offer another.
const webEvents = 126

// browserAway: its page is loaded again, or its network has changed. It may come back; the others are told to wait.
func (l *leg) browserAway(c *atBrowser) {
	if l.ended || c.over || c.away.Running() {
		return
	}
	c.away = l.lane.After(cti.BrowserBack, func() {
		c.ends()
		l.finish(ending{cti.MediaLost, l.o.Party.Person(), 0})
	})
}

// back ends all that waits for the browser.
func (c *atBrowser) back() { c.away.Stop() }

// goneQuiet takes the first second without sound: the others are told to wait, and again while the browser is away. It
// says whether the silence is long enough for LegQuiet.
func (c *atBrowser) goneQuiet() bool {
	if c.quiet {
		return true
	}
	c.quiet = true
	l := c.t.l
	c.long = l.lane.After(quietAfter-time.Second, l.quiet)
	c.moment()
	return false
}

func (c *atBrowser) moment() {
	l := c.t.l
	if br := l.bridge; br != nil {
		br.lane.Do(func() {
			for _, o := range br.here() {
				if o != l {
					o.stream.Insert(br.sw.sounds.Sound(cti.SoundMoment, o.o.Region))
				}
			}
		})
	}
	c.again = l.lane.After(momentAgain, func() {
		if c.quiet && !c.over && !l.sw.browsers.Connected(c.name) {
			c.moment()
		}
	})
}

func (c *atBrowser) heardAgain() {
	c.quiet = false
	c.long.Stop()
	c.again.Stop()
}

// ends stops its timers.
func (c *atBrowser) ends() {
	c.over = true
	c.back()
	c.heardAgain()
}

func (c *atBrowser) CallID() string                 { return "web-" + string(c.t.l.o.Leg) }
func (c *atBrowser) Ref() []byte                    { return nil }
func (c *atBrowser) Up() bool                       { return c.up && !c.over }
func (c *atBrowser) Over() bool                     { return c.over }
func (c *atBrowser) Heard() bool                    { return true }
func (c *atBrowser) Next() netip.AddrPort           { return netip.AddrPort{} }
func (c *atBrowser) Remote() (netip.AddrPort, bool) { return netip.AddrPort{}, false }
func (c *atBrowser) Is(dialog.Replaces) bool        { return false }
func (c *atBrowser) Describe([]byte)                {}
func (c *atBrowser) Offer([]byte, func(int))        {}
func (c *atBrowser) Reroute(netip.AddrPort)         {}
func (c *atBrowser) Notify(int, string, bool)       {}
func (c *atBrowser) Lose(reason string)             { c.Cancel(reason) }
func (c *atBrowser) Verify(done func(alive bool))   { c.Probe(done) }
func (c *atBrowser) Probe(done func(alive bool)) {
	c.t.l.lane.Do(func() { done(c.t.l.sw.browsers.Connected(c.name) || c.away.Running()) })
}

// Cancel stops the ringing. Like a far end's 487 the end comes a moment later.
func (c *atBrowser) Cancel(string) {
	if c.over {
		return
	}
	c.ends()
	l := c.t.l
	l.lane.Do(func() {
		if l.end != nil {
			l.finish(*l.end)
		}
	})
}

// Bye ends the leg; what was to be heard has been sent.
func (c *atBrowser) Bye(string) {
	if c.over {
		return
	}
	c.ends()
	c.t.l.lane.Do(func() { c.t.Gone(nil, false, "") })
}

// Accept answers a leg that rings at a browser.
func (sw *Switch) Accept(ctx context.Context, leg id.Leg) error {
	sw.mu.Lock()
	l := sw.legs[leg]
	rings := l != nil && l.o.To.Kind() == cti.Web && l.fact.State != cti.Ended
	sw.mu.Unlock()
	if !rings {
		return fmt.Errorf("accept leg %s: %w", leg, cti.ErrNoLeg)
	}
	l.lane.Do(l.accepted)
	return nil
}

// Connect takes a browser's offer.
func (sw *Switch) Connect(ctx context.Context, peer, offer string) (string, error) {
	if sw.browsers == nil {
		return "", fmt.Errorf("connect %s: %w: listen.rtc is not open, the log says why", peer, cti.ErrNoBrowser)
	}
	if err := cti.CheckBrowser(cti.BrowserOf(peer)); err != nil {
		return "", fmt.Errorf("%w: %w", cti.ErrNoBrowser, err)
	}
	sw.mu.Lock()
	draining := sw.draining
	sw.mu.Unlock()
	if draining {
		return "", cti.ErrDown
	}
	answer, err := sw.browsers.Connect(ctx, peer, offer)
	if err != nil {
		return "", fmt.Errorf("connect %s: %w: %w", peer, cti.ErrNoBrowser, err)
	}
	return answer, nil
}

// Disconnect ends a browser's connection and its leg.
func (sw *Switch) Disconnect(ctx context.Context, peer string) error {
	if sw.browsers == nil || !sw.browsers.Disconnect(peer) {
		return nil
	}
	sw.c.Sink(cti.Event{At: time.Now(), Kind: cti.PeerLost, Peer: peer})
	sw.legsAt(peer, func(l *leg, c *atBrowser) {
		c.ends()
		l.finish(ending{cti.MediaLost, l.o.Party.Person(), 0})
	})
	return nil
}

// ICE returns the relay of this switch, where it has one. Browsers reach us at the addresses of the answer, over UDP or TCP;
// a network that lets nothing through but TLS needs the relay.
func (sw *Switch) ICE(ctx context.Context, peer string) ([]cti.ICEServer, error) {
	if err := cti.CheckBrowser(cti.BrowserOf(peer)); err != nil {
		return nil, fmt.Errorf("%w: %w", cti.ErrNoBrowser, err)
	}
	if sw.browsers == nil || sw.c.RTCRelay == "" {
		return nil, nil
	}
	user, password, ok := sw.browsers.Credential(peer)
	if !ok {
		return nil, nil
	}
	return []cti.ICEServer{{URLs: []string{sw.c.RTCRelay}, Username: user, Credential: password}}, nil
}

// legsAt does f with the legs that live at a browser, each on its lane.
func (sw *Switch) legsAt(peer string, f func(*leg, *atBrowser)) {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	for _, l := range sw.legs {
		if l.o.To == cti.BrowserOf(peer) {
			l.lane.Do(func() {
				if l.ended || len(l.tries) == 0 {
					return
				}
				if c, ok := l.tries[0].call.(*atBrowser); ok && !c.over {
					f(l, c)
				}
			})
		}
	}
}

// openBrowsers opens the door of browsers, where there is one. Telephones work without it.
func (sw *Switch) openBrowsers() {
	if sw.c.RTC == "" {
		return
	}
	var public []netip.Addr
	for _, a := range sw.public {
		public = append(public, a)
	}
	hub, err := browser.Open(browser.Config{Net: sw.c.Net, Listen: sw.c.RTC, Streams: sw.c.RTCStreams, Relayed: sw.c.RTCRelayed, Public: public, Log: sw.c.Log,
		Up: func(peer string) {
			sw.c.Sink(cti.Event{At: time.Now(), Kind: cti.PeerUp, Peer: peer})
			sw.legsAt(peer, func(l *leg, c *atBrowser) {
				if l.stream == nil && l.end == nil { // it was waited for
					l.ringBrowser(peer)
				}
				c.back()
			})
		},
		Lost: func(peer string) {
			sw.c.Sink(cti.Event{At: time.Now(), Kind: cti.PeerLost, Peer: peer})
			sw.legsAt(peer, func(l *leg, c *atBrowser) {
				if c.up {
					l.browserAway(c)
				}
			})
		},
		Escaped: func(v any) { sw.panicked(v, debug.Stack()) }})
	if err != nil {
		sw.c.Log.Warn("browsers cannot connect, telephones can", "error", err)
		return
	}
	sw.browsers = hub
}

// take gives a browser's sound to a leg.
func (sw *Switch) take(name string, h *hearing) (*browser.Line, bool) {
	if sw.browsers == nil {
		return nil, false
	}
	return sw.browsers.Take(name, h.deliver)
}

// hearing passes a browser's packets to a stream once there is one.
type hearing struct{ s atomic.Pointer[media.Stream] }

func (h *hearing) to(s *media.Stream) { h.s.Store(s) }

func (h *hearing) deliver(b []byte) {
	if s := h.s.Load(); s != nil {
		s.Deliver(b)
	}
}
