package ctisip

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"ringback/internal/cti"
	"ringback/internal/cti/ctitest"
	"ringback/internal/wire"
)

// pages is a switch that browsers may connect to.
func pages(t *testing.T) *bench {
	t.Helper()
	b := newBench(t, wire.Real{})
	b.with = func(c *Config) { c.RTC = "127.0.0.1:0" }
	b.start("udp://127.0.0.1:0")
	t.Cleanup(b.stop)
	return b
}

// page opens a browser that is connected under a name.
func (b *bench) page(name string, hz float64) *ctitest.Browser {
	b.t.Helper()
	p := ctitest.NewBrowser(b.t, hz)
	b.connects(p, name)
	return p
}

func (b *bench) connects(p *ctitest.Browser, name string) {
	b.t.Helper()
	p.Connect(func(ctx context.Context, offer string) (string, error) { return b.sw.Connect(ctx, name, offer) })
	b.awaitPeer(name, cti.PeerUp)
}

func (b *bench) awaitPeer(name string, k cti.EventKind) {
	b.t.Helper()
	late := time.After(20 * time.Second)
	for {
		b.mu.Lock()
		for i, e := range b.events {
			if e.Kind == k && e.Peer == name {
				b.events[i].Peer = "" // seen
				b.mu.Unlock()
				return
			}
		}
		b.mu.Unlock()
		select {
		case <-b.news:
		case <-late:
			b.t.Fatalf("%s: never %s", name, k)
		}
	}
}

// webOrder is an order to a browser.
func webOrder(leg string, p cti.Party) cti.Order {
	o := order(leg)
	o.To, o.Party = cti.BrowserOf(leg), p
	return o
}

func (b *bench) joined(x, y string) {
	b.t.Helper()
	if err := b.sw.Join(context.Background(), cti.Join{Callback: "cb_1", A: order(x).Leg, B: order(y).Leg}); err != nil {
		b.t.Fatal(err)
	}
	b.await(x, cti.LegJoined)
	b.await(y, cti.LegJoined)
}

// hear each other: two browsers, neither itself.
func talk(t *testing.T, a, b *ctitest.Browser, hzA, hzB float64) {
	t.Helper()
	if !a.Hears(hzB, time.Second) || !b.Hears(hzA, time.Second) {
		t.Errorf("they do not hear each other: %v and %v", a.Heard(hzB), b.Heard(hzA))
	}
	if x, y := a.Heard(hzA), b.Heard(hzB); x > 0 || y > 0 {
		t.Errorf("they hear themselves for %v and %v", x, y)
	}
}

// Two browsers: the agent's rings until she accepts, the visitor's is answered at once. They talk; one is loaded again in
// the middle and is heard again; then one hangs up.
func TestBrowsersTalk(t *testing.T) {
	b := pages(t)
	ann, vera := b.page("a", 600), b.page("v", 900)
	b.call(webOrder("a", cti.Agent))
	b.await("a", cti.LegRinging)
	if n := len(b.told("a", cti.LegAnswered)); n != 0 {
		t.Fatal("answered before she accepts")
	}
	for range 2 {
		if err := b.sw.Accept(context.Background(), "leg_a"); err != nil {
			t.Fatal(err)
		}
	}
	b.await("a", cti.LegConfirmed)
	b.call(webOrder("v", cti.Visitor))
	b.await("v", cti.LegConfirmed)
	b.joined("a", "v")
	talk(t, ann, vera, 600, 900)

	ann.Cut()
	began := time.Now()
	b.connects(ann, "a")
	ann.Forget()
	vera.Forget()
	talk(t, ann, vera, 600, 900)
	if d := time.Since(began); d > 4*time.Second {
		t.Errorf("heard for a second %v after it was loaded again", d)
	}
	if len(b.told("a", cti.LegEnded))+len(b.told("v", cti.LegEnded)) > 0 {
		t.Fatalf("a: %s; v: %s", b.story("a"), b.story("v"))
	}
	b.sw.HangUp(context.Background(), "leg_a", cti.HangUp{})
	if e := b.await("v", cti.LegEnded); e.Cause != cti.NormalClearing || e.Quality.MOS < 4 {
		t.Errorf("v ended with %s, MOS %.1f", e.Cause, e.Quality.MOS)
	}
	b.await("a", cti.LegEnded)
	for _, next := range []string{"a2", "a3", "a4", "a5"} { // the same browser has its next calls, and hears them
		b.call(webOrder2(next, "a"))
		b.await(next, cti.LegRinging)
		b.sw.Accept(context.Background(), order(next).Leg)
		b.await(next, cti.LegConfirmed)
		ann.Forget()
		b.sw.Play(context.Background(), order(next).Leg, cti.Program{Then: cti.SoundRingback})
		if !ann.HearsAnything(time.Second) {
			t.Errorf("%s: nothing is heard", next)
		}
		b.sw.HangUp(context.Background(), order(next).Leg, cti.HangUp{})
		b.await(next, cti.LegEnded)
	}
}

