package ctitest

import (
	"context"
	"math"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"

	"ringback/internal/audio"
	"ringback/internal/cti"
)

// Browser is a page with a microphone that says a tone without end, and an ear that keeps what it hears.
type Browser struct {
	t    testing.TB
	hz   float64
	tcp  int                // its network lets nothing else through than TCP, to this port; -1 = to any, 0 = it lets all through
	only webrtc.NetworkType // 0 = whatever the machine has
	by   *relays            // nil = it needs none
	conn net.PacketConn     // its only socket; nil = the machine's
	wg   sync.WaitGroup
	stop chan struct{}

	mu      sync.Mutex
	pc      *webrtc.PeerConnection
	heard   []int16
	sources map[uint32]bool
}

// NewBrowser opens a page that is not connected yet. It closes with the test.
func NewBrowser(t testing.TB, hz float64) *Browser {
	b := &Browser{t: t, hz: hz, stop: make(chan struct{}), sources: map[uint32]bool{}}
	t.Cleanup(b.close)
	return b
}

// On gives the page a socket, of a simulated network.
func (b *Browser) On(conn net.PacketConn) *Browser {
	b.conn = conn
	return b
}

// OverTCP lets the page's network block all but TCP, and all but one port of it; -1 = none.
func (b *Browser) OverTCP(port int) *Browser {
	b.tcp = port
	return b
}

// OverIPv6 lets the page's network have no IPv4; OverIPv4 the other way round.
func (b *Browser) OverIPv6() *Browser {
	b.only = webrtc.NetworkTypeUDP6
	return b
}

// OverIPv4 lets the page's network have no IPv6.
func (b *Browser) OverIPv4() *Browser {
	b.only = webrtc.NetworkTypeUDP4
	return b
}

// relays are the only way out of a network: servers, and how they are dialled.
type relays struct {
	servers []cti.ICEServer
	dial    func(address string) (net.Conn, error)
}

// Dial is what pion asks for a connection to a relay.
func (r *relays) Dial(_, address string) (net.Conn, error) { return r.dial(address) }

// Relayed lets the page's network let nothing through but to relays; dial makes the connection, with its TLS.
func (b *Browser) Relayed(servers []cti.ICEServer, dial func(address string) (net.Conn, error)) *Browser {
	b.by = &relays{servers, dial}
	return b
}

// through is an answer without the candidates that the page's network blocks.
func (b *Browser) through(answer string) string {
	var out strings.Builder
	for line := range strings.Lines(answer) {
		if f := strings.Fields(line); b.tcp > 0 && strings.HasPrefix(line, "a=candidate:") && (f[2] != "tcp" || f[5] != strconv.Itoa(b.tcp)) {
			continue
		}
		out.WriteString(line)
	}
	return out.String()
}

// Connect makes a new connection, as a page does that is loaded, or loaded again: it offers, and ask brings the answer.
func (b *Browser) Connect(ask func(ctx context.Context, offer string) (answer string, err error)) {
	b.t.Helper()
	var s webrtc.SettingEngine
	s.SetIncludeLoopbackCandidate(true)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	if b.conn != nil {
		s.SetICEUDPMux(webrtc.NewICEUDPMux(nil, b.conn)) // it ends with the socket
		s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	}
	if b.only != 0 {
		s.SetNetworkTypes([]webrtc.NetworkType{b.only})
	}
	if b.tcp != 0 {
		s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeTCP4})
	}
	var c webrtc.Configuration
	if b.by != nil {
		s.SetICEProxyDialer(b.by)
		s.SetRelayAcceptanceMinWait(0) // no better way is to be waited for
		c.ICETransportPolicy = webrtc.ICETransportPolicyRelay
		for _, server := range b.by.servers {
			c.ICEServers = append(c.ICEServers, webrtc.ICEServer{URLs: server.URLs, Username: server.Username, Credential: server.Credential})
		}
	}
	m := &webrtc.MediaEngine{}
	for pt, name := range map[webrtc.PayloadType]string{0: webrtc.MimeTypePCMU, 8: webrtc.MimeTypePCMA, 126: "audio/telephone-event"} {
		b.must(m.RegisterCodec(webrtc.RTPCodecParameters{PayloadType: pt, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: name, ClockRate: 8000}}, webrtc.RTPCodecTypeAudio))
	}
	pc, err := webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithSettingEngine(s)).NewPeerConnection(c)
	b.must(err)
	track, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMU, ClockRate: 8000}, "microphone", "page")
	b.must(err)
	_, err = pc.AddTrack(track)
	b.must(err)
	if b.conn == nil { // in simulated time pion's SCTP stops the clock: it waits for a timer with a lock held
		_, err = pc.CreateDataChannel("awake", nil)
		b.must(err)
	}
	pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { b.listen(t) })
	up := make(chan struct{})
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			close(up)
		}
	})
	offer, err := pc.CreateOffer(nil)
	b.must(err)
	whole := webrtc.GatheringCompletePromise(pc)
	b.must(pc.SetLocalDescription(offer))
	<-whole
	answer, err := ask(b.t.Context(), pc.LocalDescription().SDP)
	b.must(err)
	b.must(pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: b.through(answer)}))
	select {
	case <-up:
	case <-time.After(10 * time.Second):
		b.t.Fatalf("the browser does not get through: %s\n%s", pc.ICEConnectionState(), answer)
	}
	b.mu.Lock()
	old := b.pc
	b.pc = pc
	b.mu.Unlock()
	if old != nil {
		old.Close()
	}
	b.wg.Go(func() { b.speak(pc, track) })
}

