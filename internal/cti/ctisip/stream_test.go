package ctisip

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"ringback/internal/cti"
	"ringback/internal/wire"
)

// streamFar is a carrier on TCP that answers at once.
type streamFar struct {
	l    net.Listener
	kind string      // tcp or tls
	sdp  string      // what it says of its sound
	news chan string // first lines
	wg   sync.WaitGroup
	mu   sync.Mutex
	open []net.Conn

	offers []string // of their INVITEs
}

func newStreamFar(t *testing.T, addr string) *streamFar {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return serveStream(t, l, "tcp")
}

func serveStream(t *testing.T, l net.Listener, kind string) *streamFar {
	s := &streamFar{l: l, kind: kind, sdp: "m=audio 4000 RTP/AVP 0\r\n", news: make(chan string, 100)}
	s.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.open = append(s.open, c)
			s.mu.Unlock()
			s.wg.Go(func() { s.serve(c) })
		}
	})
	t.Cleanup(func() { l.Close(); s.reset(); s.wg.Wait() })
	return s
}

func (s *streamFar) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.open {
		c.Close()
	}
	s.open = nil
}

func (s *streamFar) serve(c net.Conn) {
	r := bufio.NewReader(c)
	for {
		var head strings.Builder
		n := 0
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			if k, v, _ := strings.Cut(line, ":"); strings.EqualFold(k, "Content-Length") {
				n, _ = strconv.Atoi(strings.TrimSpace(v))
			}
			if line == "\r\n" && head.Len() > 0 {
				break
			}
			head.WriteString(line)
		}
		body := make([]byte, n)
		if _, err := io.ReadFull(r, body); err != nil {
			return
		}
		m := parseMsg(strings.TrimSuffix(head.String(), "\r\n") + "\r\n\r\n" + string(body))
		s.news <- m.start
		if m.method != "INVITE" && m.method != "BYE" {
			continue
		}
		answer, kind := "", ""
		if m.method == "INVITE" {
			s.mu.Lock()
			s.offers = append(s.offers, m.body)
			s.mu.Unlock()
			answer = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\nc=IN IP4 127.0.0.1\r\n" + s.sdp
			kind = "Content-Type: application/sdp\r\nContact: <sip:far@" + s.l.Addr().String() + ";transport=" + s.kind + ">\r\n"
		}
		fmt.Fprintf(c, "SIP/2.0 200 OK\r\n%s\r\nFrom: %s\r\nTo: %s;tag=far\r\nCall-ID: %s\r\nCSeq: %s\r\n%sContent-Length: %d\r\n\r\n%s",
			strings.Join(m.all("Via"), "\r\n"), m.header("From"), strings.TrimSuffix(m.header("To"), ";tag=far"), m.header("Call-ID"), m.header("CSeq"), kind, len(answer), answer)
	}
}

func (s *streamFar) wait(t *testing.T, method string) {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		select {
		case start := <-s.news:
			if strings.HasPrefix(start, method) {
				return
			}
		case <-late:
			t.Fatalf("no %s came over a stream", method)
		}
	}
}

// A trunk on TCP: the call goes on over a new connection when its own was cut.
func TestTCPTrunk(t *testing.T) {
	b := newBench(t, wire.Real{})
	b.start("udp://127.0.0.1:0", "tcp://127.0.0.1:0")
	defer b.stop()
	s := newStreamFar(t, "127.0.0.1:0")
	b.trunks(trunk("a", s.l.Addr().String()+";transport=tcp"))
	b.call(order("v"))
	b.await("v", cti.LegConfirmed)
	s.wait(t, "ACK")
	s.reset()
	b.sw.HangUp(context.Background(), "leg_v", cti.HangUp{})
	s.wait(t, "BYE")
	if e := b.await("v", cti.LegEnded); e.Cause != cti.NormalClearing {
		t.Errorf("told %s", b.story("v"))
	}
}

// An INVITE above 1300 bytes goes over TCP, and over UDP after all where nobody listens to TCP.
func TestLongInvite(t *testing.T) {
	for _, tcp := range []bool{true, false} {
		t.Run(fmt.Sprint("tcp ", tcp), func(t *testing.T) {
			b := newBench(t, wire.Real{})
			b.start("udp://127.0.0.1:0", "tcp://127.0.0.1:0")
			defer b.stop()
			addr, s := "127.0.0.1:0", (*streamFar)(nil)
			if tcp {
				s = newStreamFar(t, addr)
				addr = s.l.Addr().String()
			}
			f := b.far(addr, picksUp(0, 0))
			addr = f.conn.LocalAddr().String()
			b.trunks(trunk("a", addr))
			o := order("v")
			o.Name = strings.Repeat("A long name ", 60)
			b.call(o)
			b.await("v", cti.LegConfirmed)
			if tcp {
				s.wait(t, "INVITE")
			}
			if n := len(f.count("INVITE")); (n == 0) != tcp {
				t.Errorf("%d INVITEs over UDP", n)
			}
		})
	}
}

func TestPortInUse(t *testing.T) {
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = New(Config{Net: wire.Real{}, SIP: []string{"udp://" + l.LocalAddr().String()}, Sink: func(cti.Event) {}})
	if err == nil || !strings.Contains(err.Error(), "listen.sip") {
		t.Errorf("the error does not say what to do: %v", err)
	}
}