func webOrder2(leg, at string) cti.Order {
	o := webOrder(leg, cti.Agent)
	o.To, o.Callback = cti.BrowserOf(at), idOf(leg)
	return o
}

// A browser and a telephone on a trunk.
func TestBrowserAndTelephone(t *testing.T) {
	b := pages(t)
	f := b.far("127.0.0.1:0", picksUp(0, 0))
	b.trunks(trunk("a", f.conn.LocalAddr().String()))
	v := b.speaks(f, 900)
	ann := b.page("a", 600)
	b.call(webOrder("a", cti.Agent))
	b.await("a", cti.LegRinging)
	if err := b.sw.Accept(context.Background(), "leg_a"); err != nil {
		t.Fatal(err)
	}
	b.await("a", cti.LegConfirmed)
	b.call(order("v"))
	b.await("v", cti.LegConfirmed)
	v.speak(f.wait("INVITE", 1))
	b.joined("a", "v")
	if !ann.Hears(900, time.Second) {
		t.Errorf("she hears him for %v", ann.Heard(900))
	}
	if l := v.level(600, time.Now().Add(-500*time.Millisecond), time.Now()); l < 4000 {
		t.Errorf("he hears her at %.0f", l)
	}
	v.whole(t, "the telephone")
}

// Nobody is there, she declines, it rings out, she leaves for good.
func TestBrowserEnds(t *testing.T) {
	b := pages(t)
	b.call(webOrder("a", cti.Agent))
	if e := b.await("a", cti.LegEnded); e.Cause != cti.UnallocatedNumber || e.Note == "" {
		t.Errorf("no page: %s %q", e.Cause, e.Note)
	}
	b.page("a", 600)
	b.call(webOrder2("b", "a"))
	b.await("b", cti.LegRinging)
	b.call(webOrder2("c", "a")) // she has one
	if e := b.await("c", cti.LegEnded); e.Cause != cti.UnallocatedNumber {
		t.Errorf("two at once: %s", e.Cause)
	}
	b.sw.HangUp(context.Background(), "leg_b", cti.HangUp{Cause: cti.CallRejected})
	if e := b.await("b", cti.LegEnded); e.Cause != cti.CallRejected {
		t.Errorf("declined: %s", e.Cause)
	}
	o := webOrder2("d", "a")
	o.Ring = 50 * time.Millisecond
	b.call(o)
	if e := b.await("d", cti.LegEnded); e.Cause != cti.NoAnswer {
		t.Errorf("not accepted: %s", e.Cause)
	}
	if err := b.sw.Accept(context.Background(), "leg_d"); err == nil {
		t.Error("an ended leg is accepted")
	}
	b.call(webOrder2("e", "a"))
	b.await("e", cti.LegRinging)
	b.sw.Accept(context.Background(), "leg_e")
	b.await("e", cti.LegConfirmed)
	b.sw.Disconnect(context.Background(), "a")
	if e := b.await("e", cti.LegEnded); e.Cause != cti.MediaLost || e.By != cti.ByAgent {
		t.Errorf("she left: %s by %s", e.Cause, e.By)
	}
	for _, offer := range []string{"", "v=0", "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n"} {
		if _, err := b.sw.Connect(context.Background(), "x", offer); err == nil {
			t.Errorf("offer %q is taken", offer)
		}
	}
	if _, err := b.sw.Connect(context.Background(), "../x", "v=0"); err == nil {
		t.Error("a strange name is taken")
	}
}

