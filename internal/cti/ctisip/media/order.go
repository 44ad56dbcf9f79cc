package media

import "time"

// order puts what is recoded between G.722 and G.711 in order first. Both coders of G.722 go on from the packet before, so one
// that came too late would be heard twice: in its wrong place, and as a click that the far end's own buffer cannot mend. What
// comes in order passes at once and where it lies; behind a hole the packets wait, for as long as the jitter of this leg asks,
// 40 to 200 ms by their own timestamps, and then pass without what never came: its hole stays one, for the far end to conceal.
// What is relayed as it is does not pass here.
type order struct {
	row   int    // of hearing; 0 = none yet
	next  uint16 // the number that comes next
	ts    uint32 // and its timestamp, as far as is known
	held  int
	slots []slot // made when first something must wait

	ready [orderMost + 1]int8 // what may pass now: places of slots, or theOne
	n     int
}

// slot is a packet that waits, or has waited and passes now.
type slot struct {
	use slotUse
	p   packet
	b   [headerLen + 2*maxCut]byte
}

type slotUse uint8

const (
	slotFree slotUse = iota
	slotHeld
	slotOut
)

const (
	orderMost = 16 // packets that wait
	theOne    = -1 // the packet that has just come
)

// put takes a packet; false = its turn is over. What may pass now is in ready, until the next put.
func (o *order) put(p *packet, jitter time.Duration) bool {
	o.n = 0
	for i := range o.slots {
		if o.slots[i].use == slotOut {
			o.slots[i].use = slotFree
		}
	}
	if p.row != o.row {
		o.begin(p)
	}
	switch d := int16(p.seq - o.next); {
	case d < 0 || o.holds(p.seq):
		return false
	case d == 0:
		o.pass(theOne, p)
	case d > 4*orderMost || p.end-p.body > 2*maxCut || o.held == orderMost || !o.hold(p):
		o.flush()
		o.pass(theOne, p)
		return true
	}
	o.release()
	wait := max(playoutMin, min(playoutMax, 3*jitter))
	for o.held > 0 && time.Duration(int32(p.ts-o.ts))*time.Duration(sampleTime) >= wait {
		o.skip()
	}
	return true
}

// begin forgets all that is held: it is of another sequence.
func (o *order) begin(p *packet) {
	o.row, o.next, o.ts, o.held = p.row, p.seq, p.ts, 0
	for i := range o.slots {
		o.slots[i].use = slotFree
	}
}

func (o *order) pass(i int8, p *packet) {
	o.ready[o.n] = i
	o.n++
	o.next = p.seq + 1
	if p.kind == soundKind {
		o.ts = p.ts + uint32(p.end-p.body)
	}
}

// holds says whether a packet of that number waits.
func (o *order) holds(seq uint16) bool {
	for i := range o.slots {
		if s := &o.slots[i]; o.held > 0 && s.use == slotHeld && s.p.seq == seq {
			return true
		}
	}
	return false
}

// hold keeps a copy; its place before the body is for a header of ours.
func (o *order) hold(p *packet) bool {
	if o.slots == nil {
		o.slots = make([]slot, orderMost)
	}
	for i := range o.slots {
		s := &o.slots[i]
		if s.use != slotFree {
			continue
		}
		n := headerLen + copy(s.b[headerLen:], p.b[p.body:p.end])
		s.use, s.p = slotHeld, *p
		s.p.b, s.p.body, s.p.end, s.p.narrow = s.b[:n], headerLen, n, nil
		o.held++
		return true
	}
	return false
}

// release lets pass what is in order now.
func (o *order) release() {
	for found := true; found && o.held > 0; {
		found = false
		for i := range o.slots {
			if s := &o.slots[i]; s.use == slotHeld && s.p.seq == o.next {
				s.use, found = slotOut, true
				o.held--
				o.pass(int8(i), &s.p)
			}
		}
	}
}

// skip gives up the hole before the first that waits.
func (o *order) skip() {
	least := int16(1<<15 - 1)
	for i := range o.slots {
		if s := &o.slots[i]; s.use == slotHeld {
			least = min(least, int16(s.p.seq-o.next))
		}
	}
	o.next += uint16(least)
	o.release()
}

func (o *order) flush() {
	for o.held > 0 {
		o.skip()
	}
}

// at is one of ready; p is the packet that has just come.
func (o *order) at(i int, p *packet) *packet {
	if k := o.ready[i]; k >= 0 {
		return &o.slots[k].p
	}
	return p
}

// recodes says whether what comes is changed between G.722 and G.711 on its way, and returns where it is put in order.
func (s *Stream) recodes(p *packet) *order {
	sink := s.rel.sink
	if p.kind == soundKind {
		s.recoded = sink != nil && sink.wideOut.Load() != p.wide
	}
	switch {
	case s.recoded && sink != nil && s.order == nil:
		s.order = &order{}
	case s.recoded && sink != nil:
	case s.order != nil:
		s.order.row = 0 // what waits is of another time
		return nil
	default:
		return nil
	}
	return s.order
}

// inTurn hears what may pass now: once decoded it is u-law for all.
func (s *Stream) inTurn(o *order, p *packet, n *news) {
	for i := range o.n {
		q := o.at(i, p)
		switch {
		case !q.wide:
		case o.ready[i] == theOne:
			if q = s.narrowed(p); q == nil {
				continue
			}
		default:
			s.wideEar().inPlace(q)
		}
		q.now = p.now
		s.hear(q, n)
		if s.taps != nil {
			q.copyTo(s.taps)
		}
	}
}
