package media

import "time"

// hearing is what a stream knows of the packets that come: their order, losses, jitter and rate.
type hearing struct {
	packets, dropped int64
	last             int64 // when the last packet passed
	since            int64 // silence counts from here when it is later
	quiet            bool  // the owner has been told

	row     int // how many sequences have begun; 0 = no packet has come
	ssrc    uint32
	high    uint16 // highest sequence number
	restart uint16 // the number after one far off: if it comes, the far end began anew
	turns   uint16 // times that it has begun at 0 again
	seen    uint64 // bit i: high-i came
	want    int64  // packets of finished sequences and of this one up to high
	got     int64  // those that came

	transit uint32 // arrival minus timestamp, in samples
	jitter  uint32 // times 16, RFC 3550 A.8

	earliest int64 // rate: when the next packet would come at the allowed rate
}

const (
	rateGap   = int64(5 * time.Millisecond) // 200 packets a second: twice a call with 10 ms packets
	rateBurst = int64(300 * time.Millisecond)
	farOff    = 1000 // a sequence number this far ahead is no loss but another sequence
)

// rate is a leaky bucket.
func (in *hearing) rate(now int64) bool {
	next := max(in.earliest, now) + rateGap
	if next-now > rateBurst {
		return false
	}
	in.earliest = next
	return true
}

// take counts a packet; false says that it came before or is too old.
func (in *hearing) take(p *packet) bool {
	defer func() { p.row = in.row }()
	if in.row == 0 || p.ssrc != in.ssrc {
		in.begin(p)
		return true
	}
	switch d := int16(p.seq - in.high); {
	case d > 0 && d < farOff:
		if p.seq < in.high {
			in.turns++
		}
		in.high, in.want = p.seq, in.want+int64(d)
		in.seen = in.seen<<d | 1
	case d <= 0 && d > -64:
		if in.seen&(1<<-d) != 0 {
			return false
		}
		in.seen |= 1 << -d
	case p.seq == in.restart:
		in.begin(p)
		return true
	default:
		in.restart = p.seq + 1
		return false
	}
	in.got++
	in.packets++
	if p.kind == soundKind {
		in.spread(p)
	}
	return true
}

// farNext is how far a stream may have gone on while its router had lost it: two minutes.
const farNext = 6000

// follows says whether a packet goes on where the newest sequence stood.
func (in *hearing) follows(p *packet) bool {
	d := int16(p.seq - in.high)
	return in.row > 0 && p.ssrc == in.ssrc && d > 0 && d < farNext
}

// begin starts a sequence; what came of older ones stays counted.
func (in *hearing) begin(p *packet) {
	in.row++
	in.ssrc, in.high, in.seen, in.turns = p.ssrc, p.seq, 1, 0
	in.restart = p.seq - 1
	in.want++
	in.got++
	in.packets++
	in.transit = uint32(p.now/sampleTime) - p.ts
}

func (in *hearing) spread(p *packet) {
	transit := uint32(p.now/sampleTime) - p.ts
	d := int32(transit - in.transit)
	in.transit = transit
	if d < 0 {
		d = -d
	}
	in.jitter += uint32(d) - (in.jitter+8)>>4
}

// spreadOf is the jitter as time.
func (in *hearing) spreadOf() time.Duration {
	return time.Duration(in.jitter) * time.Duration(sampleTime) / 16
}

func (in *hearing) lost() int64 { return max(0, in.want-in.got) }
