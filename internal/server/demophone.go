package server

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip"
	"ringback/internal/id"
	"ringback/internal/wire"
)

//go:embed demophone.html
var demoPhonePage []byte

// demoNumber is the number of the telephone in a tab.
const demoNumber = "+12025550199"

const (
	demoTab     = "tab" // the name of its browser
	demoRings   = 40 * time.Second
	demoMaxBody = 64 << 10
)

// demoPhone is a telephone in a browser's tab, with a switch of its own: to the service it is a trunk, and its calls are SIP
// and RTP like all others.
type demoPhone struct {
	sw   *ctisip.Switch
	addr string // of its SIP

	mu    sync.Mutex
	call  *demoCall // nil = none
	n     int       // of legs so far
	state demoState
	news  chan struct{} // closed when state changes
	wg    sync.WaitGroup
}

// demoCall is one call to the tab.
type demoCall struct {
	callID   string
	cb       id.Callback
	tab, far id.Leg
}

// demoState is what the page shows.
type demoState struct {
	State string `json:"state"` // closed, idle, ringing, talking
	From  string `json:"from,omitempty"`
}

// startDemoPhone opens it to calls from the service, which speaks SIP at those addresses.
func startDemoPhone(service []string, log *slog.Logger) (*demoPhone, error) {
	p := &demoPhone{state: demoState{State: "closed"}, news: make(chan struct{})}
	var err error
	p.sw, err = ctisip.New(ctisip.Config{Net: wire.Real{}, SIP: []string{"udp://127.0.0.1:0"}, RTPBind: netip.MustParseAddr("127.0.0.1"),
		RTC: "127.0.0.1:0", Sink: p.told, Log: log})
	if err != nil {
		return nil, err
	}
	p.addr = strings.TrimPrefix(p.sw.Addrs()[0], "udp://")
	ctx := context.Background()
	line := cti.Trunk{ID: "trk_service", Slug: "service", Address: "sip:" + strings.TrimPrefix(service[0], "udp://"), AcceptFrom: []string{"127.0.0.1/32"}, NumberFormat: cti.PlusE164}
	if err = p.sw.Trunks(ctx, []cti.Trunk{line}); err == nil {
		_, err = p.sw.Reconcile(ctx, nil)
	}
	if err != nil {
		p.sw.Close()
		return nil, fmt.Errorf("the telephone of the demo: %w", err)
	}
	return p, nil
}

// Close ends it.
func (p *demoPhone) Close() error {
	err := p.sw.Close()
	p.wg.Wait()
	return err
}

// show tells the page. The lock is held.
func (p *demoPhone) show(s demoState) {
	p.state = s
	close(p.news)
	p.news = make(chan struct{})
}

// told takes what its switch tells; commands go out beside, for who tells must not be kept waiting.
func (p *demoPhone) told(e cti.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.call
	switch {
	case e.Kind == cti.PeerUp && p.state.State == "closed":
		p.show(demoState{State: "idle"})
	case e.Kind == cti.PeerLost && c == nil:
		p.show(demoState{State: "closed"})
	case e.Kind == cti.LegArrived:
		p.arrived(e, c)
	case c == nil || e.Callback != c.cb:
	case e.Kind == cti.LegConfirmed && e.Leg == c.tab: // she has picked up: so does the line
		o := p.order(c, c.far, cti.Visitor)
		o.Answers = c.callID
		p.do(c, func(ctx context.Context) error { return p.sw.Originate(ctx, o) })
	case e.Kind == cti.LegConfirmed && e.Leg == c.far:
		p.show(demoState{"talking", p.state.From})
		p.do(c, func(ctx context.Context) error {
			return p.sw.Join(ctx, cti.Join{Callback: c.cb, A: c.tab, B: c.far})
		})
	case e.Kind == cti.LegEnded:
		p.over(c)
	}
}

