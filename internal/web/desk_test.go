package web_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/id"
)

var (
	bob, bobAtOther  = id.Agent("agt_" + tail("b")), id.Representation("rep_" + tail("b"))
	cleo, cleoAtAcme = id.Agent("agt_" + tail("c")), id.Representation("rep_" + tail("c"))
)

// staffed gives the other business an agent of its own, and Acme a second one.
func (h *house) staffed() *house {
	h.agent(bob, func(a *agent.Agent) {
		*a = agent.Agent{ID: bob, Slug: "bob", Name: "Bob", Devices: []agent.Device{{To: "web:" + "bob"}}}
	})
	h.agent(cleo, func(a *agent.Agent) { *a = agent.Agent{ID: cleo, Slug: "cleo", Name: "Cleo"} })
	h.mu.Lock()
	defer h.mu.Unlock()
	d := *h.dir
	d.Representations = map[id.Representation]*agent.Representation{bobAtOther: {ID: bobAtOther, Agent: bob, Subscriber: other, DisplayName: "Bob at Other"},
		cleoAtAcme: {ID: cleoAtAcme, Agent: cleo, Subscriber: acme, DisplayName: "Cleo at Acme"}}
	for k, v := range h.dir.Representations {
		d.Representations[k] = v
	}
	d.Index()
	h.dir = &d
	return h
}

// talk is a call that an agent has in hand.
func (h *house) talk(c callback.Callback, who id.Agent) *callback.Callback {
	made, _ := h.call(c)
	return h.change(made.ID, func(c *callback.Callback) {
		c.State = callback.Connected
		c.Attempts = []callback.Attempt{{N: 1, Agent: who, Legs: []callback.Leg{{ID: "leg_a", Party: cti.Agent, Agent: who, State: cti.Bridged, Endpoint: "tel:+12025550124"},
			{ID: "leg_v", Party: cti.Visitor, State: cti.Bridged, Endpoint: "tel:+12025550100"}}}}
	})
}

func (h *house) ended(c callback.Callback, who id.Agent) *callback.Callback {
	made := h.talk(c, who)
	h.pass(time.Millisecond) // ids are in order
	return h.change(made.ID, func(c *callback.Callback) {
		c.State, c.Outcome, c.Attempts[0].Result = callback.Ended, callback.Completed, callback.ResultConnected
	})
}

// What an agent sees: of what she represents what is under way, what was hers, and what the same visitor had before.
func TestAgentSees(t *testing.T) {
	h := newHouse(t).staffed()
	waiting, _ := h.call(callback.Callback{State: callback.Queued})
	hers := h.ended(callback.Callback{NumberHash: "1"}, ann)
	theirs := h.ended(callback.Callback{NumberHash: "2"}, "agt_somebody")
	foreign, _ := h.call(callback.Callback{State: callback.Queued, Subscriber: other, Button: otherMain})
	cookie := h.session(ann)
	see := func(c *callback.Callback, status int) {
		t.Helper()
		h.do("GET", "/api/v1/callbacks/"+string(c.ID), "", cookie).want(t, status)
	}
	see(waiting, 200)
	see(hers, 200)
	see(theirs, 404)
	see(foreign, 404)
	now := h.talk(callback.Callback{NumberHash: "2"}, ann) // the same visitor calls again
	h.mu.Lock()
	h.statuses[ann] = agent.Status{Presence: agent.Talking, Callback: now.ID}
	h.mu.Unlock()
	see(theirs, 200)
	list := h.do("GET", "/api/v1/callbacks", "", cookie).want(t, 200).json(t)["data"].([]any)
	if len(list) != 3 {
		t.Errorf("%d are listed", len(list))
	}
	isProblem(t, h.do("GET", "/api/v1/callbacks?subscriber=other", "", cookie), 404, "not_found")
	isProblem(t, h.do("GET", "/api/v1/callbacks?button=other-main", "", cookie), 404, "not_found")
	h.agent(ann, func(a *agent.Agent) { a.Supervisor = true })
	if list := h.do("GET", "/api/v1/callbacks?subscriber=acme", "", cookie).want(t, 200).json(t)["data"].([]any); len(list) != 4 {
		t.Errorf("a supervisor lists %d", len(list))
	}
	see(foreign, 404)
}

