package ctisip

import (
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"ringback/internal/audio"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/dialog"
	"ringback/internal/cti/ctisip/media"
	"ringback/internal/cti/ctisip/sdp"
	"ringback/internal/ladder"
)

// leg is one party's connection. What stands below lane belongs to the lane, fact to the switch's lock.
type leg struct {
	sw       *Switch
	o        cti.Order
	arrival  *arrival // that it answers; nil = it rings somebody
	fact     cti.LegFact
	codec    cti.Codec     // what it speaks, once answered; under the switch's lock
	sound    *media.Stream // of an answered leg; under the switch's lock
	in       *bridge       // that it is in, or on its way into; under the switch's lock
	recorder *recorder     // of its talk; under the switch's lock

	lane     *dialog.Lane
	carriers []*line // trunks to be tried, best first; nil for sip:
	tries    []*try
	next     int    // carriers[next] is tried next
	skipped  string // which trunks are down, for the journal
	talk     *try
	stream   *media.Stream
	v4       bool // of its socket
	local    sdp.Local
	doors    []netip.Addr

	begun    time.Time
	upAt     time.Time // when it was answered
	rang     bool
	early    bool
	ring     *dialog.Timer // from the first 180/183
	hard     *dialog.Timer // from the first INVITE
	end      *ending       // decided, not yet told
	last     *ending       // of the newest INVITE that failed
	why      string        // it ended, where the cause does not say it
	ended    bool
	saying   bool
	parted   bool // what is said is the farewell after the other's end: the application may know better words
	sayings  int
	hinted   bool          // the network says that it goes elsewhere
	held     bool          // its far end wants to hear nothing
	waits    bool          // we have put it on hold
	aside    bool          // in no talk: its far end has agreed to be on hold
	wish     bool          // it is to be, or was asked
	refers   bool          // it has asked to be replaced, or another telephone wants its place
	taker    *arrival      // that one; nil = none
	silent   bool          // LegQuiet was told
	machine  bool          // a monologue was heard
	dialled  bool          // the keys of PostDial are on their way, or sent
	leaves   bool          // it waits until the message can be left
	asked    bool          // the question was heard in full
	window   *dialog.Timer // of confirmation
	asks     *dialog.Timer // the question begins, or it is looked whether a machine listens
	parting  *dialog.Timer // the last sentence of the window begins
	keep     *dialog.Timer // the recording begins, or is long enough
	capture  *media.Capture
	note     *dialog.Timer // something new for who waits
	doubted  bool          // the 200 may be a gateway's: the first sound will tell
	rings    bool          // it is one: ringing is heard inside
	toneWhy  cti.Tone      // it ended
	alone    *dialog.Timer // nobody commands it
	probe    *dialog.Timer
	probed   int // how often in this silence it was asked whether it is still there
	farewell *dialog.Timer
	bridge   *bridge // that it is in
}

// Limits of a leg's life.
const (
	defaultRing  = 30 * time.Second
	hardStop     = 15 * time.Second // beyond the ring time, after the first INVITE
	lonely       = 3 * time.Minute  // an answered leg that nobody commands is ended
	sayPatience  = time.Minute      // at most, for a closing sentence or a message
	deadSilence  = 20 * time.Second // without RTP: ask whether the far end is still there
	quietAfter   = 3 * time.Second  // media tells Quiet
	sayMost      = 60 * audio.Rate  // samples of a closing sentence
	farewellTime = time.Second      // at most, between the end of one leg and the BYE of the other
)

func newLeg(sw *Switch, o cti.Order) *leg {
	if o.Ring <= 0 {
		o.Ring = defaultRing
	}
	return &leg{sw: sw, o: o, lane: sw.stack.NewLane(), fact: cti.LegFact{Leg: o.Leg, Known: true, State: cti.Created}}
}

// begin sends the first INVITE.
func (l *leg) begin() {
	if l.ended {
		return
	}
	l.begun = time.Now()
	if l.arrival != nil {
		l.takeUp(l.arrival)
		return
	}
	if user, ok := l.o.To.Account(); ok {
		l.ringAll(user)
		return
	}
	if name, ok := l.o.To.Browser(); ok {
		l.ringBrowser(name)
		return
	}
	l.tryNext()
}

// tell moves the leg's state by an event and tells the application; what is out of place is counted and dropped.
func (l *leg) tell(k cti.EventKind, more ...func(*cti.Event)) {
	l.sw.mu.Lock()
	to, inPlace := l.fact.State.Next(k)
	if inPlace {
		l.fact.State = to
	}
	l.sw.mu.Unlock()
	if !inPlace {
		l.sw.c.Counters.OutOfPlace.Add(string(k), 1)
		return
	}
	l.say(k, more...)
}

// say tells the application a fact.
func (l *leg) say(k cti.EventKind, more ...func(*cti.Event)) {
	e := cti.Event{At: time.Now(), Kind: k, Callback: l.o.Callback, Attempt: l.o.Attempt, Leg: l.o.Leg, Party: l.o.Party}
	l.sw.mu.Lock()
	e.Trunk, e.CallID = l.fact.Trunk, l.fact.CallID
	l.sw.mu.Unlock()
	for _, f := range more {
		f(&e)
	}
	if log := l.sw.c.Log; log.Enabled(context.Background(), slog.LevelDebug) {
		log.Debug("leg", "callback", l.o.Callback, "attempt", l.o.Attempt, "leg", l.o.Leg, "event", k, "cause", e.Cause, "code", e.SIPCode)
	}
	l.sw.c.Sink(e)
}