// A supervisor in a browser, as an agent and a visitor are: whispered at, the agent alone hears her; barging, both do; when she
// has gone the two talk as before, over the same streams.
func TestSupervisorInABrowser(t *testing.T) {
	b := pages(t)
	all := map[string]*ctitest.Browser{"a": b.page("a", 600), "v": b.page("v", 900), "s": b.page("s", 1300)}
	for _, p := range []struct {
		leg   string
		party cti.Party
	}{{"a", cti.Agent}, {"s", cti.Supervisor}, {"v", cti.Visitor}} {
		b.call(webOrder(p.leg, p.party))
		if p.party != cti.Visitor {
			b.await(p.leg, cti.LegRinging)
			if err := b.sw.Accept(context.Background(), webOrder(p.leg, p.party).Leg); err != nil {
				t.Fatal(err)
			}
		}
		b.await(p.leg, cti.LegConfirmed)
	}
	b.joined("a", "v")
	hz := map[string]float64{"a": 600, "v": 900, "s": 1300}
	for _, c := range []struct {
		mode    cti.Mode
		a, v, s string
	}{{cti.MonitorListen, "v", "a", "av"}, {cti.MonitorWhisper, "vs", "a", "av"}, {cti.MonitorBarge, "vs", "as", "av"}, {cti.MonitorOff, "v", "a", ""}} {
		if err := b.sw.Monitor(context.Background(), cti.Monitor{Callback: "cb_1", Leg: "leg_s", Of: "leg_a", Mode: c.mode}); err != nil {
			t.Fatal(err)
		}
		for range 2 { // again when all has come about: it stays so
			for ear, want := range map[string]string{"a": c.a, "v": c.v, "s": c.s} {
				b.hearsNow(string(c.mode), ear, all[ear], want, hz)
				all[ear].Forget()
			}
		}
	}
}

// hearsNow waits until a page has heard for a second whom it should, and nobody else.
func (b *bench) hearsNow(what, ear string, p *ctitest.Browser, want string, hz map[string]float64) {
	b.t.Helper()
	wrong := ""
	for late := time.Now().Add(15 * time.Second); time.Now().Before(late); {
		wrong = ""
		for mouth, tone := range hz {
			l, heard := p.Level(tone), strings.Contains(want, mouth)
			if heard && l < 2000 || !heard && l > 300 {
				wrong += fmt.Sprintf(" %s at %.0f", mouth, l)
			}
		}
		if wrong == "" {
			return
		}
		select {
		case <-b.news:
		case <-time.After(50 * time.Millisecond):
		}
	}
	b.t.Errorf("%s: %s hears%s, wanted %q", what, ear, wrong, want)
}

// Who talks with a browser that is gone hears after a second that it goes on, then her again; lost for good it ends.
func TestBrowserAway(t *testing.T) {
	b := pages(t)
	f := b.far("127.0.0.1:0", picksUp(0, 0))
	b.trunks(trunk("a", f.conn.LocalAddr().String()))
	v := b.speaks(f, 900)
	ann := b.page("a", 600)
	b.call(webOrder("a", cti.Agent))
	b.await("a", cti.LegRinging)
	b.sw.Accept(context.Background(), "leg_a")
	b.await("a", cti.LegConfirmed)
	b.call(order("v"))
	b.await("v", cti.LegConfirmed)
	v.speak(f.wait("INVITE", 1))
	b.joined("a", "v")
	if !ann.Hears(900, time.Second) {
		t.Fatal("she does not hear him")
	}
	ann.Cut()
	gone := time.Now()
	b.await("a", cti.LegQuiet)
	if d := time.Since(gone); d < 2500*time.Millisecond || d > 5*time.Second {
		t.Errorf("told that she is not heard after %v", d)
	}
	at := v.loud(gone.Add(300 * time.Millisecond)).Sub(gone)
	if at < 700*time.Millisecond || at > 2*time.Second {
		t.Errorf("he hears that it goes on after %v", at)
	}
	ann = b.page("a", 600)
	b.await("a", cti.LegHeard)
	back := time.Now()
	if !ann.Hears(900, time.Second) {
		t.Error("she does not hear him when she is back")
	}
	if l := v.level(600, back.Add(500*time.Millisecond), time.Now()); l < 4000 {
		t.Errorf("he hears her at %.0f when she is back", l)
	}
	if n := len(b.told("a", cti.LegEnded)) + len(b.told("v", cti.LegEnded)); n > 0 {
		t.Error("a leg has ended")
	}
}

// After a crash no trunk is told to end what a browser had.
func TestBrowserLegOfACrash(t *testing.T) {
	b := pages(t)
	b.trunks(trunk("a", "127.0.0.1:5999"))
	k := cti.KnownLeg{Order: webOrder("a", cti.Agent), State: cti.Confirmed, Sent: true, CallID: "web-leg_a"}
	if all := b.sw.mayHaveSent(context.Background(), k); len(all) != 0 {
		t.Errorf("%d messages to %v", len(all), all[0].Dest)
	}
}