// What an agent may do with a call that is hers, with one that is not, and what takes a supervisor.
func TestAgentDoes(t *testing.T) {
	h := newHouse(t)
	cookie := h.session(ann)
	hers, theirs := h.talk(callback.Callback{}, ann), h.talk(callback.Callback{}, "agt_somebody")
	do := func(c *callback.Callback, what, body string, headers ...string) answer {
		if headers == nil {
			headers = []string{cookie}
		}
		return h.do("POST", "/api/v1/callbacks/"+string(c.ID)+"/"+what, body, headers...)
	}
	do(hers, "hang_up", `{}`).want(t, 200)
	if len(h.orders) != 1 || h.orders[0] != "leave "+string(hers.ID)+" "+string(ann) {
		t.Errorf("told: %v", h.orders)
	}
	do(hers, "record", `{"action":"pause"}`).want(t, 200)
	isProblem(t, do(hers, "record", `{"action":"burn"}`), 400, "wrong_type")
	m := do(hers, "note", `{"text":"call the boss"}`).want(t, 200).json(t)
	if n := m["notes"].([]any)[0].(map[string]any); n["text"] != "call the boss" || n["agent"].(map[string]any)["slug"] != "ann" {
		t.Errorf("note: %v", n)
	}
	m = do(hers, "disposition", `{"code":"done","note":"two"}`).want(t, 200).json(t)
	if d := m["disposition"].(map[string]any); d["code"] != "done" || d["note"] != "two" {
		t.Errorf("disposition: %v", d)
	}
	f := do(hers, "follow_up", `{"when":{"after":"24h"},"who":"me","note":"x"}`).want(t, 201)
	if !strings.HasPrefix(f.Header.Get("Location"), "/api/v1/callbacks/cb_") {
		t.Errorf("Location %q", f.Header.Get("Location"))
	}
	isProblem(t, do(hers, "follow_up", `{"who":"me"}`), 422, "field_required")
	isProblem(t, do(hers, "follow_up", `{"when":{"after":"24h"},"who":"me"}`, key(acmeKey)), 400, "wrong_type")
	do(theirs, "note", `{"text":"seen"}`).want(t, 200) // under way, and of a business of hers
	for what, body := range map[string]string{"hang_up": `{}`, "record": `{"action":"stop"}`, "disposition": `{"code":"done"}`, "move": `{"to":"front"}`,
		"reassign": `{"agent":"ann"}`, "cancel": `{}`, "now": `{}`} {
		isProblem(t, do(theirs, what, body), 403, "forbidden")
	}
	isProblem(t, do(theirs, "reassign", `{"agent":null}`), 403, "forbidden")
	h.agent(ann, func(a *agent.Agent) { a.Supervisor = true })
	m = do(theirs, "reassign", `{"agent":"ann"}`).want(t, 200).json(t)
	h.agent(ann, func(a *agent.Agent) { a.Supervisor = false })
	if m["kept_for"] != string(ann) {
		t.Errorf("kept for %v", m["kept_for"])
	}
	if m = do(theirs, "reassign", `{"agent":null}`).want(t, 200).json(t); m["kept_for"] != nil {
		t.Errorf("given up, and kept for %v", m["kept_for"])
	}
	h.agent(ann, func(a *agent.Agent) { a.Supervisor = true })
	do(theirs, "move", `{"to":"front"}`).want(t, 200)
	do(theirs, "reassign", `{"agent":"ann"}`).want(t, 200)
	isProblem(t, do(theirs, "reassign", `{"agent":"nobody"}`), 400, "wrong_type")
	do(theirs, "hang_up", `{}`).want(t, 200)
	if last := h.orders[len(h.orders)-1]; last != "leave "+string(theirs.ID)+" " {
		t.Errorf("told: %q", last)
	}
}