// finish ends the leg: its sound, its doors, its place on the trunk, and the one LegEnded.
func (l *leg) finish(e ending) {
	if l.ended {
		return
	}
	l.ended = true
	for _, t := range []*dialog.Timer{l.ring, l.hard, l.window, l.asks, l.parting, l.keep, l.note, l.alone, l.probe, l.farewell} {
		t.Stop()
	}
	l.leaveBridge(e.cause)
	var q cti.Quality
	if l.stream != nil {
		if l.talk != nil {
			q = l.stream.Quality()
			l.heardFrom()
		}
		l.stream.Close()
	}
	for _, t := range l.tries {
		l.sw.untraced(t)
		if t.drop(); t.call == nil || t.call.Over() {
			t.hush()
		}
	}
	l.sw.later(l.doors)
	l.release()
	l.sw.over(l, e, q) // before it is told: who hears of it may order the next leg at once
	l.say(cti.LegEnded, func(v *cti.Event) {
		v.Cause, v.By, v.SIPCode, v.Quality, v.Note, v.Tone = e.cause, e.by, e.code, q, l.why, l.toneWhy
	})
	l.sw.gone()
}

// release gives back the trunk's place when the order never became a try.
func (l *leg) release() {
	l.sw.mu.Lock()
	defer l.sw.mu.Unlock()
	if len(l.tries) == 0 && len(l.carriers) > 0 {
		c := l.sw.lines.current(l.carriers[0])
		c.calls = max(0, c.calls-1)
	}
}

// take counts the leg as a call of a trunk. The switch's lock is held.
func (l *leg) take(t *line) { t.calls++ }

// hangUp ends the leg in whatever state it is.
func (l *leg) hangUp(h cti.HangUp) {
	if h.Cause == "" {
		h.Cause = cti.NormalClearing
	}
	switch {
	case l.ended || l.end != nil && l.talk == nil:
	case l.talk == nil:
		l.stop(ending{h.Cause, cti.ByUs, 0}, cancelReason(h.Cause))
	case l.saying && !(l.talk.call.Up() && len(h.Say.Clips) > 0 && (l.parted || h.Instead)):
	default:
		e := ending{h.Cause, cti.ByUs, 0}
		if l.saying {
			e = *l.end
		}
		l.saying, l.parted = false, false
		l.leaveBridge(cti.NormalClearing)
		samples := l.samples(h.Say)
		l.sayAndBye(samples[:min(len(samples), sayMost)], e, 0)
	}
}

// cancelReason is what a phone that stops ringing is told: a call taken by somebody else is no missed call.
func cancelReason(c cti.Cause) string {
	if c == cti.NormalClearing {
		return `SIP;cause=200;text="Call completed elsewhere"`
	}
	return ""
}

// stop ends a leg that is not answered: every INVITE is cancelled, the end is told when none is open any more.
func (l *leg) stop(e ending, reason string) {
	if l.end == nil {
		l.end = &e
	}
	l.ring.Stop()
	l.hard.Stop()
	open := false
	for _, t := range l.tries {
		if t.call != nil && !t.call.Over() {
			open = true
			t.call.Cancel(reason)
		}
	}
	if !open {
		l.finish(*l.end)
	}
}

// sayAndBye lets the leg hear the samples and then ends it, after most at the latest; 0 = when all is said.
func (l *leg) sayAndBye(samples []int16, e ending, most time.Duration) {
	if l.saying || l.ended {
		return
	}
	l.saying = true
	l.end = &e
	l.hush()
	l.alone.Stop()
	if len(samples) == 0 {
		l.bye()
		return
	}
	if most == 0 {
		most = length(samples) + sayPatience
	}
	l.farewell.Stop()
	l.farewell = l.lane.After(most, l.bye)
	l.sayings++
	n := l.sayings
	l.traced(ladder.Plays, "its last sentence")
	l.stream.Say(samples, func(bool) {
		l.lane.Do(func() {
			if l.sayings == n { // else something else is said by now
				l.bye()
			}
		})
	})
}

// bye sends BYE. Media closes when it was answered, or not in 32 s: BYE goes out before media closes.
func (l *leg) bye() {
	l.farewell.Stop()
	if l.talk != nil {
		l.talk.call.Bye("")
	}
}

// remote is what media needs of the far end's description.
func (l *leg) remote(m *sdp.Media, c sdp.Codec, t *try, src netip.Addr, natted bool) media.Remote {
	law := audio.ULaw
	if c.Name == cti.PCMA {
		law = audio.ALaw
	}
	wide := slices.Contains(l.local.Codecs, cti.G722)
	r := media.Remote{Wide: c.Name == cti.G722, WideIn: wide,
		Addr: netip.AddrPortFrom(m.Addr, uint16(m.Port)), Signalling: src, NAT: t.nat(), Natted: natted, Law: law, PT: c.PT, Crypt: t.secret.now,
		RTCP: netip.AddrPortFrom(m.Addr, uint16(m.RTCP)), Mux: m.Mux,
		EventPT: m.EventPT, EventIn: sdp.PTEvent, Ptime: m.Ptime,
		Send: m.Direction == sdp.SendRecv || m.Direction == sdp.RecvOnly, Receive: m.Direction == sdp.SendRecv || m.Direction == sdp.SendOnly}
	return r
}
