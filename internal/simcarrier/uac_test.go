package simcarrier

import (
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"ringback/internal/audio"
	"ringback/internal/wire"
)

// uac is a raw telephone of the test: it writes SIP by hand and reads what comes back.
type uac struct {
	t      testing.TB
	sip    net.PacketConn
	rtp    net.PacketConn
	to     net.Addr
	inbox  chan *message
	offer  string
	cseq   int
	callID string
	number string
	toHead string
	extra  string
	deaf   atomic.Bool // does not answer requests of the carrier; else it does with 200
	dir    string
}

func network1(t *testing.T, cfg Config) (*Carrier, *wire.Simulated) {
	t.Helper()
	n := wire.NewSimulated(1)
	cfg.Net, cfg.Listen = n, "10.0.0.1:5060"
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if n := c.panics.Load(); n != 0 {
			t.Errorf("%d panics", n)
		}
	})
	return c, n
}

func phone(t *testing.T, n *wire.Simulated, ip, number, callID string) *uac {
	t.Helper()
	u := &uac{t: t, inbox: make(chan *message, 100), number: number, callID: callID, dir: "sendrecv",
		to: net.UDPAddrFromAddrPort(netip.MustParseAddrPort("10.0.0.1:5060"))}
	u.toHead = "<sip:" + number + "@10.0.0.1>"
	var err error
	if u.sip, err = n.ListenPacket(ip + ":5060"); err != nil {
		t.Fatal(err)
	}
	if u.rtp, err = n.ListenPacket(ip + ":4000"); err != nil {
		t.Fatal(err)
	}
	u.offer = u.sdp("0 8 101", u.dir)
	go u.read()
	return u
}

func (u *uac) sdp(pts, dir string) string {
	a := u.rtp.LocalAddr().(*net.UDPAddr)
	return fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %[1]s\r\nt=0 0\r\nm=audio %d RTP/AVP %s\r\na=rtpmap:101 telephone-event/8000\r\na=%s\r\n", a.IP, a.Port, pts, dir)
}

func (u *uac) read() {
	buf := make([]byte, 9999)
	for {
		n, _, err := u.sip.ReadFrom(buf)
		if err != nil {
			return
		}
		m, err := parse(string(buf[:n]))
		if err != nil {
			u.t.Errorf("the carrier sent what does not parse: %v\n%s", err, buf[:n])
			continue
		}
		if m.method != "" && !u.deaf.Load() {
			u.reply(m)
		}
		u.inbox <- m
	}
}

func (u *uac) reply(m *message) {
	if m.method == "ACK" {
		return
	}
	body := ""
	if m.method == "INVITE" {
		if s, err := parseSDP(m.body); err == nil {
			body = u.sdp("0 101", mirror(s.dir))
		}
	}
	u.write(fmt.Sprintf("SIP/2.0 200 OK\r\nVia: %s\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\nContact: <sip:x@%s>\r\nContent-Length: %d\r\n\r\n%s",
		m.get("via"), m.get("from"), m.get("to"), m.callID, m.get("cseq"), u.sip.LocalAddr(), len(body), body))
}

func (u *uac) write(s string) { _, _ = u.sip.WriteTo([]byte(s), u.to) }

func (u *uac) send(method string, cseq int, branch, body string) {
	u.write(fmt.Sprintf("%s sip:%s@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s;rport\r\nMax-Forwards: 70\r\nFrom: <sip:+12025550190@us>;tag=ours\r\nTo: %s\r\n"+
		"Call-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:us@%[3]s>\r\n%[9]sContent-Length: %d\r\n\r\n%s",
		method, u.number, u.sip.LocalAddr(), branch, u.toHead, u.callID, cseq, method, u.extra, len(body), body))
}

func (u *uac) invite() {
	u.cseq++
	u.send("INVITE", u.cseq, fmt.Sprint("i", u.cseq), u.offer)
}

// expect waits for a response with that code (or a request with that method) and skips others.
func (u *uac) expect(what string) *message {
	u.t.Helper()
	for {
		select {
		case m := <-u.inbox:
			if m.method == what || fmt.Sprint(m.status) == what {
				return m
			}
		case <-time.After(5 * time.Minute):
			u.t.Fatalf("%s did not come", what)
		}
	}
}

