package ctisip

import (
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ringback/internal/audio"
	"ringback/internal/cti"
)

// voice is the sound of a far end: it sends a tone and keeps what it hears.
type voice struct {
	conn net.PacketConn
	to   net.Addr
	hz   float64
	each time.Duration // between two packets; 0 = 20 ms
	inv  *msg          // of a far end that speaks later
	seq  uint16        // of what it says then
	mute atomic.Bool
	stop chan struct{}
	done sync.WaitGroup

	mu    sync.Mutex
	heard []heardPacket
}

type heardPacket struct {
	at      time.Time
	ssrc    uint32
	seq     uint16
	samples []int16
}

// speaks opens the media socket of a far end; the port goes into its descriptions.
func (b *bench) speaks(f *far, hz float64) *voice {
	b.t.Helper()
	host, _, _ := net.SplitHostPort(f.conn.LocalAddr().String())
	c, err := b.net.ListenPacket(host + ":0")
	if err != nil {
		b.t.Fatal(err)
	}
	ap := netip.MustParseAddrPort(c.LocalAddr().String())
	f.port.Store(int64(ap.Port()))
	v := &voice{conn: c, hz: hz, stop: make(chan struct{})}
	v.done.Go(v.listen)
	b.voices = append(b.voices, v)
	return v
}

func (v *voice) listen() {
	b := make([]byte, 1500)
	for {
		n, _, err := v.conn.ReadFrom(b)
		if err != nil {
			return
		}
		if n < 12 || b[1]&0x7f != 0 {
			continue
		}
		p := heardPacket{time.Now(), binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint16(b[2:]), make([]int16, n-12)}
		audio.ULaw.Decode(p.samples, b[12:n])
		v.mu.Lock()
		v.heard = append(v.heard, p)
		v.mu.Unlock()
	}
}

// speak sends the tone to the address in a description of the switch.
func (v *voice) speak(inv *msg) {
	v.to = v.address(inv)
	v.done.Go(func() {
		t := time.NewTicker(max(v.each, 20*time.Millisecond))
		defer t.Stop()
		samples, phase := make([]int16, 160), 0
		p := make([]byte, 172)
		p[0] = 0x80
		binary.BigEndian.PutUint32(p[8:], rand.Uint32())
		for seq := uint16(1); ; seq++ {
			select {
			case <-v.stop:
				return
			case <-t.C:
			}
			if v.mute.Load() {
				continue
			}
			for i := range samples {
				samples[i] = int16(8000 * math.Sin(2*math.Pi*v.hz*float64(phase)/8000))
				phase++
			}
			binary.BigEndian.PutUint16(p[2:], seq)
			binary.BigEndian.PutUint32(p[4:], uint32(phase))
			audio.ULaw.Encode(p[12:], samples)
			v.conn.WriteTo(p, v.to)
		}
	})
}

// address is where the switch listens for sound, by its description.
func (v *voice) address(inv *msg) net.Addr {
	host, port := netip.MustParseAddrPort(ours).Addr(), 0
	for _, l := range splitLines(inv.body) {
		if a, ok := strings.CutPrefix(l, "c=IN IP4 "); ok {
			host = netip.MustParseAddr(strings.TrimSpace(a))
		}
		if len(l) > 8 && l[:8] == "m=audio " {
			port = atoi(l[8:])
		}
	}
	return net.UDPAddrFromAddrPort(netip.AddrPortFrom(host, uint16(port)))
}

// level is how loud hz was heard in the packets that came in [from, to).
func (v *voice) level(hz float64, from, to time.Time) float64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	var s []int16
	for _, p := range v.heard {
		if !p.at.Before(from) && p.at.Before(to) {
			s = append(s, p.samples...)
		}
	}
	return audio.Goertzel(s, hz)
}

// first is when hz was first heard in a packet.
func (v *voice) first(hz float64, from time.Time) time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, p := range v.heard {
		if !p.at.Before(from) && audio.Goertzel(p.samples, hz) > 3000 {
			return p.at
		}
	}
	return time.Time{}
}

func splitLines(s string) (out []string) {
	start := 0
	for i := range s {
		if s[i] == '\n' {
			out, start = append(out, s[start:i]), i+1
		}
	}
	return out
}

