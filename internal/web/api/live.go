package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coder/websocket"

	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/live"
	"ringback/internal/login"
	"ringback/internal/web/door"
)

// Subprotocol of the live socket.
const Subprotocol = "ringback.v1"

const (
	writeWithin = 5 * time.Second // one message; who does not take it in that time is cut off
	checkEvery  = 5 * time.Second // whether who listens still may
	longestWord = 4096            // bytes of a message of the page's
	wordsPerS   = 20              // of them
)

// Hello is the first message: who listens, and how she is.
type Hello struct {
	Type     string       `json:"type"`
	Me       Me           `json:"me"`
	Presence *NewsOfState `json:"presence"` // null to a key
	Version  string       `json:"version"`
}

// NewsOfState is an agent's own presence.
type NewsOfState struct {
	Type     string     `json:"type"`
	Presence string     `json:"presence"`
	Reason   *string    `json:"reason"`
	Since    door.Stamp `json:"since"`
	Until    door.Stamp `json:"until"`
}

// Notice is a sentence for who sits there.
type Notice struct {
	Type  string `json:"type"`
	Level string `json:"level"` // info, warn
	Text  string `json:"text"`
}

// beat is a ping, and what the page answers.
type beat struct {
	Type string `json:"type"`
	N    int    `json:"n"`
}

// word is a message of the page's.
type word struct {
	Type string `json:"type"`
	On   bool   `json:"on"`
}

// live opens the live socket. What it tells is looked up at each message, so that who may not see a business any more
// is told nothing more of it.
func (a *API) live(w http.ResponseWriter, r *http.Request) error {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		return fault.New(fault.UnsupportedMedia, "This is a WebSocket. Connect to it with the subprotocol %s.", Subprotocol)
	}
	p := door.Principal(r.Context())
	var only id.Subscriber
	if p.Agent == "" {
		var err error
		if only, err = a.narrowed(r); err != nil {
			return err
		}
	}
	o := &websocket.AcceptOptions{Subprotocols: []string{Subprotocol}, CompressionMode: websocket.CompressionDisabled}
	if p.Agent == "" {
		o.InsecureSkipVerify = true // a key is never sent by itself
	} else if u, err := url.Parse(a.URL); err == nil {
		o.OriginPatterns = []string{u.Host}
	}
	leave := a.Live.Enter()
	defer leave()
	feed := a.Live.Follow(live.About{Agent: p.Agent, Subscriber: only}) // before the first look: nothing falls between
	if feed == nil {
		return fault.New(fault.LimitKey, "Too many sockets are open for this already.")
	}
	defer feed.Close()
	conn, err := websocket.Accept(w, r, o)
	if err != nil {
		a.Log.DebugContext(r.Context(), "no live socket", "request", door.RequestID(r.Context()), "err", err)
		return nil // it has answered
	}
	conn.SetReadLimit(longestWord)
	s := &socket{a: a, r: r, conn: conn, p: p, only: only, news: newNews(a)}
	s.serve(context.WithoutCancel(r.Context()), feed)
	return nil
}

// socket is one page, or one program, that listens.
type socket struct {
	a    *API
	r    *http.Request
	conn *websocket.Conn
	p    login.Principal
	only id.Subscriber // of a key: this business; "" = all that it sees
	news *news
	tab  *live.Tab // of an agent

	pings    int
	presence []byte // as it was last told
	board    []byte
}

// serve talks until the page leaves, is too slow, or may not listen any more.
func (s *socket) serve(ctx context.Context, feed *live.Feed) {
	ctx, stop := context.WithCancel(ctx)
	words, heard := make(chan word), make(chan struct{})
	go func() {
		defer close(heard)
		s.read(ctx, words)
	}()
	code, why := s.talk(ctx, feed, words, heard)
	_ = s.conn.Close(code, why) // before the reader stops, which would cut it off without a word; the page may be gone
	stop()
	<-heard
}

func (s *socket) talk(ctx context.Context, feed *live.Feed, words <-chan word, heard <-chan struct{}) (websocket.StatusCode, string) {
	if s.p.Agent != "" {
		s.tab = s.a.Hearts.Open(s.p.Agent)
		defer s.tab.Close()
		if err := s.a.Hearts.Back(ctx, s.a.Conductor, s.p.Agent); err != nil {
			s.a.Log.WarnContext(ctx, "a desk that is back is not ready", "agent", s.p.Agent, "err", err)
		}
	}
	if err := s.hello(ctx); err != nil {
		return s.failed(err)
	}
	code, why := s.follow(ctx, feed, words, heard)
	if why == string(fault.NoSession) && s.tab != nil {
		s.expired(ctx)
	}
	return code, why
}

// expired: the session of an agent has ended while her page was open. With no other page she takes no calls any more.
func (s *socket) expired(ctx context.Context) {
	s.tab.Close()
	if s.a.Hearts.Pages(s.p.Agent) == 0 {
		if err := s.a.Conductor.SignOut(ctx, s.p.Agent); err != nil {
			s.a.Log.WarnContext(ctx, "whose session has ended is still at work", "agent", s.p.Agent, "err", err)
		}
	}
}

