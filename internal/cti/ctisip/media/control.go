package media

import (
	"fmt"
	"net/netip"
	"time"

	"ringback/internal/cti"
)

// control is a stream's RTCP: its own reports to the far end and what the far end reports. It is never handed to the other
// leg. Its fields are under the stream's lock.
//
// The socket on the port after the sound's is opened with the first report, 2.5 s after the answer: a call that nobody
// takes costs none.
type control struct {
	socket  socket // nil = not open, or on the sound's own port
	opening bool
	mux     bool           // RFC 5761: on the sound's port
	to      netip.AddrPort // where reports go
	moved   bool           // to was learned from where the far end's came
	due     int64          // when the next report goes out; 0 = none yet
	spread  uint32         // draws the distance of reports
	name    string         // CNAME, RFC 7022: random, for this stream alone

	last     int64  // when RTCP passed
	theirSR  uint32 // ntp of their newest sender report
	theirAt  int64  // when it came
	wantThen int64  // of hearing, at our report before
	gotThen  int64
	rowThen  int

	reported bool  // they have said something of us
	about    block // the newest
	rtt      int64 // nanoseconds, smoothed; 0 = not known
}

const (
	reportEvery = int64(5 * time.Second) // RFC 3550 section 6.2, times 0.5 to 1.5
	maxRTT      = int64(10 * time.Second)
	reportMax   = 160 // bytes of one of our reports
)

// aim takes what SDP says of the far end's RTCP.
func (c *control) aim(r Remote, to netip.AddrPort) {
	c.mux = r.Mux
	switch {
	case c.mux:
		c.to = to
	case c.moved && c.to.Addr() == to.Addr():
	case r.RTCP.IsValid() && r.RTCP.Port() != 0:
		c.to, c.moved = netip.AddrPortFrom(to.Addr(), r.RTCP.Port()), false
	case to.Port() < 0xFFFF:
		c.to, c.moved = netip.AddrPortFrom(to.Addr(), to.Port()+1), false
	}
}

// later draws when the next report goes out.
func (c *control) later(now, pace int64, first bool) {
	c.spread ^= c.spread << 13
	c.spread ^= c.spread >> 17
	c.spread ^= c.spread << 5
	d := max(reportEvery, 5*pace)
	d = d/2 + int64(float64(d)*float64(c.spread)/(1<<32))
	if first {
		d = max(reportEvery, 5*pace) / 2
	}
	c.due = now + d
}

// report sends what is due. It runs under the stream's lock, on the pacer.
func (s *Stream) report(now int64) {
	c := &s.ctl
	if c.due == 0 || now < c.due || s.closed {
		return
	}
	if !c.mux && c.socket == nil {
		if !c.opening {
			c.opening = true
			s.after = append(s.after, func() { s.e.openControl(s) })
		}
		return
	}
	c.later(now, int64(s.e.c.Pace), false)
	s.sendReport(now, false)
}

func (s *Stream) sendReport(now int64, bye bool) {
	c, o := &s.ctl, &s.out
	k := c.socket
	if c.mux {
		k = o.socket
		c.to = o.to
	}
	if k == nil || !c.to.IsValid() || c.to.Port() == 0 || !s.latch.to.IsValid() {
		return
	}
	ntp := ntpOf(s.e.at(now))
	var room [reportMax]byte
	b := putRTCP(room[:0], sending{ssrc: o.ssrc, ntp: ntp, ts: o.tsAt(now), packets: uint32(o.sent), octets: uint32(o.octets)},
		s.judgement(now), c.name, bye)
	if s.crypt.out != nil {
		var err error
		if b, err = s.crypt.out.ProtectRTCP(b); err != nil {
			return
		}
	}
	_ = k.send(b, c.to) // what cannot be sent now is told by the next
}

// judgement is our block about what is heard; it begins a new interval.
func (s *Stream) judgement(now int64) block {
	in, c := &s.in, &s.ctl
	if in.row == 0 {
		return block{}
	}
	a := block{ssrc: in.ssrc, lost: int32(min(0x7FFFFF, in.lost())), high: uint32(in.turns)<<16 | uint32(in.high), jitter: in.jitter >> 4}
	if in.row == c.rowThen {
		if want, got := in.want-c.wantThen, in.got-c.gotThen; want > got {
			a.fraction = uint8(min(255, (want-got)<<8/want))
		}
	}
	c.rowThen, c.wantThen, c.gotThen = in.row, in.want, in.got
	if c.theirAt != 0 {
		a.lastSR, a.since = c.theirSR, uint32((now-c.theirAt)*65536/int64(time.Second))
	}
	return a
}

