package ctisip

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/cti"
	"ringback/internal/id"
	"ringback/internal/wire"
)

// far is a telephone or carrier written by hand: it shares no code with what it tests.
type far struct {
	t    *testing.T
	conn net.PacketConn
	tag  string
	port int // of its media
	on   func(f *far, m *msg)

	mu   sync.Mutex
	got  []*msg
	news chan struct{}
	done chan struct{}
}

// msg is a SIP message as text.
type msg struct {
	at     time.Time
	from   net.Addr
	start  string
	lines  []string
	body   string
	method string
}

func (b *bench) far(addr string, on func(f *far, m *msg)) *far {
	t := b.t
	t.Helper()
	c, err := b.net.ListenPacket(addr)
	if err != nil {
		t.Fatal(err)
	}
	f := &far{t: t, conn: c, tag: "far" + strings.NewReplacer(".", "", ":", "").Replace(addr), port: 4000, on: on, news: make(chan struct{}, 1), done: make(chan struct{})}
	go f.run()
	b.fars = append(b.fars, f)
	return f
}

func (f *far) run() {
	defer close(f.done)
	b := make([]byte, 4096)
	for {
		n, from, err := f.conn.ReadFrom(b)
		if err != nil {
			return
		}
		m := parseMsg(string(b[:n]))
		m.from = from
		f.mu.Lock()
		f.got = append(f.got, m)
		on := f.on
		f.mu.Unlock()
		if on != nil {
			on(f, m)
		}
		select {
		case f.news <- struct{}{}:
		default:
		}
	}
}

// becomes changes what f does.
func (f *far) becomes(on func(f *far, m *msg)) {
	f.mu.Lock()
	f.on = on
	f.mu.Unlock()
}

func parseMsg(s string) *msg {
	m := &msg{at: time.Now()}
	head, body, _ := strings.Cut(s, "\r\n\r\n")
	m.body = body
	lines := strings.Split(head, "\r\n")
	m.start, m.lines = lines[0], lines[1:]
	m.method, _, _ = strings.Cut(m.start, " ")
	return m
}

