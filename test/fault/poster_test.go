package fault

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"ringback/bench/service"
)

// posters keep callbacks in flight: one asks each gap, and repeats itself with the same key until it is acknowledged.
type posters struct {
	w   *world
	gap time.Duration
	wg  sync.WaitGroup

	mu     sync.Mutex
	next   int
	acked  map[string]asked  // by callback
	state  map[string]string // as last seen
	wrong  []string          // answers that nobody may give
	repeat int               // POSTs that had to be sent again
}

// asked is an acknowledged request.
type asked struct {
	n      int // the how manieth
	number string
	phone  string // SIP user of the agent's telephone
	at     time.Time
}

func newPosters(w *world, gap time.Duration) *posters {
	return &posters{w: w, gap: gap, acked: map[string]asked{}, state: map[string]string{}}
}

// most is how many callbacks may be in flight; beyond it nobody asks.
const most = 60

// run asks until soft ends. A request that has begun is repeated until it is acknowledged or hard ends.
func (p *posters) run(hard, soft context.Context) {
	until(soft, p.gap, func() bool {
		if p.flying() < most {
			p.burst(hard, 1)
		}
		return false
	})
	p.wg.Wait()
}

// burst lets n ask at once.
func (p *posters) burst(ctx context.Context, n int) {
	for range n {
		p.wg.Go(func() { p.ask(ctx) })
	}
}

// ask sends one request until it is acknowledged.
func (p *posters) ask(ctx context.Context) {
	p.mu.Lock()
	p.next++
	a := asked{n: p.next, number: number(p.next), phone: fmt.Sprintf("a%d%s", p.next, agentDigits)}
	p.mu.Unlock()
	body, _ := json.Marshal(map[string]any{ // of strings
		"button": "acme-main", "number": a.number, "destination": "sip:" + a.phone + "@" + p.w.carrier.SIP,
		"metadata": map[string]string{"n": fmt.Sprint(a.n)}})
	until(ctx, 50*time.Millisecond, func() bool {
		got, err := p.w.api.Make(ctx, fmt.Sprintf("fault-%d", a.n), body)
		switch {
		case err == nil && got.Status == http.StatusCreated:
			p.acknowledged(a, got)
			return true
		case err == nil && got.Status != http.StatusServiceUnavailable && got.Code != "idempotency_in_progress":
			p.complain("request %d for %s: %d %s", a.n, a.number, got.Status, got.Body)
			return true
		}
		p.mu.Lock()
		p.repeat++
		p.mu.Unlock()
		return false
	})
}

func (p *posters) acknowledged(a asked, got service.Answer) {
	var made service.Callback
	if err := json.Unmarshal(got.Body, &made); err != nil || made.ID == "" {
		p.complain("request %d: 201 without an id: %s", a.n, got.Body)
		return
	}
	a.at = time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if old, again := p.acked[made.ID]; again {
		p.wrong = append(p.wrong, fmt.Sprintf("requests %d and %d were both answered with %s", old.n, a.n, made.ID))
	}
	p.acked[made.ID] = a
	p.state[made.ID] = made.State
}

func (p *posters) complain(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wrong = append(p.wrong, fmt.Sprintf(format, args...))
}

// watch keeps what is seen of the newest callbacks up to date until ctx ends.
func (p *posters) watch(ctx context.Context) {
	until(ctx, 100*time.Millisecond, func() bool {
		found, _, err := p.w.api.Newest(ctx, "", "")
		if err != nil {
			return false // it is down just now: that is the point
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, c := range found {
			p.state[c.ID] = c.State
		}
		return false
	})
}

// flying counts the acknowledged callbacks that wait, ring or talk.
func (p *posters) flying() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for cb := range p.acked {
		if inFlight(p.state[cb]) {
			n++
		}
	}
	return n
}

func inFlight(state string) bool {
	switch state {
	case "queued", "ringing_agent", "ringing_visitor", "connected":
		return true
	}
	return false
}

// areas are codes of the United States; with them and the exchanges 200 to 999 each request has a number of its own.
var areas = [...]int{202, 212, 213, 303, 305, 312, 404, 415, 503, 512, 602, 617, 702, 713, 718, 773, 808, 818, 917, 972}

// number is the telephone of the nth visitor: valid, and of somebody who answers and talks (0100).
func number(n int) string {
	exchange := 200 + n/len(areas)
	for m := 200; m <= exchange; m++ {
		if m%100 == 11 || m == 555 { // 211, 411, 911 … are no exchanges
			exchange++
		}
	}
	return fmt.Sprintf("+1%d%03d0100", areas[n%len(areas)], exchange)
}