// ntpOf is a time in the form of RFC 3550 section 4: seconds since 1900 and their fraction of 2^32.
func ntpOf(t time.Time) uint64 {
	const since1900 = 2208988800
	return uint64(t.Unix()+since1900)<<32 | uint64(t.Nanosecond())<<32/1e9
}

// takeControl reads a report of the far end; false says that it is none.
func (s *Stream) takeControl(b []byte, now int64) bool {
	r, ok := parseRTCP(b, s.out.ssrc)
	if !ok {
		return false
	}
	c := &s.ctl
	c.last = now
	if r.sent {
		c.theirSR, c.theirAt = r.ntp, now
	}
	if r.about.ssrc == 0 {
		return true
	}
	c.reported, c.about = true, r.about
	if r.about.lastSR != 0 {
		units := uint32(ntpOf(s.e.at(now))>>16) - r.about.lastSR - r.about.since
		if rtt := int64(units) * int64(time.Second) / 65536; int32(units) >= 0 && rtt < maxRTT {
			c.rtt = max(1, rtt)
		}
	}
	return true
}

// receiveControl takes a packet from the port of RTCP.
func (s *Stream) receiveControl(b []byte, from netip.AddrPort) {
	defer s.recovered("panic in an RTCP packet")
	if why := s.acceptControl(b, from); why != taken {
		s.e.count.dropped[why].Add(1)
	}
}

// acceptControl believes what the leg's host sends; where a router is in between, reports go to where theirs come from.
func (s *Stream) acceptControl(b []byte, from netip.AddrPort) Why {
	now := s.e.pace.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return Stopped
	case from.Addr() != s.latch.host:
		return Source
	case !s.in.rate(now):
		return Rate
	case s.crypt.in != nil && !isRTCP(b):
		return Malformed
	}
	b, ok := s.crypt.open(b, true)
	switch {
	case !ok:
		return Secret
	case !s.takeControl(b, now):
		return Malformed
	}
	if s.latch.yes && s.latch.open(now) && !s.ctl.mux {
		s.ctl.to, s.ctl.moved = from, true
	}
	return taken
}

// openControl opens the port of RTCP, the one after the sound's. Where somebody else has it the leg does without.
func (e *Engine) openControl(s *Stream) {
	e.mu.Lock()
	if e.closed || e.c.PortMax != 0 && s.port >= e.c.PortMax { // outside the range nothing comes through
		e.mu.Unlock()
		return
	}
	conn, err := e.c.Net.ListenPacket(netip.AddrPortFrom(s.bind, s.port+1).String())
	if err != nil {
		e.mu.Unlock()
		e.log.Debug("no socket for RTCP", "port", s.port+1, "error", err)
		return
	}
	k := e.attach(s, conn, true)
	e.mu.Unlock()
	s.mu.Lock()
	closed := s.closed
	if !closed {
		s.ctl.socket = k
	}
	s.mu.Unlock()
	if closed {
		k.close()
		return
	}
	e.pace.wake(s, e.pace.now())
}

// Quality returns the figures so far, for people. The engine's own part of the delay is not in it: it is below 1 ms.
func (s *Stream) Quality() cti.Quality {
	s.mu.Lock()
	defer s.mu.Unlock()
	in, c := &s.in, &s.ctl
	rtt := time.Duration(c.rtt)
	q := cti.Quality{RTT: rtt, PacketsIn: in.packets, PacketsOut: s.out.sent}
	if in.packets > 0 {
		q.Loss, q.Jitter = share(in.lost(), in.want), in.spreadOf()
		q.MOS = mos(q.Loss, heardAfter(rtt, q.Jitter))
	}
	if c.reported {
		q.LossOut, q.JitterOut = share(int64(c.about.lost), s.out.sent), samplesFor(int64(c.about.jitter))
		q.MOSOut = mos(q.LossOut, heardAfter(rtt, q.JitterOut))
	}
	return q
}

// Source is where the far end's sound has come from, not valid when none did, and whether it tells pauses by comfort noise
// (RFC 3389).
func (s *Stream) Source() (from netip.AddrPort, comfort bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.latch.learned, s.comforted
}

// samplesFor is how long n samples are.
func samplesFor(n int64) time.Duration { return time.Duration(n * sampleTime) }

func cname(a, b uint64) string { return fmt.Sprintf("%08x%016x", uint32(a), b) }
