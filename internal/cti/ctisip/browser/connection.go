package browser

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"ringback/internal/audio"
)

// connection is one PeerConnection of a browser: one sound in both directions.
type connection struct {
	hub  *Hub
	name string
	pc   *webrtc.PeerConnection
	out  voice
	on   atomic.Bool
	in   atomic.Pointer[Line] // the leg whose sound it carries
}

// negotiate takes the offer and makes the answer, with all candidates in it.
func (c *connection) negotiate(ctx context.Context, offer string) (string, error) {
	c.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		defer c.recovered()
		c.hub.state(c, s)
	})
	channels := new(atomic.Int32)
	c.pc.OnDataChannel(func(*webrtc.DataChannel) { // it keeps a hidden page awake; nothing is said on it
		if channels.Add(1) > channelsMost {
			c.hub.end(c)
		}
	})
	c.pc.OnTrack(func(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
		c.hub.spawn(func() { c.pump(func(b []byte) (int, error) { n, _, err := t.Read(b); return n, err }) })
		c.hub.spawn(func() { c.pump(func(b []byte) (int, error) { n, _, err := r.Read(b); return n, err }) })
	})
	if err := c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return "", err
	}
	if len(c.pc.GetTransceivers()) != 1 || c.pc.GetTransceivers()[0].Kind() != webrtc.RTPCodecTypeAudio {
		return "", errors.New("want one sound, and nothing else but a data channel")
	}
	sender, err := c.pc.AddTrack(&c.out)
	if err != nil {
		return "", err
	}
	answer, err := c.pc.CreateAnswer(nil)
	if err != nil {
		return "", err
	}
	whole := webrtc.GatheringCompletePromise(c.pc)
	if err := c.pc.SetLocalDescription(answer); err != nil {
		return "", err
	}
	c.hub.spawn(func() { c.pump(func(b []byte) (int, error) { n, _, err := sender.Read(b); return n, err }) })
	ctx, done := context.WithTimeout(ctx, gather)
	defer done()
	select {
	case <-whole:
		return c.pc.LocalDescription().SDP, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// channelsMost is how many data channels a page may open before it is no page of ours.
const channelsMost = 4

// maxPacket is more than any packet of speech.
const maxPacket = 1500

// pump hands packets of the browser to the leg until the connection is closed.
func (c *connection) pump(read func([]byte) (int, error)) {
	defer c.recovered()
	b := make([]byte, maxPacket)
	for {
		n, err := read(b)
		if err != nil {
			return
		}
		if l := c.in.Load(); l != nil {
			l.deliver(b[:n], c.out.ssrc.Load())
		}
	}
}

func (c *connection) recovered() {
	if r := recover(); r != nil {
		c.hub.escaped(r)
	}
}

// voice is what the browser hears: packets that a leg has numbered and timed itself. Leg after leg it stays one stream: a
// second leg that began with numbers of its own would look like packets of long ago, and SRTP drops those (RFC 3711
// section 3.3.1).
type voice struct {
	mu    sync.Mutex
	write webrtc.TrackLocalWriter
	head  rtp.Header
	ssrc  atomic.Uint32

	spoke bool
	leg   uint32    // source of the leg that spoke last
	seq   uint16    // of its newest packet, as it was sent
	ts    uint32    // of the same
	at    time.Time // when that was
	seqBy uint16    // what this leg's numbers are moved by
	tsBy  uint32
}

var _ webrtc.TrackLocal = (*voice)(nil)

func (v *voice) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	for _, p := range c.CodecParameters() {
		if p.MimeType == webrtc.MimeTypePCMU {
			v.mu.Lock()
			v.write = c.WriteStream()
			v.mu.Unlock()
			v.ssrc.Store(uint32(c.SSRC()))
			return p, nil
		}
	}
	return webrtc.RTPCodecParameters{}, webrtc.ErrUnsupportedCodec
}

func (v *voice) Unbind(webrtc.TrackLocalContext) error {
	v.mu.Lock()
	v.write = nil
	v.mu.Unlock()
	return nil
}

func (v *voice) ID() string                { return "voice" }
func (v *voice) RID() string               { return "" }
func (v *voice) StreamID() string          { return "ringback" }
func (v *voice) Kind() webrtc.RTPCodecType { return webrtc.RTPCodecTypeAudio }

// send writes one packet of a leg's: only its source is another, that of this connection.
func (v *voice) send(b []byte) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.write == nil {
		return net.ErrClosed
	}
	n, err := v.head.Unmarshal(b)
	if err != nil {
		return err
	}
	v.goOn(time.Now())
	v.head.SSRC = v.ssrc.Load()
	_, err = v.write.WriteRTP(&v.head, b[n:])
	return err
}

// goOn numbers and times the packet so that it follows what was sent before.
func (v *voice) goOn(now time.Time) {
	if v.leg != v.head.SSRC || !v.spoke {
		if v.spoke {
			v.seqBy = v.seq + 1 - v.head.SequenceNumber
			v.tsBy = v.ts + uint32(now.Sub(v.at)*audio.Rate/time.Second) - v.head.Timestamp
			v.head.Marker = true
		}
		v.leg, v.spoke = v.head.SSRC, true
		v.seq, v.at = v.head.SequenceNumber+v.seqBy-1, now
	}
	v.head.SequenceNumber += v.seqBy
	v.head.Timestamp += v.tsBy
	if int16(v.head.SequenceNumber-v.seq) > 0 {
		v.seq, v.ts, v.at = v.head.SequenceNumber, v.head.Timestamp, now
	}
}

// report sends a leg's RTCP (compound, RFC 3550 section 6.1) as this connection's.
func (c *connection) report(b []byte, own uint32) error {
	mine := append([]byte(nil), b...)
	exchange(mine, own, c.out.ssrc.Load())
	raw := rtcp.RawPacket(mine)
	return c.pc.WriteRTCP([]rtcp.Packet{&raw})
}

// exchange names another source in reports: sources stand at multiples of four bytes.
func exchange(b []byte, from, to uint32) {
	for ; len(b) >= 4; b = b[4:] {
		if binary.BigEndian.Uint32(b) == from {
			binary.BigEndian.PutUint32(b, to)
		}
	}
}
