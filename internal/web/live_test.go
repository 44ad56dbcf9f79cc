package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/id"
)

// desk is a page that listens.
type desk struct {
	t    *testing.T
	conn *websocket.Conn
	seen []map[string]any // what came and was not asked for
}

// listen connects with a header such as a cookie.
func (h *house) listen(t *testing.T, query string, headers ...string) (*desk, *http.Response, error) {
	server := httptest.NewServer(h.handler)
	t.Cleanup(server.Close)
	header := http.Header{}
	for _, s := range headers {
		k, v, _ := strings.Cut(s, ": ")
		header.Set(k, v)
	}
	conn, res, err := websocket.Dial(t.Context(), server.URL+"/api/v1/live"+query, &websocket.DialOptions{HTTPHeader: header, Subprotocols: []string{"ringback.v1"}})
	if err != nil {
		return nil, res, err
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &desk{t: t, conn: conn}, res, nil
}

func (h *house) sits(t *testing.T, headers ...string) *desk {
	t.Helper()
	d, _, err := h.listen(t, "", headers...)
	if err != nil {
		t.Fatal(err)
	}
	if hello := d.next("hello"); hello["me"] == nil {
		t.Fatalf("hello: %v", hello)
	}
	return d
}

// read returns the next message, or why there is none.
func (d *desk) read(ctx context.Context) (map[string]any, error) {
	_, b, err := d.conn.Read(ctx)
	if err != nil {
		return nil, err
	}
	var m map[string]any
	return m, json.Unmarshal(b, &m)
}

// next waits for a message of a type and answers pings meanwhile.
func (d *desk) next(kind string) map[string]any {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), 10*time.Second)
	defer cancel()
	for {
		m, err := d.read(ctx)
		if err != nil {
			d.t.Fatalf("no %s: %v; came: %v", kind, err, d.seen)
		}
		if m["type"] == "ping" {
			d.say(`{"type":"pong","n":1}`)
		}
		if m["type"] == kind {
			return m
		}
		d.seen = append(d.seen, m)
	}
}

// was is next for what may have come already.
func (d *desk) was(kind string) map[string]any {
	d.t.Helper()
	for _, m := range d.seen {
		if m["type"] == kind {
			return m
		}
	}
	return d.next(kind)
}

func (d *desk) say(s string) {
	if err := d.conn.Write(d.t.Context(), websocket.MessageText, []byte(s)); err != nil {
		d.t.Fatal(err)
	}
}

// rung is a callback of Acme's that rings at Ann's desk.
func (h *house) rung() *callback.Callback {
	c, _ := h.call(callback.Callback{State: callback.RingingAgent, Name: "Vera", Topic: "boiler", Fields: map[string]string{"boiler": "old"}, ArrivedAt: h.now})
	return h.change(c.ID, func(c *callback.Callback) {
		c.Attempts = []callback.Attempt{{N: 1, Agent: ann, Representation: annAtAcme, Legs: []callback.Leg{{ID: "leg_1", Party: cti.Agent, State: cti.Ringing,
			Endpoint: cti.Endpoint("web:" + string(ann)), CreatedAt: h.now}}}}
	})
}

func (h *house) leg(c *callback.Callback, state cti.LegState, cause cti.Cause) {
	h.change(c.ID, func(c *callback.Callback) {
		c.Attempts[0].Legs[0].State, c.Attempts[0].Legs[0].Cause = state, cause
	})
}

// A call comes, is taken, and ends: what the desk is told.
func TestDeskIsTold(t *testing.T) {
	h := newHouse(t)
	d := h.sits(t, h.session(ann))
	c := h.rung()
	offer := d.next("offer")
	card := offer["card"].(map[string]any)
	if offer["leg"] != "leg_1" || card["display_name"] != "Ann at Acme" || card["topic"] != "boiler" || card["callback"] != string(c.ID) {
		t.Errorf("offer: %v", offer)
	}
	visitor := card["visitor"].(map[string]any)
	if visitor["name"] != "Vera" || visitor["number"] != "+12025550100" || visitor["local_time"] != "2026-12-01T10:00" || visitor["country"] != "US" {
		t.Errorf("visitor: %v", visitor)
	}
	if f := card["script_fields"].([]any)[0].(map[string]any); f["label"] != "Which boiler?" || f["value"] != "old" {
		t.Errorf("script: %v", f)
	}
	h.leg(c, cti.Answered, "")
	if over := d.next("offer_over"); over["why"] != "accepted" {
		t.Errorf("offer over: %v", over)
	}
	call := d.next("call")
	if call["state"] != "ringing_agent" || call["legs"].([]any)[0].(map[string]any)["state"] != "answered" || call["recording"] != nil {
		t.Errorf("call: %v", call)
	}
	h.mu.Lock()
	h.statuses[ann] = agent.Status{Presence: agent.WrapUp, Until: h.now.Add(20 * time.Second)}
	h.mu.Unlock()
	h.change(c.ID, func(c *callback.Callback) {
		c.State, c.Outcome, c.Reason, c.Attempts[0].Result = callback.Ended, callback.Completed, callback.ReasonTalked, callback.ResultConnected
	})
	if over := d.next("call_over"); over["outcome"] != "completed" || over["wrap_up_until"] != "2026-12-01T15:00:20.000Z" {
		t.Errorf("call over: %v", over)
	}
	if p := d.was("presence"); p["presence"] != "wrap_up" {
		t.Errorf("presence: %v", p)
	}
}