// An agent places a call for a business that she represents, for herself and for nobody else.
func TestAgentCalls(t *testing.T) {
	h := newHouse(t).staffed()
	cookie := h.session(ann)
	h.do("POST", "/api/v1/callbacks", `{"subscriber":"acme","number":"+12025550100","agent":"me"}`, cookie).want(t, 201)
	r := h.asked[len(h.asked)-1]
	if r.Agent != string(ann) || r.By.Sees != acme || r.By.Agent != ann || r.Button != string(acmeMain) {
		t.Errorf("asked: %+v by %+v", r, r.By)
	}
	h.do("POST", "/api/v1/callbacks", `{"button":"acme-main","number":"+12025550100"}`, cookie).want(t, 201)
	if r := h.asked[len(h.asked)-1]; r.Agent != string(ann) {
		t.Errorf("it is for %q", r.Agent)
	}
	isProblem(t, h.do("POST", "/api/v1/callbacks", `{"subscriber":"other","number":"+12025550100"}`, cookie), 404, "not_found")
	isProblem(t, h.do("POST", "/api/v1/callbacks", `{"button":"other-main","number":"+12025550100"}`, cookie), 404, "not_found")
	isProblem(t, h.do("POST", "/api/v1/callbacks", `{"button":"acme-main","number":"+12025550100","agent":"bob"}`, cookie), 403, "forbidden")
	isProblem(t, h.do("POST", "/api/v1/callbacks", `{"button":"acme-main","number":"+12025550100","destination":"tel:+12025550101"}`, cookie), 403, "forbidden")
	isProblem(t, h.do("POST", "/api/v1/callbacks", `{"button":"acme-main","endpoint":"sip:x@host.example","limits":"skip"}`, cookie), 403, "forbidden")
	isProblem(t, h.do("POST", "/api/v1/callbacks", `{"button":"acme-main","number":"+12025550100","agent":"me"}`, key(acmeKey)), 400, "wrong_type")
}

// Who may say how an agent is.
func TestPresenceIsHers(t *testing.T) {
	h := newHouse(t).staffed()
	set := func(who string, by string) answer {
		return h.do("POST", "/api/v1/agents/"+who+"/presence", `{"presence":"paused","reason":"lunch"}`, by)
	}
	set("ann", h.session(ann)).want(t, 200)
	set("ann", key(operatorKey)).want(t, 200)
	isProblem(t, set("bob", h.session(ann)), 404, "not_found")
	isProblem(t, set("ann", key(acmeKey)), 404, "not_found")
	h.agent(bob, func(a *agent.Agent) { a.Supervisor = true })
	isProblem(t, set("ann", h.session(bob)), 404, "not_found") // of another business
	h.agent(ann, func(a *agent.Agent) { a.Supervisor = true })
	isProblem(t, set("bob", h.session(ann)), 404, "not_found")
}