// arrived rings the tab. The lock is held.
func (p *demoPhone) arrived(e cti.Event, busy *demoCall) {
	if busy != nil || p.state.State == "closed" {
		cause := cti.UserBusy
		if busy == nil {
			cause = cti.NoAnswer
		}
		p.wg.Go(func() { _ = p.sw.Reject(context.Background(), e.CallID, cti.HangUp{Cause: cause}) }) // or it has gone
		return
	}
	p.n++
	c := &demoCall{callID: e.CallID, cb: id.Callback(fmt.Sprint("cb_tab", p.n)), tab: id.Leg(fmt.Sprint("leg_tab", p.n)), far: id.Leg(fmt.Sprint("leg_far", p.n))}
	p.call = c
	p.show(demoState{"ringing", e.Arrival.From})
	o := p.order(c, c.tab, cti.Agent)
	o.To = cti.BrowserOf(demoTab)
	p.do(c, func(ctx context.Context) error {
		if !p.sw.Ring(c.callID, demoRings, func() { p.wg.Go(func() { p.hangUp(c) }) }) {
			return cti.ErrNoLeg
		}
		return p.sw.Originate(ctx, o)
	})
}

func (p *demoPhone) order(c *demoCall, leg id.Leg, party cti.Party) cti.Order {
	return cti.Order{Callback: c.cb, Attempt: 1, Leg: leg, Party: party, Fence: 1, Ring: demoRings, Confirm: cti.ConfirmNone, Region: "US"}
}

// do gives a command; what cannot be done ends the call.
func (p *demoPhone) do(c *demoCall, f func(context.Context) error) {
	p.wg.Go(func() {
		if f(context.Background()) != nil {
			p.hangUp(c)
		}
	})
}

// over forgets a call. The lock is held.
func (p *demoPhone) over(c *demoCall) {
	if p.call != c {
		return
	}
	p.call = nil
	p.show(demoState{State: "idle"})
	p.wg.Go(func() { p.end(c) })
}

// hangUp ends a call from any side.
func (p *demoPhone) hangUp(c *demoCall) {
	p.mu.Lock()
	p.over(c)
	p.mu.Unlock()
}

func (p *demoPhone) end(c *demoCall) {
	ctx := context.Background()
	_ = p.sw.Reject(ctx, c.callID, cti.HangUp{Cause: cti.CallRejected}) // of what is over already nothing is to be told
	for _, leg := range []id.Leg{c.tab, c.far} {
		_ = p.sw.HangUp(ctx, leg, cti.HangUp{Cause: cti.NormalClearing})
	}
}

// routes are the page and its buttons.
func (p *demoPhone) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /demo/phone", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(demoPhonePage) // a page that has gone needs no answer
	})
	mux.HandleFunc("POST /demo/phone/connect", func(w http.ResponseWriter, r *http.Request) {
		offer, err := io.ReadAll(http.MaxBytesReader(w, r.Body, demoMaxBody))
		var answer string
		if err == nil {
			answer, err = p.sw.Connect(r.Context(), demoTab, string(offer))
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_, _ = io.WriteString(w, answer)
	})
	mux.HandleFunc("POST /demo/phone/{button}", func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		c := p.call
		p.mu.Unlock()
		switch {
		case c == nil:
			http.Error(w, "there is no call", http.StatusConflict)
		case r.PathValue("button") == "answer":
			if err := p.sw.Accept(r.Context(), c.tab); err != nil {
				http.Error(w, err.Error(), http.StatusConflict)
			}
		default:
			p.hangUp(c)
		}
	})
	mux.HandleFunc("GET /demo/phone/state", p.watch)
}

// watch is the state as server-sent events.
func (p *demoPhone) watch(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	for {
		p.mu.Lock()
		s, news := p.state, p.news
		p.mu.Unlock()
		b, err := json.Marshal(s)
		if err != nil {
			return
		}
		if _, err := fmt.Fprintf(w, "data: %s\n\n", b); err != nil || out.Flush() != nil {
			return
		}
		select {
		case <-news:
		case <-r.Context().Done():
			return
		}
	}
}
