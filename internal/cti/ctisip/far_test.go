package ctisip

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// far is a telephone or carrier written by hand: it shares no code with what it tests.
type far struct {
	t    *testing.T
	conn net.PacketConn
	tag  string
	port atomic.Int64 // of its media
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
	f := &far{t: t, conn: c, tag: "far" + strings.NewReplacer(".", "", ":", "").Replace(addr), on: on, news: make(chan struct{}, 1), done: make(chan struct{})}
	f.port.Store(4000)
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
	if _, err := f.conn.WriteTo([]byte(s), to); err != nil && !errors.Is(err, net.ErrClosed) { // the bench may be over
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
		fmt.Sprintf("Via: SIP/2.0/UDP %s;branch=z9hG4bKfar%s%s%d;rport", f.conn.LocalAddr(), inv.header("Call-ID"), method, cseq),
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
	return "v=0\r\no=- 1 1 IN IP4 " + host + "\r\ns=-\r\nc=IN IP4 " + host + "\r\nt=0 0\r\nm=audio " + fmt.Sprint(f.port.Load()) +
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
			if strings.Contains(m.header("To"), "tag=") { // a re-INVITE asks nobody
				f.reply(m, 200, f.sdp())
				return
			}
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
