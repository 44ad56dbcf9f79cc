package browser

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"ringback/internal/cti/ctitest"
	"ringback/internal/wire"
)

// door is an open hub with a record of what it told.
type door struct {
	*Hub
	t    *testing.T
	mu   sync.Mutex
	told []string
	more chan struct{}
}

func newDoor(t *testing.T) *door { return newDoorAt(t, Config{Listen: "127.0.0.1:0"}) }

func newDoorAt(t *testing.T, c Config) *door {
	d := &door{t: t, more: make(chan struct{}, 100)}
	c.Net, c.gone, c.Up, c.Lost = wire.Real{}, time.Second, d.note("up "), d.note("lost ")
	c.Escaped = func(v any) { t.Errorf("panic: %v", v) }
	h, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	d.Hub = h
	t.Cleanup(h.Close)
	return d
}

// hears waits until some speech of a page has come.
func (d *door) hears(name string) {
	d.t.Helper()
	got := make(chan struct{}, 200)
	if _, ok := d.Take(name, func([]byte) {
		select {
		case got <- struct{}{}:
		default:
		}
	}); !ok {
		d.t.Fatal(name + " is not taken")
	}
	d.until("speech of "+name, 5*time.Second, func() bool { return len(got) >= 10 })
}

func (d *door) note(what string) func(string) {
	return func(peer string) {
		d.mu.Lock()
		d.told = append(d.told, what+peer)
		d.mu.Unlock()
		d.more <- struct{}{}
	}
}

// until waits for a fact that holds at the latest in so long.
func (d *door) until(what string, most time.Duration, holds func() bool) {
	d.t.Helper()
	late := time.After(most)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-d.more:
		case <-tick.C:
		case <-late:
			d.t.Fatalf("not in %v: %s; told %q", most, what, d.log())
		}
	}
}

func (d *door) log() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.told, ", ")
}

func (d *door) size() int {
	d.Hub.mu.Lock()
	defer d.Hub.mu.Unlock()
	return len(d.peers)
}

func (d *door) asks(name string) func(context.Context, string) (string, error) {
	return func(ctx context.Context, offer string) (string, error) { return d.Connect(ctx, name, offer) }
}

// offer is what a page offers.
func offer(t testing.TB) string {
	t.Helper()
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	if _, err = pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio); err == nil {
		_, err = pc.CreateDataChannel("awake", nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	o, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	return o.SDP
}

// Who offers and never comes is forgotten, and nothing is told of it.
func TestNeverComes(t *testing.T) {
	d := newDoor(t)
	for i := range 3 {
		if _, err := d.Connect(t.Context(), fmt.Sprintf("p%d", i), offer(t)); err != nil {
			t.Fatal(err)
		}
	}
	if n := d.size(); n != 3 {
		t.Fatalf("%d peers", n)
	}
	d.until("they are forgotten", 15*time.Second, func() bool { return d.size() == 0 })
	if d.log() != "" {
		t.Errorf("told %q", d.log())
	}
}

// Nothing is sent to where an offer says that its page is.
func TestStrangersCandidates(t *testing.T) {
	victim, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer victim.Close()
	d := newDoor(t)
	port := victim.LocalAddr().(*net.UDPAddr).Port
	evil := strings.Replace(offer(t), "a=sendrecv\r\n", fmt.Sprintf("a=sendrecv\r\na=candidate:1 1 udp 2130706431 127.0.0.1 %d typ host\r\n", port), 1)
	if !strings.Contains(evil, "a=candidate") {
		t.Fatal("no candidate in the offer")
	}
	if _, err := d.Connect(t.Context(), "evil", evil); err != nil {
		t.Fatal(err)
	}
	victim.SetReadDeadline(time.Now().Add(1500 * time.Millisecond))
	var b [1500]byte
	if n, from, err := victim.ReadFrom(b[:]); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%d bytes from %v: %v", n, from, err)
	}
}

