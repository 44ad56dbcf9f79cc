package peer_test

import (
	"encoding/binary"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"ringback/internal/audio"
)

// tap reads what goes over the loopback, as a wiretap would: who sends to a telephone is best seen from outside.
type tap struct {
	fd   int
	done chan struct{}

	mu    sync.Mutex
	ssrcs map[int]map[uint32]int // packets by UDP port and sender
	sound map[int][]byte         // what they carry, the first seconds
	from  map[int]uint32         // the sender at a UDP port
	told  map[int][]report       // what RTCP tells a UDP port of what it has sent
}

// report is a reception report (RFC 3550 section 6.4.1).
type report struct {
	of   uint32 // sender
	lost byte   // share of 256 since the one before
	high uint32 // sequence number
}

// listen taps the loopback; nil where this user may not.
func listen(t *testing.T) *tap {
	t.Helper()
	if os.Getuid() != 0 {
		t.Log("not root: the senders of a stream are not counted")
		return nil
	}
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	ip := binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, syscall.ETH_P_IP))
	fd, err := syscall.Socket(syscall.AF_PACKET, syscall.SOCK_DGRAM, int(ip))
	if err != nil {
		t.Logf("the senders of a stream are not counted: %v", err)
		return nil
	}
	c := &tap{fd: fd, done: make(chan struct{}), ssrcs: map[int]map[uint32]int{}, sound: map[int][]byte{}, from: map[int]uint32{}, told: map[int][]report{}}
	quit := make(chan struct{})
	t.Cleanup(func() {
		close(quit)
		<-c.done
		_ = syscall.Close(fd)
	})
	if err := syscall.Bind(fd, &syscall.SockaddrLinklayer{Protocol: ip, Ifindex: lo.Index}); err != nil {
		t.Fatal(err)
	}
	tv := syscall.NsecToTimeval(int64(100 * time.Millisecond))
	if err := syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &tv); err != nil {
		t.Fatal(err)
	}
	go c.read(quit)
	return c
}

func (c *tap) read(quit chan struct{}) {
	defer close(c.done)
	b := make([]byte, 65536)
	for {
		select {
		case <-quit:
			return
		default:
		}
		n, _, err := syscall.Recvfrom(c.fd, b, 0)
		if err == nil {
			c.take(b[:n])
		}
	}
}

// take counts RTP: IPv4, UDP, version 2, G.711.
func (c *tap) take(p []byte) {
	if len(p) < 20 || p[9] != syscall.IPPROTO_UDP || len(p) < int(p[0]&15)*4+8+12 {
		return
	}
	udp := p[int(p[0]&15)*4:]
	rtp := udp[8:]
	if pt := rtp[1]; rtp[0]>>6 == 2 && (pt == 200 || pt == 201) {
		c.report(int(binary.BigEndian.Uint16(udp[2:])), rtp)
		return
	}
	if pt := rtp[1] & 0x7f; rtp[0]>>6 != 2 || pt != 0 && pt != 8 {
		return
	}
	port := int(binary.BigEndian.Uint16(udp[2:]))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ssrcs[port] == nil {
		c.ssrcs[port] = map[uint32]int{}
	}
	c.ssrcs[port][binary.BigEndian.Uint32(rtp[8:])]++
	c.from[int(binary.BigEndian.Uint16(udp))] = binary.BigEndian.Uint32(rtp[8:])
	if len(c.sound[port]) < 10*audio.Rate && len(rtp) >= 12+audio.Frame {
		c.sound[port] = append(c.sound[port], rtp[12:12+audio.Frame]...)
	}
}

// report takes the first block of the first packet of a compound RTCP packet.
func (c *tap) report(port int, p []byte) {
	at := map[byte]int{200: 28, 201: 8}[p[1]]
	if p[0]&31 == 0 || len(p) < at+24 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told[port] = append(c.told[port], report{binary.BigEndian.Uint32(p[at:]), p[at+4], binary.BigEndian.Uint32(p[at+8:])})
}

// reports are what a telephone was told of its own stream, and its sender.
func (c *tap) reports(port int) (all []report, own uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append(append([]report{}, c.told[port]...), c.told[port+1]...), c.from[port]
}

// overhears returns for how long whoever taps the line hears a tone on its way to a telephone's ports.
func (c *tap) overhears(from, to int, hz float64) (clear time.Duration) {
	if c == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for port := from; port <= to; port++ {
		for b := c.sound[port]; len(b) >= audio.Frame; b = b[audio.Frame:] {
			var s [audio.Frame]int16
			audio.ULaw.Decode(s[:], b[:audio.Frame])
			if rms := audio.RMS(s[:]); audio.Goertzel(s[:], hz) > rms && rms > 300 {
				clear += 20 * time.Millisecond
			}
		}
	}
	return clear
}

// oneSender wants all that went to a telephone's ports to be one stream.
func (c *tap) oneSender(t *testing.T, from, to int) {
	t.Helper()
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	senders := map[uint32]int{}
	for port := from; port <= to; port++ {
		for ssrc, n := range c.ssrcs[port] {
			senders[ssrc] += n
		}
	}
	if len(senders) != 1 {
		t.Errorf("senders to ports %d to %d and their packets: %v, want one", from, to, senders)
	}
}
