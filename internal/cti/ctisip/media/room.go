package media

import (
	"runtime/debug"
	"sync"
	"time"

	"ringback/internal/cti/ctisip/mix"
)

// Room is a conference: several legs, of which each hears whom it is to hear, mixed every 20 ms by one goroutine that runs
// while there are members. What a leg hears leaves by its own sender, whose sequence and timestamps go on as if nothing had
// happened; so they do when it leaves the room for a bridge, or comes from one.
//
// A voice is 40 ms late in a room, and a leg that comes from a bridge is relayed for as long, so that it misses nothing.
type Room struct {
	e    *Engine
	quit chan struct{} // closed to end the goroutine; nil = there is none
	done chan struct{}

	set sync.Mutex // held while members change

	mu     sync.Mutex // held for a tick; before any Stream.mu
	seats  []*seat
	begun  int64 // on the engine's clock
	ticks  int64 // since then
	voices [mix.Most][mix.Frame]int16
}

// Member is one leg of a room, and whom it hears of the others.
type Member struct {
	Stream *Stream
	Hears  []*Stream
}

// MostMembers is how many legs a room has place for.
const MostMembers = mix.Most

// seat is a member's place. All but mix is of the room's goroutine, under its lock.
type seat struct {
	room  *Room
	s     *Stream
	tap   *Tap
	in    mix.Buffer
	law   [2 * maxCut]int16
	hears mix.Hears // bit i = the seat at place i
	ready int       // ticks until it is sat on
	on    bool      // it is
	lost  bool      // the stream plays something else by now, or is closed
	put   func(Heard)
	cut   []byte // samples that wait for a whole packet
}

const (
	roomTick = 20 * time.Millisecond
	// seatAfter is how many ticks a leg's voice is gathered before it sits down: a voice is Delay late and a packet old.
	seatAfter = 3
	// lateTicks may be made up for at once; what is older is left out.
	lateTicks = 3
)

// NewRoom returns a room that nobody is in. Close it.
func (e *Engine) NewRoom() *Room { return &Room{e: e} }

// Set says who is in the room from now on, and who hears whom. Whoever was in it and is not any more hears its program, or
// whatever Bridge, Play or Say gave it. A stream can be in one room, or in a bridge: it leaves a bridge when it sits down,
// 60 ms later. The goroutine of an Owner may call it.
func (r *Room) Set(members ...Member) {
	r.set.Lock()
	defer r.set.Unlock()
	members = members[:min(len(members), MostMembers)]
	r.mu.Lock()
	if r.quit == nil && len(members) > 0 {
		r.begun, r.ticks = r.e.pace.now(), 0
	}
	var gone []*seat
	var seats []*seat
	for _, old := range r.seats {
		if !in(members, old.s) || old.lost {
			gone = append(gone, old)
		}
	}
	for _, m := range members {
		seats = append(seats, r.place(m.Stream))
	}
	for i, m := range members {
		seats[i].hears = 0
		for j, o := range members {
			for _, h := range m.Hears {
				if h == o.Stream && i != j {
					seats[i].hears |= 1 << j
				}
			}
		}
	}
	r.seats = seats
	r.mu.Unlock()
	for _, k := range gone {
		k.leave()
	}
	r.run(len(members) > 0)
}

func in(members []Member, s *Stream) bool {
	for _, m := range members {
		if m.Stream == s {
			return true
		}
	}
	return false
}

// place is the seat of a stream, the one it has or a new one. The room's lock is held.
func (r *Room) place(s *Stream) *seat {
	for _, k := range r.seats {
		if k.s == s && !k.lost {
			return k
		}
	}
	k := &seat{room: r, s: s, tap: s.Tap(TapRoom / 4), ready: seatAfter, cut: make([]byte, 0, maxCut+mix.Frame)}
	k.in.Advance(r.ticks * mix.Frame)
	k.put = k.take
	return k
}

// take puts one packet in order.
func (k *seat) take(h Heard) {
	s := k.law[:len(h.Body)]
	h.Law.Decode(s, h.Body)
	k.in.Put(h.Row, h.TS, s, (h.At-k.room.begun)/sampleTime)
}

// run starts or ends the goroutine, and waits for its end.
func (r *Room) run(on bool) {
	switch {
	case on && r.quit == nil && r.e.opens(r):
		r.quit, r.done = make(chan struct{}), make(chan struct{})
		go r.loop(r.quit, r.done)
	case !on && r.quit != nil:
		close(r.quit)
		<-r.done
		r.quit = nil
		r.e.mu.Lock()
		delete(r.e.rooms, r)
		r.e.mu.Unlock()
	}
}

// opens remembers a room that runs, for Close; false after that.
func (e *Engine) opens(r *Room) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed {
		e.rooms[r] = struct{}{}
	}
	return !e.closed
}

// Close ends the room; its members hear their programs.
func (r *Room) Close() { r.Set() }

