package phones

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
)

// phone is one telephone number range behind one socket.
type phone struct {
	pair *Pair
	side side
	host string
	o    Options
	sip  *net.UDPConn
	rtp  *net.UDPConn
	sdp  string
	tags atomic.Int64

	mu      sync.Mutex
	dialogs map[string]*dialog // by Call-ID

	voices voices
	Media  Media
}

const socketBuffer = 16 << 20

func newPhone(p *Pair, s side, o Options) (*phone, error) {
	t := &phone{pair: p, side: s, o: o, dialogs: map[string]*dialog{}, voices: voices{m: map[*dialog]*voice{}}}
	var err error
	if t.sip, err = listen(); err != nil {
		return nil, err
	}
	if t.rtp, err = listen(); err != nil {
		t.sip.Close()
		return nil, err
	}
	t.host = t.sip.LocalAddr().String()
	t.sdp = fmt.Sprintf("v=0\r\no=u 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP 0 101\r\n"+
		"a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\na=sendrecv\r\n", t.rtp.LocalAddr().(*net.UDPAddr).Port)
	p.wg.Go(t.read)
	p.wg.Go(t.hear)
	if o.Media {
		p.wg.Go(t.speak)
	}
	return t, nil
}

func listen() (*net.UDPConn, error) {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	_ = c.SetReadBuffer(socketBuffer) // the kernel gives what it may
	_ = c.SetWriteBuffer(socketBuffer)
	return c, nil
}

func (t *phone) read() {
	buf := make([]byte, 65535)
	for {
		n, from, err := t.sip.ReadFromUDP(buf)
		if err != nil {
			select {
			case <-t.pair.quit:
				return
			default: // an ICMP error of an earlier packet
				continue
			}
		}
		t.receive(message(buf[:n]), from)
	}
}

func (t *phone) send(b []byte, to net.Addr) {
	_, _ = t.sip.WriteTo(b, to) // what is lost is repeated by SIP
}

func (t *phone) receive(m message, from *net.UDPAddr) {
	d := t.find(m.header("Call-ID"))
	switch m.method() {
	case "INVITE":
		t.invited(m, d, from)
	case "ACK":
		if d != nil {
			t.acked(d, m)
		}
	case "BYE":
		t.send(reply(m, 200, "OK", "", "", ""), from)
		t.end(d)
	case "CANCEL":
		t.send(reply(m, 200, "OK", "", "", ""), from)
	case "SIP/2.0":
		if strings.HasSuffix(m.header("CSeq"), "BYE") {
			t.end(d)
		}
	default:
		t.send(reply(m, 200, "OK", "o", "", ""), from)
	}
}

func (t *phone) find(callID string) *dialog {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.dialogs[callID]
}

func (t *phone) all() []*dialog {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]*dialog, 0, len(t.dialogs))
	for _, d := range t.dialogs {
		out = append(out, d)
	}
	return out
}