func (m *msg) header(name string) string {
	for _, l := range m.lines {
		if k, v, ok := strings.Cut(l, ":"); ok && strings.EqualFold(k, name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

func (m *msg) all(name string) (out []string) {
	for _, l := range m.lines {
		if k, _, ok := strings.Cut(l, ":"); ok && strings.EqualFold(k, name) {
			out = append(out, l)
		}
	}
	return out
}

// wait returns the n-th message (from 1) of a method, or whose first line begins with it.
func (f *far) wait(method string, n int) *msg {
	f.t.Helper()
	late := time.After(10 * time.Minute)
	for {
		if got := f.count(method); len(got) >= n {
			return got[n-1]
		}
		select {
		case <-f.news:
		case <-late:
			f.t.Fatalf("no %s number %d came; got %v", method, n, f.starts())
		}
	}
}

func (f *far) count(method string) (out []*msg) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range f.got {
		if strings.HasPrefix(m.start, method) {
			out = append(out, m)
		}
	}
	return out
}

func (f *far) starts() (out []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range f.got {
		out = append(out, m.start)
	}
	return out
}

func (f *far) send(to net.Addr, lines []string, body string) {
	s := strings.Join(lines, "\r\n") + fmt.Sprintf("\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	if _, err := f.conn.WriteTo([]byte(s), to); err != nil {
		f.t.Errorf("far: %v", err)
	}
}

// reply answers a request; extra are header lines, and "tag=…" another To tag.
func (f *far) reply(m *msg, code int, body string, extra ...string) {
	tag := f.tag
	lines := []string{fmt.Sprintf("SIP/2.0 %d Because", code)}
	lines = append(lines, m.all("Via")...)
	lines = append(lines, "From: "+m.header("From"))
	to := m.header("To")
	for _, e := range extra {
		if v, ok := strings.CutPrefix(e, "tag="); ok {
			tag = v
		}
	}
	if code > 100 && !strings.Contains(to, "tag=") && tag != "" {
		to += ";tag=" + tag
	}
	lines = append(lines, "To: "+to, "Call-ID: "+m.header("Call-ID"), "CSeq: "+m.header("CSeq"))
	for _, e := range extra {
		if !strings.HasPrefix(e, "tag=") {
			lines = append(lines, e)
		}
	}
	if code < 300 && m.method == "INVITE" {
		lines = append(lines, "Contact: <sip:far@"+f.conn.LocalAddr().String()+">")
	}
	if body != "" {
		lines = append(lines, "Content-Type: application/sdp")
	}
	f.send(m.from, lines, body)
}

// request sends a request within the dialog of an INVITE that f answered.
func (f *far) request(inv *msg, method string, cseq int, body string, extra ...string) {
	tag := f.tag
	for _, e := range extra {
		if v, ok := strings.CutPrefix(e, "tag="); ok {
			tag = v
		}
	}
	contact := regexp.MustCompile(`<([^>]+)>`).FindStringSubmatch(inv.header("Contact"))[1]
	lines := []string{method + " " + contact + " SIP/2.0",
		fmt.Sprintf("Via: SIP/2.0/UDP %s;branch=z9hG4bKfar%s%d;rport", f.conn.LocalAddr(), method, cseq),
		"Max-Forwards: 70",
		"From: " + inv.header("To") + ";tag=" + tag,
		"To: " + inv.header("From"),
		"Call-ID: " + inv.header("Call-ID"),
		fmt.Sprintf("CSeq: %d %s", cseq, method),
		"Contact: <sip:far@" + f.conn.LocalAddr().String() + ">"}
	for _, e := range extra {
		if !strings.HasPrefix(e, "tag=") {
			lines = append(lines, e)
		}
	}
	if body != "" && !slices.ContainsFunc(extra, func(e string) bool { return strings.HasPrefix(e, "Content-Type") }) {
		lines = append(lines, "Content-Type: application/sdp")
	}
	f.send(inv.from, lines, body)
}

func (f *far) sdp(more ...string) string {
	host, _, _ := net.SplitHostPort(f.conn.LocalAddr().String())
	return "v=0\r\no=- 1 1 IN IP4 " + host + "\r\ns=-\r\nc=IN IP4 " + host + "\r\nt=0 0\r\nm=audio " + fmt.Sprint(f.port) +
		" RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n" + strings.Join(append(more, ""), "\r\n")
}

// picksUp rings after post-dial delay, answers after ring, and takes BYE and CANCEL.
func picksUp(dial, ring time.Duration) func(f *far, m *msg) {
	var mu sync.Mutex
	cancelled := map[string]bool{}
	var invite *msg
	return func(f *far, m *msg) {
		switch m.method {
		case "INVITE":
			mu.Lock()
			again := invite != nil && invite.header("Call-ID") == m.header("Call-ID") && invite.header("CSeq") == m.header("CSeq")
			invite = m
			mu.Unlock()
			if again {
				return
			}
			f.reply(m, 100, "")
			time.AfterFunc(dial, func() { f.reply(m, 180, "") })
			time.AfterFunc(dial+ring, func() {
				mu.Lock()
				gone := cancelled[m.header("Call-ID")]
				mu.Unlock()
				if !gone {
					f.reply(m, 200, f.sdp())
				}
			})
		case "CANCEL":
			mu.Lock()
			cancelled[m.header("Call-ID")] = true
			inv := invite
			mu.Unlock()
			f.reply(m, 200, "")
			f.reply(inv, 487, "")
		case "BYE", "OPTIONS":
			f.reply(m, 200, "")
		}
	}
}

// bench is a switch on a simulated network, with all that it tells.
type bench struct {
	t   *testing.T
	net wire.Net
	sim *wire.Simulated
	sw  *Switch

	pace    time.Duration
	dead    atomic.Bool // every packet is lost
	weather atomic.Pointer[func(from, to netip.AddrPort, p []byte, r *rand.Rand) wire.Fate]
	tap     func(cti.Event) // is told, too
	boom    atomic.Bool     // the sink panics
	fars    []*far
	voices  []*voice
	mu      sync.Mutex
	events  []cti.Event
	news    chan struct{}
}

const ours, trunkAddr, secondAddr = "10.0.0.1:5060", "10.0.0.2:5060", "10.0.0.3:5060"

func simulate(t *testing.T, f func(b *bench)) { t.Helper(); simulateAt(t, 0, f) }

// simulateAt thins media to a frame each pace: for calls of hours.
func simulateAt(t *testing.T, pace time.Duration, f func(b *bench)) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, wire.NewSimulated(1))
		b.pace = pace
		b.simulated()
		b.start("udp://" + ours)
		b.trunks(trunk("a", trunkAddr))
		defer b.stop()
		f(b)
	})
}