func atoi(s string) (n int) {
	for _, c := range s {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// From the answer on each hears something; at the join each hears the other and not itself, over one unbroken stream;
// before it the agent alone hears the network's early media.
func TestSoundOfACallback(t *testing.T) {
	simulate(t, func(b *bench) {
		ann := b.far("10.0.0.9:5060", nil)
		annSays := b.speaks(ann, 440)
		ann.becomes(once(func(f *far, m *msg) { f.reply(m, 200, f.sdp()); annSays.speak(m) }, byes))
		vis := b.far(trunkAddr, nil)
		visSays := b.speaks(vis, 1000)
		vis.becomes(once(func(f *far, m *msg) {
			after(2*time.Second, func() { f.reply(m, 183, f.sdp()); visSays.speak(m) })
			after(7*time.Second, func() { f.reply(m, 200, f.sdp()) })
		}, byes))
		a := order("a")
		a.Party, a.To = cti.Agent, "sip:ann@10.0.0.9:5060"
		b.call(a)
		answered := b.await("a", cti.LegAnswered).At
		b.pass(2 * time.Second)
		if at := annSays.loud(answered); at.IsZero() || at.Sub(answered) > 500*time.Millisecond {
			t.Errorf("the agent hears something %v after the answer", at.Sub(answered))
		}
		b.call(order("v"))
		early := b.await("v", cti.LegEarly).At
		b.await("v", cti.LegConfirmed)
		now := time.Now()
		if l := annSays.level(1000, early.Add(time.Second), now); l < 4000 {
			t.Errorf("early media heard by the agent at level %.0f", l)
		}
		if l := visSays.level(440, early, now); l > 100 {
			t.Errorf("the visitor hears the agent before the answer, at level %.0f", l)
		}
		join := time.Now()
		if err := b.sw.Join(context.Background(), cti.Join{Callback: "cb_1", A: "leg_a", B: "leg_v"}); err != nil {
			t.Fatal(err)
		}
		b.pass(5 * time.Second)
		now = time.Now()
		between(t, "visitor heard by the agent", annSays.first(1000, join).Sub(join), 0, 100*time.Millisecond)
		between(t, "agent heard by the visitor", visSays.first(440, join).Sub(join), 0, 300*time.Millisecond)
		for name, c := range map[string]struct {
			v         *voice
			own, hers float64
		}{"agent": {annSays, 440, 1000}, "visitor": {visSays, 1000, 440}} {
			if l := c.v.level(c.hers, now.Add(-3*time.Second), now); l < 7000 {
				t.Errorf("%s hears the other at level %.0f", name, l)
			}
			if l := c.v.level(c.own, now.Add(-3*time.Second), now); l > 100 {
				t.Errorf("%s hears itself at level %.0f", name, l)
			}
			c.v.unbroken(t, name)
		}
		vis.request(vis.wait("INVITE", 1), "BYE", 1, "")
		bye := ann.wait("BYE", 1)
		annSays.mu.Lock()
		last := annSays.heard[len(annSays.heard)-1].at
		annSays.mu.Unlock()
		if last.Before(bye.at.Add(-100 * time.Millisecond)) {
			t.Error("media closed before BYE")
		}
	})
}

// loud is when something above -50 dBFS was first heard.
func (v *voice) loud(from time.Time) time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, p := range v.heard {
		if !p.at.Before(from) && audio.DBFS(audio.RMS(p.samples)) > -50 {
			return p.at
		}
	}
	return time.Time{}
}

// unbroken checks one SSRC and a sequence without holes.
func (v *voice) unbroken(t *testing.T, name string) {
	v.whole(t, name)
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := 1; i < len(v.heard); i++ {
		if d := v.heard[i].at.Sub(v.heard[i-1].at); d > 60*time.Millisecond {
			t.Errorf("%s: packet %d came %v after the one before", name, i, d)
			return
		}
	}
}

// whole: one sender, and no number is missing. On a real network when packets come is the machine's doing.
func (v *voice) whole(t *testing.T, name string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := 1; i < len(v.heard); i++ {
		a, z := v.heard[i-1], v.heard[i]
		if a.ssrc != z.ssrc || a.seq+1 != z.seq {
			t.Errorf("%s: packet %d: SSRC %x then %x, number %d then %d", name, i, a.ssrc, z.ssrc, a.seq, z.seq)
			return
		}
	}
}

func (v *voice) close() {
	close(v.stop)
	v.conn.Close()
	v.done.Wait()
}