// A card tells what was before: the code, the words, and by whom.
func TestCardTellsWhatWasBefore(t *testing.T) {
	h := newHouse(t)
	was := h.ended(callback.Callback{NumberHash: "7", Topic: "leak"}, ann)
	h.ended(callback.Callback{NumberHash: "8"}, ann)
	h.ended(callback.Callback{NumberHash: "7", Subscriber: other, Button: otherMain, Topic: "secret of the other"}, ann)
	if _, err := h.Dispose(t.Context(), was.ID, "sold", "", callback.Author{Actor: callback.ByAgent, Agent: ann}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.AddNote(t.Context(), was.ID, "likes tea", callback.Author{Actor: callback.ByAgent, Agent: ann}); err != nil {
		t.Fatal(err)
	}
	d := h.sits(t, h.session(ann))
	h.talk(callback.Callback{NumberHash: "7"}, ann)
	card := d.next("call")["card"].(map[string]any)
	earlier := card["earlier"].([]any)
	if b, _ := json.Marshal(card); strings.Contains(string(b), "secret") || len(earlier) != 1 {
		t.Fatalf("card: %s", b)
	}
	e := earlier[0].(map[string]any)
	if e["disposition"] != "sold" || e["note"] != "likes tea" || e["topic"] != "leak" || e["agent"].(map[string]any)["slug"] != "ann" || e["callback"] != string(was.ID) {
		t.Errorf("earlier: %v", e)
	}
}

// What an agent does in a call, and with an offer: with her own, and not with a colleague's.
func TestAgentInCall(t *testing.T) {
	h := newHouse(t).staffed()
	cookie := h.session(ann)
	c := h.talk(callback.Callback{}, ann)
	do := func(c *callback.Callback, what, body string) answer {
		return h.do("POST", "/api/v1/callbacks/"+string(c.ID)+"/"+what, body, cookie)
	}
	for _, row := range []struct{ what, body, told string }{
		{"hold", `{"on":true}`, "hold true"},
		{"hold", `{"on":false}`, "hold false"},
		{"keys", `{"digits":"12#"}`, "keys 12#"},
		{"transfer", `{"to":"cleo"}`, "transfer cleo blind"},
		{"transfer", `{"to":"+12025550124","kind":"warm"}`, "transfer +12025550124 warm"},
		{"transfer/complete", `{}`, "complete"},
		{"transfer/cancel", `{}`, "cancel"},
		{"conference", `{"to":"cleo"}`, "conference cleo"},
	} {
		do(c, row.what, row.body).want(t, 200)
		if got := h.orders[len(h.orders)-1]; got != row.told+" "+string(c.ID)+" " {
			t.Errorf("%s: told %q", row.what, got)
		}
	}
	isProblem(t, do(c, "transfer", `{}`), 422, "field_required")
	isProblem(t, do(c, "keys", `{}`), 422, "field_required")
	isProblem(t, do(c, "hold", `{}`), 422, "field_required")
	theirs := h.talk(callback.Callback{}, cleo)
	for what, body := range map[string]string{"keys": `{"digits":"1"}`, "transfer": `{"to":"ann"}`, "transfer/complete": `{}`, "transfer/cancel": `{}`, "conference": `{"to":"ann"}`, "hold": `{"on":true}`} {
		isProblem(t, do(theirs, what, body), 403, "forbidden")
	}
	rung := h.rung()
	h.change(rung.ID, func(c *callback.Callback) { // all at once: Cleo's browser rings too
		c.Attempts[0].Legs[0].Agent = ann
		c.Attempts[0].Legs = append(c.Attempts[0].Legs, callback.Leg{ID: "leg_2", Agent: cleo, Party: cti.Agent, State: cti.Ringing, Endpoint: cti.Endpoint("web:" + string(cleo))})
	})
	isProblem(t, do(rung, "accept", `{"leg":"leg_2"}`), 404, "not_found")
	isProblem(t, do(rung, "decline", `{"leg":"leg_2"}`), 404, "not_found")
	isProblem(t, do(rung, "accept", `{}`), 404, "not_found")
	do(rung, "accept", `{"leg":"leg_1"}`).want(t, 200)
	do(rung, "decline", `{"leg":"leg_1"}`).want(t, 200)
	if got := strings.Join(h.orders[len(h.orders)-2:], ", "); got != "accept leg_1 "+string(rung.ID)+" , decline leg_1 "+string(rung.ID)+" " {
		t.Errorf("told %s", got)
	}
}

// Who may listen in to whom.
func TestMonitorIsForSupervisors(t *testing.T) {
	h := newHouse(t).staffed()
	listen := func(self, who, by string) answer {
		return h.do("POST", "/api/v1/agents/"+self+"/monitor", `{"agent":"`+who+`","mode":"listen"}`, by)
	}
	isProblem(t, listen("ann", "cleo", h.session(ann)), 400, "wrong_type") // an agent watches nobody
	h.agent(ann, func(a *agent.Agent) { a.Supervisor = true })
	listen("ann", "cleo", h.session(ann)).want(t, 200)
	if got := h.orders[len(h.orders)-1]; got != "monitor listen "+string(ann)+" cb_x "+string(cleo) {
		t.Errorf("told %q", got)
	}
	listen("ann", "cleo", key(operatorKey)).want(t, 200)
	isProblem(t, listen("ann", "bob", h.session(ann)), 400, "wrong_type") // of another business
	isProblem(t, listen("ann", "nobody", h.session(ann)), 400, "wrong_type")
	isProblem(t, listen("cleo", "ann", h.session(ann)), 404, "not_found") // in a colleague's name
	isProblem(t, listen("ann", "cleo", key(acmeKey)), 404, "not_found")
	if len(h.orders) != 2 {
		t.Errorf("told: %v", h.orders)
	}
}

// The browser that rings as an agent's device is connected by her, and by nobody else in her name.
func TestBrowserIsHers(t *testing.T) {
	h := newHouse(t).staffed()
	cookie := h.session(ann)
	m := h.do("POST", "/api/v1/agents/ann/browser", `{"offer":"v=0"}`, cookie).want(t, 200).json(t)
	if m["answer"] != "v=0 answer" || m["ice"].([]any)[0].(map[string]any)["username"] != "1:ann" {
		t.Errorf("answer: %v", m)
	}
	h.do("GET", "/api/v1/agents/ann/browser", "", cookie).want(t, 200)
	h.do("DELETE", "/api/v1/agents/"+string(ann)+"/browser", "", cookie).want(t, 204)
	if got := strings.Join(h.orders, ","); got != "connect v=0  "+string(ann)+",disconnect  "+string(ann) {
		t.Errorf("told %q", got)
	}
	isProblem(t, h.do("POST", "/api/v1/agents/ann/browser", `{}`, cookie), 422, "field_required")
	for _, method := range []string{"GET", "POST", "DELETE"} {
		for _, by := range []string{h.session(cleo), h.session(bob), key(acmeKey)} {
			isProblem(t, h.do(method, "/api/v1/agents/ann/browser", `{"offer":"v=0"}`, by), 404, "not_found")
		}
	}
	h.fail(fmt.Errorf("connect: %w", cti.ErrNoBrowser))
	isProblem(t, h.do("POST", "/api/v1/agents/ann/browser", `{"offer":"v=0"}`, cookie), 422, "channel_unavailable")
	h.fail(cti.ErrDown)
	isProblem(t, h.do("POST", "/api/v1/agents/ann/browser", `{"offer":"v=0"}`, cookie), 503, "switch_down")
}

// Whom a transfer asks is told who she is in this call, not who her colleague is.
func TestCardIsHers(t *testing.T) {
	h := newHouse(t).staffed()
	d := h.sits(t, h.session(cleo))
	c := h.talk(callback.Callback{}, ann)
	h.change(c.ID, func(c *callback.Callback) {
		c.Attempts[0].Representation = annAtAcme
		c.Attempts[0].Legs = append(c.Attempts[0].Legs, callback.Leg{ID: "leg_3", Party: cti.Agent, Agent: cleo, State: cti.Ringing,
			Endpoint: cti.Endpoint("web:" + string(cleo)), CreatedAt: h.now})
	})
	offer := d.next("offer")
	card := offer["card"].(map[string]any)
	if card["display_name"] != "Cleo at Acme" || card["agent"].(map[string]any)["slug"] != "ann" {
		t.Errorf("card: %v", card)
	}
	for _, m := range d.seen {
		if m["type"] == "call" {
			t.Errorf("a colleague's call is told: %v", m)
		}
	}
}