// Why an offer is over.
func TestOfferOver(t *testing.T) {
	for cause, why := range map[cti.Cause]string{cti.CallRejected: "declined", cti.NoAnswer: "timeout", cti.CauseCancelled: "cancelled"} {
		h := newHouse(t)
		d := h.sits(t, h.session(ann))
		c := h.rung()
		d.next("offer")
		h.leg(c, cti.Ended, cause)
		if over := d.next("offer_over"); over["why"] != why {
			t.Errorf("%s: %v", cause, over)
		}
	}
}

// Who comes back is told how everything is.
func TestDeskComesBack(t *testing.T) {
	h := newHouse(t)
	cookie := h.session(ann)
	c := h.rung()
	h.sits(t, cookie).next("offer")
	h.leg(c, cti.Bridged, "")
	h.change(c.ID, func(c *callback.Callback) { c.State, c.JoinedAt = callback.Connected, h.now })
	call := h.sits(t, cookie).next("call")
	if call["state"] != "connected" || call["since"] == nil {
		t.Errorf("call: %v", call)
	}
}

// The board counts who waits; an agent sees no agents, a supervisor sees them.
func TestBoard(t *testing.T) {
	h := newHouse(t)
	h.call(callback.Callback{State: callback.Queued, ArrivedAt: h.now.Add(-50 * time.Second)})
	h.call(callback.Callback{State: callback.Queued, ArrivedAt: h.now, Subscriber: other, Button: otherMain})
	b := h.sits(t, h.session(ann)).next("board")
	queues := b["queues"].([]any)
	if len(queues) != 1 || len(b["agents"].([]any)) != 0 {
		t.Fatalf("board: %v", b)
	}
	q := queues[0].(map[string]any)
	if q["subscriber"].(map[string]any)["slug"] != "acme" || q["waiting"] != 1.0 || q["longest_s"] != 50.0 || q["ready"] != 1.0 || q["alarm"] != true {
		t.Errorf("queue: %v", q)
	}
	if q["target"] != 0.8 || q["target_s"] != 60.0 || q["below_target"] != false {
		t.Errorf("what is wanted: %v", q)
	}
	h.agent(ann, func(a *agent.Agent) { a.Supervisor = true })
	b = h.sits(t, h.session(ann)).next("board")
	if agents := b["agents"].([]any); len(agents) != 1 || agents[0].(map[string]any)["presence"] != "ready" {
		t.Errorf("board: %v", b)
	}
	h.do("PATCH", "/api/v1/subscribers/acme", `{"service_level":{"target":90,"within_s":120}}`, key(operatorKey)).want(t, 200)
	q = h.sits(t, h.session(ann)).next("board")["queues"].([]any)[0].(map[string]any)
	if q["target"] != 0.9 || q["target_s"] != 120.0 || q["alarm"] != false {
		t.Errorf("with another goal: %v", q)
	}
	isProblem(t, h.do("PATCH", "/api/v1/subscribers/acme", `{"service_level":{"target":101}}`, key(operatorKey)), 400, "wrong_type")
	if b := h.sits(t, key(operatorKey)).next("board"); len(b["queues"].([]any)) != 2 {
		t.Errorf("the operator's board: %v", b)
	}
}