// Says is the tone that the page says, in Hz.
func (b *Browser) Says() float64 { return b.hz }

// Cut ends the connection. On a socket of its own the page is gone without a word, for good: then another page takes its place.
func (b *Browser) Cut() {
	b.mu.Lock()
	pc := b.pc
	b.pc = nil
	b.mu.Unlock()
	if b.conn != nil {
		b.conn.Close() // before what pion would say as a farewell
	}
	if pc != nil {
		pc.Close()
	}
}

func (b *Browser) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// speak says the tone, a packet each 20 ms, while pc is the browser's connection.
func (b *Browser) speak(pc *webrtc.PeerConnection, track *webrtc.TrackLocalStaticSample) {
	const frame = audio.Rate / 50
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	samples, bytes := make([]int16, frame), make([]byte, frame)
	for n := 0; ; n += frame {
		select {
		case <-tick.C:
		case <-b.stop:
			return
		}
		for i := range samples {
			samples[i] = int16(8000 * math.Sin(2*math.Pi*b.hz*float64(n+i)/audio.Rate))
		}
		audio.ULaw.Encode(bytes, samples)
		b.mu.Lock()
		mine := b.pc == pc
		b.mu.Unlock()
		if !mine || track.WriteSample(media.Sample{Data: bytes, Duration: 20 * time.Millisecond}) != nil {
			return
		}
	}
}

func (b *Browser) listen(t *webrtc.TrackRemote) {
	for {
		p, _, err := t.ReadRTP()
		if err != nil {
			return
		}
		law := audio.ULaw
		if p.PayloadType == 8 {
			law = audio.ALaw
		}
		s := make([]int16, len(p.Payload))
		law.Decode(s, p.Payload)
		b.mu.Lock()
		b.heard = append(b.heard, s...)
		b.sources[p.SSRC] = true
		b.mu.Unlock()
	}
}

// Hears waits until a tone was heard for so long, in windows of 100 ms that have nothing else; false after 10 s.
func (b *Browser) Hears(hz float64, least time.Duration) bool {
	return b.waits(func() bool { return b.Heard(hz) >= least })
}

func (b *Browser) waits(ok func() bool) bool {
	late := time.NewTimer(10 * time.Second)
	defer late.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-late.C:
			return false
		}
	}
	return true
}

// HearsAnything waits until something was heard for so long; false after 10 s.
func (b *Browser) HearsAnything(least time.Duration) bool {
	return b.waits(func() bool {
		b.mu.Lock()
		s := b.heard
		b.mu.Unlock()
		loud := time.Duration(0)
		for ; len(s) >= audio.Rate/10; s = s[audio.Rate/10:] {
			if audio.RMS(s[:audio.Rate/10]) > 300 {
				loud += 100 * time.Millisecond
			}
		}
		return loud >= least
	})
}

// Heard counts the time in which a tone stood above all else.
func (b *Browser) Heard(hz float64) (d time.Duration) {
	b.mu.Lock()
	s := b.heard
	b.mu.Unlock()
	const window = audio.Rate / 10
	for ; len(s) >= window; s = s[window:] {
		if a, rms := audio.Goertzel(s[:window], hz), audio.RMS(s[:window]); rms > 300 && a*a/2 > 0.9*rms*rms {
			d += 100 * time.Millisecond
		}
	}
	return d
}

// Level is how loud a tone was in the last second of sound, 0 before there was one: the amplitude of its sine.
func (b *Browser) Level(hz float64) float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.heard) < audio.Rate {
		return 0
	}
	return audio.Goertzel(b.heard[len(b.heard)-audio.Rate:], hz)
}

// Forget drops what was heard so far.
func (b *Browser) Forget() {
	b.mu.Lock()
	b.heard = nil
	b.mu.Unlock()
}

func (b *Browser) close() {
	close(b.stop)
	b.Cut()
	b.wg.Wait()
}