func newBench(t *testing.T, n wire.Net) *bench {
	sim, _ := n.(*wire.Simulated)
	return &bench{t: t, net: n, sim: sim, news: make(chan struct{}, 1)}
}

func (b *bench) stop() {
	b.sw.Close()
	for _, v := range b.voices {
		v.close()
	}
	for _, f := range b.fars {
		f.conn.Close()
		<-f.done
	}
}

// simulated puts the bench's weather over its network.
func (b *bench) simulated() {
	b.sim.Fate = func(from, to netip.AddrPort, p []byte, r *rand.Rand) wire.Fate {
		if b.dead.Load() {
			return nil
		}
		if w := b.weather.Load(); w != nil {
			return (*w)(from, to, p, r)
		}
		return wire.Fate{0}
	}
}

// start opens a switch that takes orders, open one that waits for Trunks and Reconcile.
func (b *bench) start(listen ...string) {
	b.t.Helper()
	b.open(listen...)
	if _, err := b.sw.Reconcile(context.Background(), nil); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) open(listen ...string) {
	b.t.Helper()
	var err error
	b.sw, err = New(Config{Net: b.net, SIP: listen, RTPBind: netip.MustParseAddrPort(listen[0][len("udp://"):]).Addr(), RTPMin: 20000, RTPMax: 20999, Pace: b.pace,
		Rand: rand.New(rand.NewPCG(1, 2)), Sink: b.sink})
	if err != nil {
		b.t.Fatal(err)
	}
}

func trunk(slug, addr string) cti.Trunk {
	return cti.Trunk{ID: id.Trunk("trk_" + slug), Slug: slug, Address: "sip:" + addr, Prefixes: []string{""}, Headers: true, SilentFailover: true,
		NumberFormat: cti.PlusE164, CallerID: cti.InFrom}
}

func (b *bench) trunks(all ...cti.Trunk) {
	b.t.Helper()
	if err := b.sw.Trunks(context.Background(), all); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) sink(e cti.Event) {
	if b.boom.Load() {
		panic("boom")
	}
	if b.dead.Load() {
		return // the process is no more
	}
	if b.tap != nil {
		b.tap(e)
	}
	b.mu.Lock()
	b.events = append(b.events, e)
	b.mu.Unlock()
	select {
	case b.news <- struct{}{}:
	default:
	}
}

func order(leg string) cti.Order {
	return cti.Order{Callback: "cb_1", Attempt: 1, Leg: id.Leg("leg_" + leg), Party: cti.Visitor, To: "tel:+12025550100", From: "+12025550190",
		Ring: 30 * time.Second, Confirm: cti.ConfirmNone, Region: "US", Hear: cti.Program{Then: cti.SoundWait}}
}

func (b *bench) call(o cti.Order) {
	b.t.Helper()
	if err := b.sw.Originate(context.Background(), o); err != nil {
		b.t.Fatal(err)
	}
}

