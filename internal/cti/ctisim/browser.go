package ctisim

import (
	"context"
	"fmt"
	"time"

	"ringback/internal/cti"
	"ringback/internal/id"
)

// Connect: see cti.Switch. The answer of a simulated switch is the offer.
func (s *Switch) Connect(ctx context.Context, peer, offer string) (string, error) {
	if err := s.enter(ctx); err != nil {
		return "", err
	}
	defer s.phones.mu.Unlock()
	if err := cti.CheckBrowser(cti.BrowserOf(peer)); err != nil {
		return "", fmt.Errorf("%w: %w", cti.ErrNoBrowser, err)
	}
	if offer == "" {
		return "", fmt.Errorf("%w: an empty offer", cti.ErrNoBrowser)
	}
	if s.browsers == nil {
		s.browsers = map[string]bool{}
	}
	s.browsers[peer] = true
	s.out.put(cti.Event{At: s.now(), Kind: cti.PeerUp, Peer: peer})
	for _, l := range s.legs {
		if l.lost != nil && l.at(peer) {
			l.lost.Stop()
			l.lost = nil
			if l.in != nil && l.in.heard[l] {
				l.others("the other")
			}
		}
		if l.at(peer) && l.order.Party == cti.Visitor && l.call != nil && !l.state.Up() && !l.ending {
			l.call.answer() // her page was waited for
		}
	}
	return offer, nil
}

// Disconnect: see cti.Switch.
func (s *Switch) Disconnect(ctx context.Context, peer string) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.phones.mu.Unlock()
	if s.browsers[peer] {
		s.lose(peer)
		for _, l := range s.legs {
			if l.at(peer) {
				l.call.gone("them")
				l.end(cti.MediaLost, l.order.Party.Person(), 0)
			}
		}
	}
	return nil
}

// Lose cuts a browser's connection, as a network does. It may come back.
func (s *Switch) Lose(peer string) {
	s.phones.mu.Lock()
	defer s.phones.mu.Unlock()
	if s.down || !s.browsers[peer] {
		return
	}
	s.lose(peer)
	for _, l := range s.legs {
		if l.at(peer) && l.state.Up() {
			l.away()
		}
	}
}

func (s *Switch) lose(peer string) {
	delete(s.browsers, peer)
	s.out.put(cti.Event{At: s.now(), Kind: cti.PeerLost, Peer: peer})
}

// momentAfter is how long a browser may say nothing until who talks with it is told that it goes on.
const momentAfter = time.Second

// away: the browser of a leg that is up may come back.
func (l *leg) away() {
	lost := l.after(cti.BrowserBack, func() {
		l.call.gone("nobody")
		l.end(cti.MediaLost, l.order.Party.Person(), 0)
	})
	l.lost = lost
	l.after(momentAfter, func() {
		if l.lost == lost && l.in != nil && l.in.heard[l] {
			l.others("say moment")
		}
	})
}

// at says whether the leg is one that lives at a browser.
func (l *leg) at(peer string) bool {
	return l.state != cti.Ended && l.order.To == cti.BrowserOf(peer)
}

// ICE: see cti.Switch.
func (s *Switch) ICE(ctx context.Context, peer string) ([]cti.ICEServer, error) {
	if err := cti.CheckBrowser(cti.BrowserOf(peer)); err != nil {
		return nil, fmt.Errorf("%w: %w", cti.ErrNoBrowser, err)
	}
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	s.phones.mu.Unlock()
	return nil, nil
}

// Accept: see cti.Switch.
func (s *Switch) Accept(ctx context.Context, leg id.Leg) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.phones.mu.Unlock()
	l := s.legs[leg]
	if l == nil || l.order.To.Kind() != cti.Web || l.state == cti.Ended || l.ending {
		return fmt.Errorf("accept leg %s: %w", leg, cti.ErrNoLeg)
	}
	if l.call != nil && !l.state.Up() {
		l.call.answer()
		if !s.deskOpen(l.order.To) { // it went while it rang
			l.away()
		}
	}
	return nil
}

// deskOpen says whether a browser can be rung: it is connected, or somebody was put there who picks up by himself.
func (s *Switch) deskOpen(to cti.Endpoint) bool {
	name, _ := to.Browser()
	return s.browsers[name] || len(s.phones.people[to]) > 0
}
