package simcarrier

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// flow is a TCP or TLS connection: one goroutine reads, one writes, so the loop never waits for a peer.
type flow struct {
	c      *Carrier
	line   *line
	conn   net.Conn
	local  netip.AddrPort
	secure bool
	out    chan string
	gone   chan struct{} // closed when nothing more can be read
}

// maxMessage bounds what one message of a stream may hold.
const maxMessage = 64 << 10

func (c *Carrier) flow(l *line, conn net.Conn, secure bool) *flow {
	f := &flow{c: c, line: l, conn: conn, secure: secure, out: make(chan string, 256), gone: make(chan struct{})}
	f.local, _ = netip.ParseAddrPort(conn.LocalAddr().String())
	c.wg.Go(f.read)
	c.wg.Go(f.write)
	return f
}

// dial opens a connection for l and hands it to then in the loop.
func (c *Carrier) dial(l *line, secure bool, to netip.AddrPort, then func(hop, error)) {
	c.wg.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		go func() { // Close does not wait for a peer that is not there
			select {
			case <-c.quit:
				cancel()
			case <-ctx.Done():
			}
		}()
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", to.String())
		if err == nil && secure {
			t := tls.Client(conn, c.cfg.TLS)
			if err = t.HandshakeContext(ctx); err != nil {
				err = errors.Join(err, conn.Close())
			}
			conn = t
		}
		h := hop{line: l, addr: to}
		if err == nil {
			h.conn = c.flow(l, conn, secure)
		}
		c.post(func() { then(h, err) })
	})
}

// send queues a message; a peer that does not read loses it.
func (f *flow) send(b string) {
	select {
	case f.out <- b:
	default:
	}
}

func (f *flow) write() {
	for {
		select {
		case b := <-f.out:
			if _, err := io.WriteString(f.conn, b); err != nil {
				_ = f.conn.Close()
				return
			}
		case <-f.gone:
			return
		case <-f.c.quit:
			_ = f.conn.Close()
			return
		}
	}
}

func (f *flow) read() {
	defer close(f.gone)
	defer f.conn.Close()
	from, _ := netip.ParseAddrPort(f.conn.RemoteAddr().String())
	r := bufio.NewReaderSize(f.conn, 4096)
	for {
		text, err := nextMessage(r, f.line.phone == nil)
		if err != nil {
			return
		}
		if text == pong { // keep-alive: a ping is two empty lines, answered with one (RFC 5626 section 4.4.1)
			if p := f.line.phone; p != nil {
				p.pongs.Add(1)
			}
			continue
		}
		if text == ping {
			f.send(pong)
			continue
		}
		select {
		case f.c.in <- datagram{text, hop{f.line, f, from}}:
		case <-f.c.quit:
			return
		}
	}
}

const (
	ping = "\r\n\r\n"
	pong = "\r\n"
)

var errLong = errors.New("a message that is too long")

// nextMessage cuts a stream into messages by Content-Length (RFC 3261 section 18.3). Who is pinged waits for the second
// empty line of a ping; who pings takes each for a pong.
func nextMessage(r *bufio.Reader, pinged bool) (string, error) {
	var b strings.Builder
	length := 0
	for {
		l, err := r.ReadString('\n')
		if err != nil {
			return "", err
		}
		if strings.TrimRight(l, "\r\n") == "" {
			if b.Len() > 0 {
				b.WriteString("\r\n")
				break
			}
			if !pinged {
				return pong, nil
			}
			if next, err := r.Peek(2); err == nil && string(next) == "\r\n" {
				_, _ = r.Discard(2)
				return ping, nil
			}
			continue
		}
		b.WriteString(l)
		name, v, _ := strings.Cut(l, ":")
		if name = strings.ToLower(strings.TrimSpace(name)); name == "content-length" || name == "l" {
			if length, err = strconv.Atoi(strings.TrimSpace(v)); err != nil {
				return "", err
			}
		}
		if b.Len() > maxMessage {
			return "", errLong
		}
	}
	if length < 0 || length > maxMessage {
		return "", errLong
	}
	body := make([]byte, length)
	_, err := io.ReadFull(r, body)
	return b.String() + string(body), err
}