// await returns the n-th event of a kind of a leg.
func (b *bench) await(leg string, k cti.EventKind, n ...int) cti.Event {
	b.t.Helper()
	want := 1
	if len(n) > 0 {
		want = n[0]
	}
	late := time.After(10 * time.Minute)
	for {
		if got := b.told(leg, k); len(got) >= want {
			return got[want-1]
		}
		select {
		case <-b.news:
		case <-late:
			b.t.Fatalf("leg %s never told %s; told %v", leg, k, b.story(leg))
		}
	}
}

func (b *bench) told(leg string, k cti.EventKind) (out []cti.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events {
		if e.Leg == id.Leg("leg_"+leg) && e.Kind == k {
			out = append(out, e)
		}
	}
	return out
}

func (b *bench) story(leg string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []string
	for _, e := range b.events {
		if e.Leg == id.Leg("leg_"+leg) && e.Kind != cti.LegQuiet && e.Kind != cti.LegHeard {
			s := strings.TrimPrefix(string(e.Kind), "leg_")
			if e.Kind == cti.LegEnded {
				s += fmt.Sprintf(" %s by %s %d", e.Cause, e.By, e.SIPCode)
			}
			out = append(out, s)
		}
	}
	return strings.Join(out, ", ")
}

// between checks a span of time.
func between(t *testing.T, what string, got, least, most time.Duration) {
	t.Helper()
	if got < least || got > most {
		t.Errorf("%s after %v, want %v to %v", what, got, least, most)
	}
}

// handset is a far end as RFC 3261 wants it: it repeats its 200 until the ACK comes, and each answer when it is asked again.
type handset struct {
	dial, ring time.Duration

	mu    sync.Mutex
	calls map[string]*theirCall
}

type theirCall struct {
	inv   *msg
	final int // sent, 0 = none
	acked bool
	over  bool
}

func newHandset(dial, ring time.Duration) *handset {
	return &handset{dial: dial, ring: ring, calls: map[string]*theirCall{}}
}

func (p *handset) on(f *far, m *msg) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := m.header("Call-ID")
	c := p.calls[key]
	switch m.method {
	case "INVITE":
		if c == nil {
			c = &theirCall{inv: m}
			p.calls[key] = c
			after(p.dial, func() { p.rings(f, c) })
			after(p.dial+p.ring, func() { p.answers(f, c, 200, 500*time.Millisecond) })
		}
		f.reply(m, 100, "")
	case "ACK":
		if c != nil {
			c.acked = true
			c.over = c.over || c.final >= 300
		}
	case "CANCEL":
		if c == nil {
			f.reply(m, 481, "")
			return
		}
		f.reply(m, 200, "")
		if c.final == 0 {
			c.final = 487
			after(0, func() { p.answers(f, c, 487, 500*time.Millisecond) })
		}
	case "BYE":
		if c != nil {
			c.over = true
		}
		f.reply(m, 200, "")
	case "OPTIONS":
		f.reply(m, 200, "")
	}
}

func (p *handset) rings(f *far, c *theirCall) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.final == 0 {
		f.reply(c.inv, 180, "")
	}
}

// answers sends a final answer again and again until its ACK comes.
func (p *handset) answers(f *far, c *theirCall, code int, again time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.final != 0 && c.final != code || c.acked || c.over || again > 64*time.Second {
		return
	}
	c.final = code
	body := ""
	if code == 200 {
		body = f.sdp()
	}
	f.reply(c.inv, code, body)
	after(again, func() { p.answers(f, c, code, 2*again) })
}

// left says what of the phone's calls is not over.
func (p *handset) left() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.calls) > 1 {
		return fmt.Sprintf("in %d calls", len(p.calls))
	}
	for _, c := range p.calls {
		switch {
		case c.over:
		case c.final == 200:
			return "up"
		case c.final == 0:
			return "ringing"
		}
	}
	return ""
}