// A browser's leg outlives its connection, and the name is free when both are gone. A lost one is told once.
func TestLineOutlives(t *testing.T) {
	d := newDoor(t)
	b := ctitest.NewBrowser(t, 600)
	b.Connect(d.asks("ann"))
	d.until("up", 5*time.Second, func() bool { return d.log() == "up ann" && d.Connected("ann") })
	got := make(chan struct{}, 1)
	l, ok := d.Take("ann", func([]byte) {
		select {
		case got <- struct{}{}:
		default:
		}
	})
	if _, twice := d.Take("ann", nil); !ok || twice {
		t.Fatalf("taken %t, and again %t", ok, twice)
	}
	heard := func() {
		select {
		case <-got:
		case <-time.After(5 * time.Second):
			t.Fatal("nothing is heard")
		}
	}
	heard()
	b.Cut()
	d.until("lost", 10*time.Second, func() bool { return d.log() == "up ann, lost ann" })
	d.until("the connection is gone", 10*time.Second, func() bool { return l.conn.Load() == nil })
	if d.size() != 1 || d.Connected("ann") {
		t.Fatal("forgotten while a leg waits for her")
	}
	select {
	case <-got:
	default:
	}
	b.Connect(d.asks("ann"))
	d.until("up again", 5*time.Second, func() bool { return d.log() == "up ann, lost ann, up ann" })
	heard()
	b.Cut()
	d.until("lost again", 20*time.Second, func() bool { return l.conn.Load() == nil })
	l.Close()
	if n := d.size(); n != 0 {
		t.Errorf("%d peers are kept", n)
	}
}

// Where UDP is blocked the same port carries speech over TCP.
func TestOverTCP(t *testing.T) {
	d := newDoor(t)
	b := ctitest.NewBrowser(t, 600).OverTCP(-1)
	began := time.Now()
	b.Connect(d.asks("ann"))
	d.until("up", 5*time.Second, func() bool { return d.Connected("ann") })
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("through after %v", took)
	}
	d.hears("ann")
}

// A crowd has so many places, and so many for one address.
func TestCrowd(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := newCrowd(l)
	w.one = 8
	defer w.Close()
	in := make(chan net.Conn, 2*w.one)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := w.Accept()
			if err != nil {
				return
			}
			in <- c
		}
	}()
	knock := func() net.Conn {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	for range w.one {
		knock()
	}
	first := <-in
	for range w.one - 1 {
		<-in
	}
	over := knock()
	over.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := over.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("one too many is let in: %v", err)
	}
	first.Close()
	first.Close()
	knock()
	(<-in).Close()
	w.Close()
	<-done
}

// Whatever is offered, the answer is an answer or an error.
func FuzzConnect(f *testing.F) {
	good := offer(f)
	f.Add(good)
	f.Add(strings.Replace(good, "a=sendrecv", "a=inactive", 1))
	f.Add(strings.Replace(good, "a=ice-ufrag:", "a=ice-ufrag", 1))
	f.Add(strings.ReplaceAll(good, "a=fingerprint", "a=nothing"))
	f.Add(strings.Replace(good, "UDP/TLS/RTP/SAVPF", "RTP/AVP", 1))
	f.Add("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n")
	h, err := Open(Config{Net: wire.Real{}, Listen: "127.0.0.1:0", gone: time.Second, Up: func(string) {}, Lost: func(string) {}, Escaped: func(v any) { panic(v) }})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(h.Close)
	f.Fuzz(func(t *testing.T, offer string) {
		answer, err := h.Connect(t.Context(), "fuzz", offer)
		if (err == nil) != strings.HasPrefix(answer, "v=0") {
			t.Errorf("answer %q, error %v", answer, err)
		}
	})
}

// What passes has one sound, and no candidate.
func FuzzTidy(f *testing.F) {
	f.Add(offer(f))
	f.Add("v=0\nm=audio 9 x\na=candidate:1")
	f.Add("v=0\r\nm=audio 9 x\r\nm=application 9 y\r\nm=video 9 z\r\n")
	f.Fuzz(func(t *testing.T, offer string) {
		out, err := tidy(offer)
		if err == nil && (len(out) > offerMost || strings.Contains(out, "\na=candidate:") || strings.Count("\n"+out, "\nm=audio ") != 1) {
			t.Errorf("%q became %q", offer, out)
		}
	})
}
