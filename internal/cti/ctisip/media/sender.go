package media

import (
	"net/netip"

	"ringback/internal/audio"
	"ringback/internal/cti/ctisip/srtp"
)

// sender is the one voice of a leg: its SSRC, sequence and timestamp never break, whatever is sent.
//
// The timestamp follows a clock that says which sample is due now. Relayed packets may run a little ahead of it or
// behind; then the clock is slewed by at most 200 ppm, what two crystals differ, so that the steps of many pauses
// never add up.
type sender struct {
	socket socket
	crypt  *srtp.Sender // nil = packets go as they are
	to     netip.AddrPort
	on     bool // the far end wants to hear us and we know where it is

	law     audio.Law
	wide    *audio.G722Encoder // G.722 is sent; nil = law
	pt      uint8
	eventPT int
	cut     int // samples in a packet
	step    int // samples from one own packet to the next; more than cut when media is thinned

	ssrc    uint32
	seq     uint16 // of the next packet
	ts      uint32 // of the next packet
	marker  bool   // the next packet begins a talk-spurt
	clockAt int64  // at this instant
	clockTS uint32 // this timestamp was due

	buf    []byte // header and one packet of our own
	sent   int64  // packets
	octets int64  // of their bodies
}

const (
	sampleTime = int64(1e9 / audio.Rate) // nanoseconds, exact
	slewSample = sampleTime / 5000       // 200 ppm
	maxCut     = 60 * audio.Rate / 1000  // 60 ms
	catchUp    = 3                       // packets that may be sent at once when we are late; beyond it time is skipped
)

// shape sets packet length and pace.
func (o *sender) shape(ptime int, pace int64) {
	if ptime == 0 {
		ptime = 20
	}
	o.cut = max(10, min(ptime, 60)) * audio.Rate / 1000
	o.step = max(o.cut, int(pace/sampleTime))
	if len(o.buf) != headerLen+o.cut {
		o.buf = make([]byte, headerLen+o.cut)
	}
}

// encode writes samples at 8000 as what this leg speaks.
func (o *sender) encode(dst []byte, s []int16) {
	if o.wide != nil {
		o.wide.EncodeNarrow(dst, s)
		return
	}
	o.law.Encode(dst, s)
}

// silence is a byte of nearly nothing.
func (o *sender) silence() byte {
	if o.wide != nil {
		return wideSilence
	}
	return o.law.Silence()
}

// dueAt returns when the next packet is due.
func (o *sender) dueAt() int64 { return o.clockAt + int64(int32(o.ts-o.clockTS))*sampleTime }

// tsAt returns the timestamp that is due at now.
func (o *sender) tsAt(now int64) uint32 { return o.clockTS + uint32(int32((now-o.clockAt)/sampleTime)) }

// rebase moves the clock's origin to the next packet, so that its differences stay small.
func (o *sender) rebase() { o.clockAt, o.clockTS = o.dueAt(), o.ts }

// skipTo moves the next packet to now when it is late.
func (o *sender) skipTo(now int64) {
	if t := o.tsAt(now); int32(t-o.ts) > 0 {
		o.ts, o.marker = t, true
	}
}

// slew lets the clock follow a source that sent n samples of timestamp ts just now.
func (o *sender) slew(ts uint32, n int, now int64) {
	d := int64(n) * slewSample
	if int32(ts-o.tsAt(now)) > 0 {
		d = -d
	}
	o.clockAt += d
}

// next sends buf as the next packet of audio and moves on by step samples.
func (o *sender) next(step int) bool {
	ok := o.put(o.buf, o.pt, o.marker, o.seq, o.ts)
	if o.on {
		o.seq, o.marker = o.seq+1, false
	} else {
		o.marker = true
	}
	o.ts += uint32(step)
	return ok
}

// put writes a header into the first bytes of b and sends it.
func (o *sender) put(b []byte, pt uint8, marker bool, seq uint16, ts uint32) bool {
	if !o.on {
		return false
	}
	putHeader(b, pt, marker, seq, ts, o.ssrc)
	octets := int64(len(b) - headerLen)
	if o.crypt != nil {
		var err error
		if b, err = o.crypt.Protect(b); err != nil {
			return false
		}
	}
	if err := o.socket.send(b, o.to); err != nil {
		return false
	}
	o.sent++
	o.octets += octets
	return true
}
