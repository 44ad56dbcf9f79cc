package ctisip

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"ringback/internal/cti"
	"ringback/internal/wire"
)

// stream is a connection to the switch's TCP port.
func (b *bench) stream() net.Conn {
	b.t.Helper()
	var addr string
	for _, a := range b.sw.Addrs() {
		if s, ok := strings.CutPrefix(a, "tcp://"); ok {
			addr = s
		}
	}
	c, err := net.Dial("tcp", addr)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { c.Close() })
	return c
}

// Over a stream a stranger gets not one byte before the first line of a REGISTER for us; with it he may come in pieces.
// Once registered, our calls go down the same connection, and a keep-alive is answered.
func TestStreamDoor(t *testing.T) {
	b := newBench(t, wire.Real{})
	b.with = func(c *Config) { c.Domains = []string{"10.0.0.1"} }
	b.start("udp://127.0.0.1:0", "tcp://127.0.0.1:0")
	defer b.stop()
	b.devices("ann")
	for _, s := range []string{"INVITE sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK1\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"REGISTER sip:elsewhere.example SIP/2.0\r\n\r\n", "REGISTER sip:" + strings.Repeat("a", 300)} {
		c := b.stream()
		io.WriteString(c, s)
		c.SetReadDeadline(time.Now().Add(5 * time.Second))
		if got, err := io.ReadAll(c); len(got) > 0 || err != nil && strings.Contains(err.Error(), "timeout") {
			t.Errorf("%.20q got %q %v", s, got, err)
		}
	}
	c := b.stream()
	p := &deskphone{user: "ann", password: "ann-secret", algorithm: "SHA-256"}
	p.far = &far{t: t}
	in := bufio.NewReader(c)
	say := func(pieces bool, lines ...string) *msg {
		t.Helper()
		text := strings.Join(lines, "\r\n") + "\r\nContent-Length: 0\r\n\r\n"
		if pieces {
			io.WriteString(c, text[:7])
			text = text[7:]
		}
		io.WriteString(c, text)
		return readMsg(t, c, in)
	}
	register := func(pieces bool, seq int, more ...string) *msg {
		return say(pieces, append([]string{"REGISTER sip:10.0.0.1 SIP/2.0", fmt.Sprintf("Via: SIP/2.0/TCP %s;branch=z9hG4bKs%d;rport", c.LocalAddr(), seq), "Max-Forwards: 70",
			"From: <sip:ann@10.0.0.1>;tag=1", "To: <sip:ann@10.0.0.1>", "Call-ID: stream", fmt.Sprintf("CSeq: %d REGISTER", seq),
			"Contact: <sip:ann@192.168.7.7:5060;transport=tcp>"}, more...)...)
	}
	p.learn(register(true, 1))
	if m := register(false, 2, p.credentials()); !strings.HasPrefix(m.start, "SIP/2.0 200") {
		t.Fatalf("got %v", m)
	}
	io.WriteString(c, "\r\n\r\n")
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	pong := make([]byte, 2)
	if _, err := io.ReadFull(in, pong); err != nil || string(pong) != "\r\n" {
		t.Errorf("keep-alive got %q %v", pong, err)
	}
	b.call(annOrder())
	inv := readMsg(t, c, in)
	if !strings.HasPrefix(inv.start, "INVITE sip:ann@192.168.7.7:5060;transport=tcp ") {
		t.Fatalf("down the stream came %v", inv)
	}
	busy := func(m *msg) {
		fmt.Fprintf(c, "SIP/2.0 486 Busy Here\r\nVia: %s\r\nFrom: %s\r\nTo: %s;tag=x\r\nCall-ID: %s\r\nCSeq: %s\r\nContent-Length: 0\r\n\r\n",
			m.header("Via"), m.header("From"), m.header("To"), m.header("Call-ID"), m.header("CSeq"))
	}
	busy(inv)
	if e := b.await("a", cti.LegEnded); e.Cause != cti.UserBusy {
		t.Errorf("told %+v", e)
	}
	c.Close() // behind a router it is reached by that stream alone
	late := time.Now().Add(5 * time.Second)
	for b.registered()[0].State != cti.RegSilent {
		if time.Now().After(late) {
			t.Fatalf("shown %+v", b.registered())
		}
		<-time.After(10 * time.Millisecond)
	}
	if _, err := b.sw.Registered(context.Background()); err != nil {
		t.Error(err)
	}
}

// readMsg reads one message.
func readMsg(t *testing.T, c net.Conn, in *bufio.Reader) *msg {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	var text strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatalf("the stream ended: %v after %q", err, text.String())
		}
		if text.WriteString(line); line == "\r\n" {
			break
		}
	}
	m := parseMsg(text.String())
	body := make([]byte, atoi(m.header("Content-Length")))
	if _, err := io.ReadFull(in, body); err != nil {
		t.Fatal(err)
	}
	m.body = string(body)
	return m
}

// A stream on which nothing is heard for as long as its telephone has promised is over, though others may be silent longer.
func TestSilentStreamEnds(t *testing.T) {
	b := newBench(t, wire.Real{})
	b.start("udp://127.0.0.1:0", "tcp://127.0.0.1:0")
	defer b.stop()
	b.devices("ann")
	b.sw.doors.registered(netip.MustParseAddr("127.0.0.1"), true) // whoever comes from here is known
	c, other := b.stream(), b.stream()
	for _, c := range []net.Conn{c, other} {
		io.WriteString(c, "\r\n\r\n")
		pong := make([]byte, 2)
		c.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := io.ReadFull(c, pong); err != nil {
			t.Fatal(err)
		}
	}
	b.sw.stack.Expect(c.LocalAddr().(*net.TCPAddr).AddrPort(), 50*time.Millisecond)
	if _, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the silent one: %v", err)
	}
	other.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	if _, err := other.Read(make([]byte, 1)); err == io.EOF {
		t.Error("the other one has ended too")
	}
}