// A key is an integrator's feed: its own business, with who answers.
func TestFeedOfAKey(t *testing.T) {
	h := newHouse(t)
	d, o := h.sits(t, key(acmeKey)), h.sits(t, key(otherKey))
	c := h.rung()
	h.leg(c, cti.Answered, "")
	if call := d.next("call"); call["card"].(map[string]any)["agent"].(map[string]any)["slug"] != "ann" {
		t.Errorf("call: %v", call)
	}
	theirs, _ := h.call(callback.Callback{State: callback.RingingAgent, Subscriber: other, Button: otherMain})
	h.change(theirs.ID, func(c *callback.Callback) { c.Attempts = []callback.Attempt{{N: 1}} })
	o.next("call")
	for _, m := range o.seen {
		if b, _ := json.Marshal(m); strings.Contains(string(b), "Acme") {
			t.Errorf("the other business is told %s", b)
		}
	}
	_, res, err := h.listen(t, "?subscriber=acme", key(otherKey))
	if err == nil || res.StatusCode != 404 {
		t.Errorf("asked for Acme with the other's key: %v", err)
	}
}

// What an agent represents no more she is told no more of, from that moment.
func TestRightsEndInMidCall(t *testing.T) {
	h := newHouse(t)
	d := h.sits(t, h.session(ann))
	c := h.rung()
	h.leg(c, cti.Answered, "")
	d.next("call")
	h.mu.Lock()
	dir := *h.dir
	dir.Representations = map[id.Representation]*agent.Representation{}
	dir.Index()
	h.dir = &dir
	h.mu.Unlock()
	h.change(c.ID, func(c *callback.Callback) { c.State = callback.Connected })
	if over := d.next("call_over"); over["callback"] != string(c.ID) || over["outcome"] != nil {
		t.Errorf("over: %v", over)
	}
	h.change(c.ID, func(c *callback.Callback) { c.Topic = "secret" })
	empty := func(m map[string]any) bool { return m["type"] == "board" && len(m["queues"].([]any)) == 0 }
	if !slices.ContainsFunc(d.seen, empty) { // it may have come before the call was over
		if b := d.next("board"); !empty(b) {
			t.Errorf("board: %v", b)
		}
	}
	d.next("ping")
	for _, m := range d.seen {
		if b, _ := json.Marshal(m); strings.Contains(string(b), "secret") {
			t.Errorf("told: %s", b)
		}
	}
}

// A page of another site does not listen with her cookie; a session that ends ends its sockets.
func TestLiveIsHers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	cookie := h.session(ann)
	for _, headers := range [][]string{{cookie, "Origin: http://evil.test"}, {"Origin: " + base}, {"Cookie: ringback_session=ss_no"}, {"Authorization: Bearer sk_no"}} {
		if _, res, err := h.listen(t, "", headers...); err == nil || res == nil || res.StatusCode != 401 && res.StatusCode != 403 {
			t.Errorf("%v listens: %v", headers, err)
		}
	}
	isProblem(t, h.do("GET", "/api/v1/live", "", cookie), 415, "unsupported_media")
	d := h.sits(t, cookie, "Origin: "+base)
	h.do("DELETE", "/api/v1/session", "", cookie).want(t, 204)
	for {
		if _, err := d.read(t.Context()); err != nil {
			if websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
				t.Errorf("it ends with %v", err)
			}
			break
		}
	}
	if n := h.signedOut(ann); n != 2 { // by the request, and by the page whose session was over
		t.Errorf("her desk was closed %d times", n)
	}
}

// A page that floods, or says what is no message, is cut off.
func TestRudePages(t *testing.T) {
	for _, rude := range [][]string{{"no JSON"}, {`{"type":"` + strings.Repeat("x", 5000) + `"}`}, strings.Split(strings.Repeat(`{"type":"active"} `, 40), " ")} {
		h := newHouse(t)
		d := h.sits(t, h.session(ann))
		for _, s := range rude {
			_ = d.conn.Write(t.Context(), websocket.MessageText, []byte(s)) // it may be cut off already
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		for {
			if _, err := d.read(ctx); err != nil {
				if errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%.40q listens on", rude)
				}
				break
			}
		}
	}
}

// A service that stops says so, and waits until its pages have gone.
func TestLiveEndsWithTheService(t *testing.T) {
	h := newHouse(t)
	d := h.sits(t, h.session(ann))
	h.live.Close()
	if n := d.next("notice"); n["level"] != "warn" || n["text"] == "" {
		t.Errorf("notice: %v", n)
	}
	for {
		if _, err := d.read(t.Context()); err != nil {
			if websocket.CloseStatus(err) != websocket.StatusGoingAway {
				t.Errorf("it ends with %v", err)
			}
			break
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := h.live.Wait(ctx); err != nil {
		t.Error(err)
	}
}
