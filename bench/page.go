package main

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// pages are browsers of the generator: each sends a packet every 20 ms and counts what it hears.
type pages struct {
	api   *webrtc.API
	mu    sync.Mutex
	open  map[string]*page
	heard atomic.Int64
	sent  atomic.Int64
	stop  chan struct{}
	done  sync.WaitGroup
}

type page struct {
	pc    *webrtc.PeerConnection
	track *webrtc.TrackLocalStaticRTP
}

func newPages() (*pages, error) {
	m := &webrtc.MediaEngine{}
	if err := m.RegisterCodec(webrtc.RTPCodecParameters{PayloadType: 0, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMU, ClockRate: 8000}}, webrtc.RTPCodecTypeAudio); err != nil {
		return nil, err
	}
	var s webrtc.SettingEngine
	s.SetIncludeLoopbackCandidate(true)
	p := &pages{api: webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithSettingEngine(s), webrtc.WithInterceptorRegistry(&interceptor.Registry{})),
		open: map[string]*page{}, stop: make(chan struct{})}
	p.done.Go(p.speak)
	return p, nil
}

// offer opens a page and returns what it offers.
func (p *pages) offer(name string) (string, error) {
	pc, err := p.api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return "", err
	}
	g := &page{pc: pc}
	if g.track, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMU, ClockRate: 8000}, "microphone", "page"); err != nil {
		return "", err
	}
	if _, err := pc.AddTrack(g.track); err != nil {
		return "", err
	}
	if _, err := pc.CreateDataChannel("awake", nil); err != nil {
		return "", err
	}
	p.mu.Lock()
	p.open[name] = g
	p.mu.Unlock()
	pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		for b := make([]byte, 1500); ; p.heard.Add(1) {
			if _, _, err := t.Read(b); err != nil {
				return
			}
		}
	})
	o, err := pc.CreateOffer(nil)
	if err != nil {
		return "", err
	}
	whole := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(o); err != nil {
		return "", err
	}
	<-whole
	return pc.LocalDescription().SDP, nil
}

func (p *pages) answered(name, answer string) error {
	p.mu.Lock()
	g := p.open[name]
	p.mu.Unlock()
	return g.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer})
}

// speak sends for all pages.
func (p *pages) speak() {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	packet := rtp.Packet{Header: rtp.Header{Version: 2}, Payload: make([]byte, 160)}
	for {
		select {
		case <-tick.C:
		case <-p.stop:
			return
		}
		packet.SequenceNumber++
		packet.Timestamp += 160
		for _, g := range p.all() {
			if g.pc.ConnectionState() == webrtc.PeerConnectionStateConnected && g.track.WriteRTP(&packet) == nil {
				p.sent.Add(1)
			}
		}
	}
}

func (p *pages) all() []*page {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]*page, 0, len(p.open))
	for _, g := range p.open {
		out = append(out, g)
	}
	return out
}

func (p *pages) close() {
	close(p.stop)
	p.done.Wait()
	for _, g := range p.all() {
		g.pc.Close()
	}
}