func (s *socket) follow(ctx context.Context, feed *live.Feed, words <-chan word, heard <-chan struct{}) (websocket.StatusCode, string) {
	second, ping, check := time.NewTicker(time.Second), time.NewTicker(live.Ping), time.NewTicker(checkEvery)
	defer second.Stop()
	defer ping.Stop()
	defer check.Stop()
	for {
		var err error
		select {
		case <-heard:
			return websocket.StatusNormalClosure, ""
		case step, open := <-feed.C():
			switch {
			case open:
				if err = s.step(ctx, step); err == nil {
					err = s.states(ctx)
				}
			case feed.Slow():
				return websocket.StatusTryAgainLater, "too slow"
			default:
				_ = s.send(ctx, Notice{"notice", "warn", "The service stops. This page connects again by itself."}) // it closes anyhow
				return websocket.StatusGoingAway, "the service stops"
			}
		case w := <-words:
			s.hear(w)
		case <-second.C:
			if err = s.states(ctx); err == nil {
				err = s.boardNow(ctx)
			}
		case <-ping.C:
			s.pings++
			err = s.send(ctx, beat{"ping", s.pings})
		case <-check.C:
			err = s.still(ctx)
		}
		if err != nil {
			return s.failed(err)
		}
	}
}

// failed tells a page that may not listen from one that does not.
func (s *socket) failed(err error) (websocket.StatusCode, string) {
	var f *fault.Fault
	if errors.As(err, &f) && (f.Code == fault.NoSession || f.Code == fault.BadKey) {
		return websocket.StatusPolicyViolation, string(f.Code)
	}
	if errors.As(err, &f) {
		s.a.Log.Warn("live socket", "agent", s.p.Agent, "err", err)
		return websocket.StatusInternalError, string(f.Code)
	}
	return websocket.StatusGoingAway, ""
}

// read hands on what the page says, at a pace that people have.
func (s *socket) read(ctx context.Context, words chan<- word) {
	left, since := wordsPerS, time.Now()
	for {
		_, b, err := s.conn.Read(ctx)
		if err != nil {
			return
		}
		if now := time.Now(); now.Sub(since) > time.Second {
			left, since = wordsPerS, now
		}
		if left--; left < 0 {
			return
		}
		var w word
		if json.Unmarshal(b, &w) != nil {
			return
		}
		select {
		case words <- w:
		case <-ctx.Done():
			return
		}
	}
}

// hear takes in a message of the page's; what a newer page says besides is passed over.
func (s *socket) hear(w word) {
	if s.tab == nil {
		return
	}
	switch w.Type {
	case "pong", "active":
		s.tab.Beat()
	case "lead":
		s.tab.Lead(w.On)
	}
}

// hello tells the whole state: who she is, how she is, what is in her hands, how busy it is.
func (s *socket) hello(ctx context.Context) error {
	h := Hello{Type: "hello", Me: s.a.whoami(s.p), Version: s.a.Version}
	if s.p.Agent != "" {
		h.Presence = s.state()
		s.presence, _ = json.Marshal(h.Presence) // of strings and times
	}
	if err := s.send(ctx, h); err != nil {
		return err
	}
	for _, c := range s.a.Conductor.InHand() {
		if s.only != "" && c.Subscriber != s.only {
			continue
		}
		if err := s.step(ctx, live.Step{Callback: c}); err != nil {
			return err
		}
	}
	return s.boardNow(ctx)
}

func (s *socket) step(ctx context.Context, step live.Step) error {
	if err := s.rights(); err != nil {
		return err
	}
	all, err := s.news.tell(ctx, s.p, step.Callback, step.Lines)
	if err != nil {
		return err
	}
	for _, m := range all {
		if err := s.send(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// rights reads what an agent may see at this moment.
func (s *socket) rights() error {
	if s.p.Agent == "" {
		return nil
	}
	d := s.a.Conductor.Directory()
	ag := d.Agents[s.p.Agent]
	if ag == nil {
		return fault.New(fault.NoSession, "There is no such agent any more.")
	}
	s.p = d.Principal(ag)
	return nil
}

// state is the agent's own presence.
func (s *socket) state() *NewsOfState {
	st := s.a.Conductor.Agents()[s.p.Agent]
	return &NewsOfState{"presence", presence(st), door.Opt(st.Reason), door.Stamp(st.Since), door.Stamp(st.Until)}
}

// states tells the agent's presence when it has changed.
func (s *socket) states(ctx context.Context) error {
	if s.p.Agent == "" {
		return nil
	}
	b, err := json.Marshal(s.state())
	if err != nil || bytes.Equal(b, s.presence) {
		return err
	}
	s.presence = b
	return s.write(ctx, b)
}

// boardNow tells the board when it has changed.
func (s *socket) boardNow(ctx context.Context) error {
	if err := s.rights(); err != nil {
		return err
	}
	only := watched(s.a.Conductor.Directory(), s.p)
	if s.only != "" {
		only = []id.Subscriber{s.only}
	}
	b, err := json.Marshal(s.a.board(s.p, only))
	if err != nil || bytes.Equal(b, s.board) {
		return err
	}
	s.board = b
	return s.write(ctx, b)
}

// still looks whether the one who listens still may.
func (s *socket) still(ctx context.Context) error {
	d := s.a.Conductor.Directory()
	if s.p.User != "" {
		who, err := s.a.Gate.Who(ctx, door.Session(s.r))
		if err == nil && (who.User == nil || who.User.Principal(s.p.Sees).Sees != s.p.Sees) {
			err = fault.New(fault.NotFound, "This business is none of yours any more.")
		}
		return err
	}
	if s.p.Agent == "" {
		if k := d.Keys[s.p.Key]; k == nil || s.only != "" && d.ID(directory.Subscriber, string(s.only)) == "" {
			return fault.New(fault.BadKey, "This key is not known any more.")
		}
		return nil
	}
	_, err := s.a.Gate.Who(ctx, door.Session(s.r))
	return err
}

func (s *socket) send(ctx context.Context, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return s.write(ctx, b)
}

func (s *socket) write(ctx context.Context, b []byte) error {
	ctx, cancel := context.WithTimeout(ctx, writeWithin)
	defer cancel()
	return s.conn.Write(ctx, websocket.MessageText, b)
}