// answered waits for the 200 and acknowledges it.
func (u *uac) answered() (*message, *session) {
	u.t.Helper()
	m := u.expect("200")
	u.toHead = m.get("to")
	u.send("ACK", u.cseq, fmt.Sprint("a", u.cseq), "")
	s, err := parseSDP(m.body)
	if err != nil {
		u.t.Fatalf("200 with %q: %v", m.body, err)
	}
	return m, s
}

// finalACK acknowledges a refusal.
func (u *uac) finalACK(m *message) {
	to := u.toHead
	u.toHead = m.get("to")
	u.send("ACK", u.cseq, fmt.Sprint("i", u.cseq), "")
	u.toHead = to
}

func (u *uac) bye() {
	u.cseq++
	u.send("BYE", u.cseq, fmt.Sprint("b", u.cseq), "")
	u.expect("200")
}

func (u *uac) close() {
	u.sip.Close()
	u.rtp.Close()
}

// heard is what came as RTP within d: law bytes in order, payload types, sources.
type heard struct {
	pcm     []byte
	packets int
	pts     map[int]int
	sizes   map[int]int
	from    map[string]int
	ssrcs   map[uint32]int
	keys    string
	gaps    int
	marks   []int // packets with the marker bit
}

func (u *uac) listen(d time.Duration) heard {
	h := heard{pts: map[int]int{}, sizes: map[int]int{}, from: map[string]int{}, ssrcs: map[uint32]int{}}
	u.rtp.SetReadDeadline(time.Now().Add(d))
	buf := make([]byte, 2000)
	var keyTS uint32
	var last uint16
	for {
		n, from, err := u.rtp.ReadFrom(buf)
		if err != nil {
			return h
		}
		p, ok := parseRTP(buf[:n])
		if !ok {
			u.t.Errorf("no RTP: % x", buf[:n])
			continue
		}
		if h.packets > 0 && p.seq != last+1 {
			h.gaps++
		}
		last = p.seq
		if buf[1]&0x80 != 0 {
			h.marks = append(h.marks, h.packets)
		}
		h.packets++
		h.pts[p.pt]++
		h.from[from.String()]++
		h.ssrcs[p.ssrc]++
		if p.pt >= 96 {
			if p.ts != keyTS {
				keyTS = p.ts
				h.keys += string(keyNames[p.payload[0]])
			}
			continue
		}
		h.sizes[len(p.payload)]++
		h.pcm = append(h.pcm, p.payload...)
	}
}

// amplitude of hz in the second that begins at from.
func (h heard) amplitude(law audio.Law, from time.Duration, hz int) float64 {
	a := samples(from)
	if a+audio.Rate/5 > len(h.pcm) {
		return -1
	}
	lin := make([]int16, audio.Rate/5)
	law.Decode(lin, h.pcm[a:a+len(lin)])
	return audio.Goertzel(lin, float64(hz))
}

// speak sends a tone as RTP for d, 20 ms at a time, to the address of s.
func (u *uac) speak(s *session, hz int, d time.Duration) {
	lin := audio.Render(audio.Tone{Hz: []float64{float64(hz)}, Level: 0.3, Ms: int(d.Milliseconds())})
	b := make([]byte, 12+160)
	start := time.Now()
	for i := 0; i+160 <= len(lin); i += 160 {
		packet{pt: 0, seq: uint16(i / 160), ts: uint32(i), ssrc: 77}.header(b, i == 0)
		audio.ULaw.Encode(b[12:], lin[i:i+160])
		_, _ = u.rtp.WriteTo(b, net.UDPAddrFromAddrPort(s.addr))
		<-time.After(time.Until(start.Add(lasting(i + 160))))
	}
}

func row1(t *testing.T, c *Carrier, callID string) Entry {
	t.Helper()
	for _, e := range c.Ledger() {
		if e.CallID == callID {
			return e
		}
	}
	t.Fatalf("the ledger has no call %s", callID)
	return Entry{}
}

func about(t *testing.T, what string, got, want, off time.Duration) {
	t.Helper()
	if got < want-off || got > want+off {
		t.Errorf("%s after %v, want %v", what, got, want)
	}
}