func (r *Room) loop(quit, done chan struct{}) {
	defer close(done)
	every := max(roomTick, r.e.c.Pace)
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-quit:
			return
		case <-t.C:
			r.tick(every)
		}
	}
}

// tick mixes what is due. A room that panics loses one tick.
func (r *Room) tick(every time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer func() {
		if v := recover(); v != nil {
			r.e.count.Panics.Add(1)
			r.e.log.Error("panic in a room", "panic", v, "stack", string(debug.Stack()))
		}
	}()
	now := r.e.pace.now()
	frames := int64(every / roomTick) // of one tick; more than 1 when media is thinned
	due := (now - r.begun + int64(every)/2) / int64(every) * frames
	if late := due - r.ticks; late > lateTicks*frames {
		r.miss(due - frames - r.ticks)
	}
	for _, k := range r.seats {
		k.tap.Pull(k.put)
	}
	r.sit()
	for ; r.ticks < due; r.ticks += frames {
		r.frame(now, frames)
	}
}

// miss leaves out frames: the machine stood still.
func (r *Room) miss(n int64) {
	r.ticks += n
	for _, k := range r.seats {
		k.tap.Pull(k.put)
		for range n {
			k.in.Take(r.voices[0][:])
		}
	}
}

// frame mixes 20 ms. The room's lock is held.
func (r *Room) frame(now, frames int64) {
	var sound mix.Hears
	for i, k := range r.seats {
		var any bool
		if frames > 1 {
			any = k.in.Newest(r.voices[i][:])
			k.in.Advance(frames * mix.Frame)
		} else {
			any = k.in.Take(r.voices[i][:])
		}
		if any && !k.lost {
			sound |= 1 << i
		}
	}
	var out [mix.Frame]int16
	for _, k := range r.seats {
		if k.on && !k.lost {
			mix.Sum(&out, &r.voices, k.hears, sound)
			k.s.mixed(k, out[:], now)
		}
	}
}

// press lets who hears a leg have the key that it has pressed.
func (r *Room) press(from *seat, key byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, k := range r.seats {
		if k != from {
			continue
		}
		for _, o := range r.seats {
			if o.hears&(1<<i) != 0 && o.on && !o.lost {
				o.s.Dial(string(rune(key)), nil)
			}
		}
	}
}

// sit makes the streams whose time has come send what the room gives them, and nothing else: two that come from one bridge
// in the same instant. The room's lock is held.
func (r *Room) sit() {
	coming := false
	for _, k := range r.seats {
		k.ready = max(-1, k.ready-1)
		coming = coming || k.ready == 0
	}
	if !coming {
		return
	}
	r.e.link.Lock()
	defer r.e.link.Unlock()
	for _, k := range r.seats {
		if k.ready == 0 {
			k.sit()
		}
	}
	for _, k := range r.seats {
		if k.ready == 0 {
			k.s.unlink()
		}
	}
}

func (k *seat) sit() {
	s := k.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		k.lost = true
		return
	}
	s.load(player{})
	s.seat, k.on = k, true
	s.run(s.e.pace.now())
}

// leave gives the stream back. What Bridge, Say or another room made of it meanwhile stays.
func (k *seat) leave() {
	s := k.s
	s.Untap(k.tap)
	s.mu.Lock()
	if s.seat == k {
		s.seat = nil
	}
	s.mu.Unlock()
	s.e.pace.wake(s, s.e.pace.now())
}

// mixed sends samples of a room. The last of a seat that is not sat on any more is said to the room.
func (s *Stream) mixed(k *seat, samples []int16, now int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seat != k || s.closed {
		k.lost = true
		return
	}
	o := &s.out
	if hushed(samples) {
		s.e.comfort.samples(samples, &s.noise)
	}
	s.mixInto(samples)
	n := len(k.cut)
	k.cut = k.cut[:n+len(samples)]
	o.encode(k.cut[n:], samples)
	if t := o.tsAt(now); n == 0 && int32(t-o.ts) > tickLate+int32(o.cut) {
		o.skipTo(now)
	}
	for len(k.cut) >= o.cut {
		copy(o.buf[headerLen:], k.cut[:o.cut])
		k.cut = k.cut[:copy(k.cut, k.cut[o.cut:])]
		ts := o.ts
		if s.dial == nil || !s.key() {
			if o.next(o.step) {
				s.sent()
			}
		}
		o.slew(ts, o.step, now)
	}
}

// seated returns when to look again at a stream in a room: its reports, its silence, what Dial is to call.
func (s *Stream) seated(now int64) int64 {
	s.rel.filling = true // what is relayed next comes after packets of the room's
	every := int64(100 * time.Millisecond)
	if s.dial != nil {
		every = int64(roomTick)
	}
	return now + max(every, int64(s.e.c.Pace))
}

// joined says whether the leg is in talk: in a bridge that is open, or in a room.
func (s *Stream) joined() bool { return s.seat != nil || s.rel.source != nil && !s.rel.early }
