package media

import (
	"math"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"ringback/internal/audio"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/srtp"
	"ringback/internal/wire"
)

// phone is a far end: it keeps what comes and sends what it is told.
type phone struct {
	t    *testing.T
	conn net.PacketConn
	law  audio.Law
	to   netip.AddrPort

	seq      uint16
	ts, ssrc uint32
	phase    int

	mu     sync.Mutex
	got    []heard
	in     *srtp.Receiver // nil = it speaks without SRTP
	out    *srtp.Sender
	spoilt int // packets that it could not decrypt
	done   chan struct{}
}

type heard struct {
	at   time.Time
	from netip.AddrPort
	header
	body []byte
}

func newPhone(t *testing.T, n wire.Net, addr string) *phone {
	t.Helper()
	c, err := n.ListenPacket(addr)
	if err != nil {
		t.Fatal(err)
	}
	p := &phone{t: t, conn: c, seq: 65500, ts: 1<<32 - 8000, ssrc: 0x1234, done: make(chan struct{})}
	go p.read()
	return p
}

func (p *phone) read() {
	defer close(p.done)
	b := make([]byte, 2000)
	for {
		n, from, err := p.conn.ReadFrom(b)
		if err != nil {
			return
		}
		n = p.unlock(b[:n])
		h, ok := parse(b[:n])
		if n == 0 {
			continue
		}
		if !ok {
			p.t.Errorf("the phone got %x, which is no RTP", b[:n])
			continue
		}
		ap := from.(*net.UDPAddr).AddrPort()
		p.mu.Lock()
		p.got = append(p.got, heard{time.Now(), netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()), h, append([]byte(nil), b[h.body:h.end]...)})
		p.mu.Unlock()
	}
}

// unlock decrypts a packet and returns its length, 0 when it cannot.
func (p *phone) unlock(b []byte) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.in == nil {
		return len(b)
	}
	plain, err := p.in.Unprotect(b)
	if err != nil {
		p.spoilt++
	}
	return len(plain)
}

func (p *phone) close() {
	p.conn.Close()
	<-p.done
}

func (p *phone) addr() netip.AddrPort { return p.conn.LocalAddr().(*net.UDPAddr).AddrPort() }

// packets returns what has come since the last forget.
func (p *phone) packets() []heard {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]heard(nil), p.got...)
}

func (p *phone) forget() {
	p.mu.Lock()
	p.got = nil
	p.mu.Unlock()
}

// raw sends one packet and moves on as RTP does.
func (p *phone) raw(pt uint8, marker bool, ts uint32, body []byte) {
	b := make([]byte, headerLen+len(body))
	putHeader(b, pt, marker, p.seq, ts, p.ssrc)
	copy(b[headerLen:], body)
	p.seq++
	if p.out != nil {
		var err error
		if b, err = p.out.Protect(b); err != nil {
			p.t.Error(err)
		}
	}
	if _, err := p.conn.WriteTo(b, net.UDPAddrFromAddrPort(p.to)); err != nil {
		p.t.Error(err)
	}
}

// tone sends a tone of hz for d in packets of ptime, one each ptime; 0 Hz is digital silence.
func (p *phone) tone(hz float64, d, ptime time.Duration) {
	n := int(ptime / time.Millisecond * audio.Rate / 1000)
	tick := time.NewTicker(ptime)
	defer tick.Stop()
	for ; d > 0; d -= ptime {
		s, b := make([]int16, n), make([]byte, n)
		for i := range s {
			s[i] = int16(8000 * math.Sin(2*math.Pi*hz*float64(p.phase)/audio.Rate))
			p.phase++
		}
		p.law.Encode(b, s)
		p.raw([]uint8{0, 8}[p.law], false, p.ts, b)
		p.ts += uint32(n)
		<-tick.C
	}
}

// sound puts what was heard on one row by its timestamps; holes are digital silence.
func sound(t *testing.T, got []heard) []int16 {
	t.Helper()
	var out []int16
	for _, h := range got {
		if h.pt != 0 && h.pt != 8 {
			continue
		}
		s := make([]int16, len(h.body))
		audio.Law(h.pt/8).Decode(s, h.body)
		at := int(h.ts - got[0].ts)
		if at < 0 || at > 1e7 {
			t.Fatalf("timestamp %d is %d before the first", h.ts, -at)
		}
		if need := at + len(s); need > len(out) {
			out = append(out, make([]int16, need-len(out))...)
		}
		copy(out[at:], s)
	}
	return out
}

// unbroken checks that all of got is one voice: one SSRC, sequence numbers without a hole, timestamps without hole or
// overlap but for holes of up to slack samples.
func unbroken(t *testing.T, got []heard, slack int) {
	t.Helper()
	if len(got) < 2 {
		t.Fatalf("%d packets were heard", len(got))
	}
	end := got[0].ts
	for i, h := range got {
		if h.ssrc != got[0].ssrc {
			t.Fatalf("packet %d: SSRC %x after %x", i, h.ssrc, got[0].ssrc)
		}
		if h.seq != got[0].seq+uint16(i) {
			t.Fatalf("packet %d: sequence %d, want %d", i, h.seq, got[0].seq+uint16(i))
		}
		if h.pt > 34 {
			continue // a key
		}
		if d := int32(h.ts - end); d < 0 || int(d) > slack {
			t.Fatalf("packet %d: timestamp %d samples from where the last one ended", i, d)
		}
		end = h.ts + uint32(len(h.body))
	}
}

// loudAt returns the level of hz over 100 ms at a time of a row of samples.
func loudAt(s []int16, hz float64, at time.Duration) float64 {
	i := int(at * audio.Rate / time.Second)
	if i < 0 || i+800 > len(s) {
		return -1
	}
	return audio.Goertzel(s[i:i+800], hz)
}

// longestSilence returns how long the longest stretch below -60 dBFS is, in windows of 20 ms.
func longestSilence(s []int16) time.Duration {
	most, run := 0, 0
	for ; len(s) >= audio.Frame; s = s[audio.Frame:] {
		if audio.DBFS(audio.RMS(s[:audio.Frame])) < -60 {
			run++
		} else {
			run = 0
		}
		most = max(most, run)
	}
	return time.Duration(most) * 20 * time.Millisecond
}

// ear is an Owner that writes down what it is told.
type ear struct {
	mu   sync.Mutex
	told []string
}

func (e *ear) note(s string) {
	e.mu.Lock()
	e.told = append(e.told, s)
	e.mu.Unlock()
}

func (e *ear) FirstPacket()  { e.note("first") }
func (e *ear) Digit(b byte)  { e.note("key " + string(b)) }
func (e *ear) Quiet()        { e.note("quiet") }
func (e *ear) Heard()        { e.note("heard") }
func (e *ear) PromptDone()   { e.note("prompt") }
func (e *ear) Voice(v Voice) { e.note("voice " + string(v)) }

func (e *ear) Ringing(on bool) {
	if on {
		e.note("rings")
	} else {
		e.note("answers")
	}
}
func (e *ear) Tone(t cti.Tone) { e.note("tone " + string(t)) }

func (e *ear) all() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]string(nil), e.told...)
}
