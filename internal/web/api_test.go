package web_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"ringback/internal/callback"
	"ringback/internal/challenge"
	"ringback/internal/cti"
	"ringback/internal/fault"
)

func TestVisitorAsks(t *testing.T) {
	h := newHouse(t)
	a := h.do("POST", wishes, strings.Replace(wish, "{", `{"name":"Vera","from_the_future":1,"nonce":"0123456789abcdef",`, 1), "Origin: http://shop.test").want(t, 201)
	m := a.json(t)
	token, _ := m["token"].(string)
	if !strings.HasPrefix(token, "t_") || m["status_url"] != base+"/c/"+token || m["state"] != "queued" || m["order"] != "agent_first" || m["outcome"] != nil {
		t.Errorf("answer %v", m)
	}
	if m["due_at"] != "2026-12-01T15:00:00.000Z" {
		t.Errorf("due_at %v", m["due_at"])
	}
	if got := a.Header.Get("Access-Control-Allow-Origin"); got != "http://shop.test" {
		t.Errorf("the shop may not read the answer: %q", got)
	}
	if loc := a.Header.Get("Location"); h.do("GET", loc, "").want(t, 200).json(t)["number"] != "+12•••••0100" {
		t.Errorf("Location %s", loc)
	}
	if r := h.asked[0]; r.Name != "Vera" || !r.Consent || r.Visitor != "192.0.2.1" || r.Act != "widget" || r.By != nil {
		t.Errorf("the conductor was asked %+v", r)
	}
	again := h.do("POST", wishes, strings.Replace(wish, "{", `{"name":"Vera, pressed twice","nonce":"0123456789abcdef",`, 1)).want(t, 201)
	if again.body != a.body || len(h.callbacks) != 1 {
		t.Errorf("the same nonce made %d callbacks; answers\n%s%s", len(h.callbacks), a.body, again.body)
	}
}

func TestShortNonceIsNobodyElses(t *testing.T) {
	h := newHouse(t)
	body := strings.Replace(wish, "{", `{"nonce":"1",`, 1)
	first := h.do("POST", wishes, body).want(t, 201)
	if h.do("POST", wishes, body).want(t, 201).body != first.body {
		t.Error("the same visitor and nonce got another callback")
	}
	h.remote = "198.51.100.7:4711"
	if h.do("POST", wishes, body).want(t, 201).json(t)["token"] == first.json(t)["token"] {
		t.Error("a stranger got the token by trying a short nonce")
	}
}

func TestOrigins(t *testing.T) {
	h := newHouse(t)
	for origin, status := range map[string]int{"": 200, "http://shop.test": 200, base: 200, "http://evil.test": 403, "null": 403} {
		h.do("GET", "/api/v1/public/buttons/acme-main", "", "Origin: "+origin).want(t, status)
		h.do("GET", "/api/v1/public/buttons/other-main", "", "Origin: "+origin).want(t, 200)
	}
	a := h.do("OPTIONS", wishes, "", "Origin: http://shop.test", "Access-Control-Request-Method: POST").want(t, 204)
	if !strings.Contains(a.Header.Get("Access-Control-Allow-Headers"), "Idempotency-Key") {
		t.Errorf("preflight: %v", a.Header)
	}
}

func TestButtonForm(t *testing.T) {
	h := newHouse(t)
	m := h.do("GET", "/api/v1/public/buttons/acme-main", "").want(t, 200).json(t)
	if m["id"] != string(acmeMain) || m["slug"] != "acme-main" || m["open"] != true || m["next_opening"] != nil {
		t.Errorf("%v", m)
	}
	var channels []string
	for _, c := range m["channels"].([]any) {
		c := c.(map[string]any)
		if c["available"] == true {
			channels = append(channels, c["name"].(string))
		}
	}
	if strings.Join(channels, " ") != "phone web" || len(m["channels"].([]any)) != 3 || len(m["slots"].([]any)) == 0 {
		t.Errorf("available %v of %v, slots %v", channels, m["channels"], m["slots"])
	}
	h.now = time.Date(2026, 12, 5, 15, 0, 0, 0, time.UTC) // Saturday
	m = h.do("GET", "/api/v1/public/buttons/acme-main", "").want(t, 200).json(t)
	if slots := m["slots"].([]any); slots[0] != "2026-12-07T14:00:00.000Z" || slots[1] != "2026-12-07T14:15:00.000Z" || len(slots) != 32*5 {
		t.Errorf("%d slots, from %v", len(slots), slots[0])
	}
	if m["open"] != false || m["next_opening"] != "2026-12-07T14:00:00.000Z" || !strings.Contains(m["texts"].(map[string]any)["closed"].(string), "Mon, Dec 7 at 09:00 (New York time)") {
		t.Errorf("closed: %v", m)
	}
	if m := h.do("GET", "/api/v1/public/challenge", "").want(t, 200).json(t); m["required"] != false {
		t.Errorf("challenge %v", m)
	}
	h.dir.Buttons[acmeMain].Proof = "required"
	bound := challenge.Commit("+12025550100")
	for _, query := range []string{"for=" + bound, "number=%2B12025550100"} {
		m = h.do("GET", "/api/v1/public/challenge?button=acme-main&"+query, "", "Origin: http://evil.test").want(t, 200).json(t)
		if m["required"] != true || m["algorithm"] != "SHA-256" || m["maxnumber"] != float64(challenge.MaxNumber) || !strings.Contains(m["salt"].(string), "for="+bound) {
			t.Errorf("challenge %v", m)
		}
	}
	h.do("GET", "/api/v1/public/challenge?button=acme-main&for=12", "").want(t, 400)
	h.do("GET", "/api/v1/public/challenge?button=nope&for="+bound, "").want(t, 404)
	if m = h.do("GET", "/api/v1/public/buttons/acme-main", "").want(t, 200).json(t); m["proof"].(map[string]any)["required"] != true {
		t.Errorf("the form does not say that a proof is needed: %v", m["proof"])
	}
}

func TestPublicView(t *testing.T) {
	h := newHouse(t)
	c, token := h.call(callback.Callback{State: callback.RingingVisitor, Attempts: []callback.Attempt{{
		N: 1, Agent: ann, Representation: annAtAcme, Legs: []callback.Leg{{ID: "leg_1", Party: cti.Visitor, State: cti.Inviting, Endpoint: "tel:+12025550100"}}}}})
	path := "/api/v1/public/callbacks/" + token
	a := h.do("GET", path, "").want(t, 200)
	const want = `{"state":"ringing_visitor","outcome":null,"reason":null,"message":"Ann at Acme is ready. Your phone is about to ring. The call comes from +1 202-555-0190.",` +
		`"number":"+12•••••0100","subscriber":{"name":"Acme Plumbing","caller_id":"+12025550190"},"agent":{"display_name":"Ann at Acme"},"place":null,"wait_s":null,` +
		`"due_at":null,"zone":"America/New_York","wall":null,"attempt":1,"can":["cancel"],"version":1}`
	if strings.TrimSpace(a.body) != want {
		t.Errorf("got  %s\nwant %s", a.body, want)
	}
	if tag := a.Header.Get("ETag"); tag == "" || h.do("GET", path, "", "If-None-Match: "+tag).StatusCode != 304 {
		t.Errorf("ETag %q", tag)
	}
	tag := a.Header.Get("ETag")
	h.change(c.ID, func(c *callback.Callback) { c.Attempts[0].Legs[0].RingingAt = h.now })
	if m := h.do("GET", path, "", "If-None-Match: "+tag).want(t, 200).json(t); !strings.Contains(m["message"].(string), "Your phone rings now.") {
		t.Errorf("message %v", m["message"])
	}
}

func TestMessages(t *testing.T) {
	h := newHouse(t)
	attempt := []callback.Attempt{{N: 1, Agent: ann, Representation: annAtAcme}}
	due := time.Date(2026, 12, 2, 14, 0, 0, 0, time.UTC)
	for want, c := range map[string]callback.Callback{
		"We will call you on Wed, Dec 2 at 09:00 (New York time).":                                              {State: callback.Scheduled, DueAt: due, Reason: callback.ReasonBooked},
		"You asked while we were closed. We will call you on Wed, Dec 2 at 09:00 (New York time).":              {State: callback.Scheduled, DueAt: due, Reason: callback.ReasonOutsideHours},
		"Your line is busy. We will try again in a moment. Next try: Wed, Dec 2 at 09:00 (New York time).":      {State: callback.Scheduled, DueAt: due, Reason: callback.ReasonRetryBusy},
		"We are finding somebody for you.":                                                                      {State: callback.Queued},
		"We are calling Ann at Acme, then you.":                                                                 {State: callback.RingingAgent, Attempts: attempt},
		"Thank you. Ann at Acme is picking up; please stay on the line.":                                        {State: callback.RingingAgent, Attempts: attempt, Order: "visitor_first"},
		"Your phone is about to ring. The call comes from +1 202-555-0190.":                                     {State: callback.RingingVisitor, Attempts: attempt, Order: "visitor_first"},
		"You are talking with Ann at Acme.":                                                                     {State: callback.Connected, Attempts: attempt},
		"Somebody at Acme Plumbing is ready. Your phone is about to ring. The call comes from +1 202-555-0190.": {State: callback.RingingVisitor},
		"Your phone rings now. The call comes from +1 202-555-0190.": {State: callback.RingingVisitor, Attempts: []callback.Attempt{{N: 1, RangVisitor: true, Legs: []callback.Leg{
			{Party: cti.Agent, State: cti.Ended, ConfirmedAt: h.now}, {Party: cti.Visitor, State: cti.Ringing, RingingAt: h.now}}}}},
		"Your line was busy when we rang last.": {State: callback.Ended, Outcome: callback.VisitorBusy, Reason: callback.ReasonVisitorBusy, EndedAt: h.now},
		"Thank you for talking with us.":        {State: callback.Ended, Outcome: callback.Completed, EndedAt: h.now},
	} {
		_, token := h.call(c)
		if got := h.do("GET", "/api/v1/public/callbacks/"+token, "").want(t, 200).json(t)["message"]; got != want {
			t.Errorf("%s %s: %q, want %q", c.State, c.Reason, got, want)
		}
	}
	for _, o := range callback.Outcomes {
		_, token := h.call(callback.Callback{State: callback.Ended, Outcome: o, EndedAt: h.now})
		if m := h.do("GET", "/api/v1/public/callbacks/"+token, "").want(t, 200).json(t); m["message"] == "" || m["outcome"] != string(o) || len(m["can"].([]any)) != 0 {
			t.Errorf("%s: %v", o, m)
		}
	}
}

func TestPlaceAndWait(t *testing.T) {
	h := newHouse(t)
	c, token := h.call(callback.Callback{State: callback.Queued})
	view := func() (any, any, any) {
		m := h.do("GET", "/api/v1/public/callbacks/"+token, "").want(t, 200).json(t)
		return m["place"], m["wait_s"], m["message"]
	}
	for _, tt := range []struct {
		place int
		wait  time.Duration // 0 = nobody knows
		wantS any
		say   string
	}{
		{1, 0, nil, "You are next. We call you as soon as somebody is free."},
		{3, 0, nil, "You are number 3 in line. We call you as soon as somebody is free."},
		{1, 12 * time.Second, 12.0, "You are next. It takes about a minute."},
		{1, time.Minute, 60.0, "You are next. It takes about a minute."},
		{2, 61 * time.Second, 61.0, "You are number 2 in line. It takes about 2 minutes."},
		{2, 230 * time.Second, 230.0, "You are number 2 in line. It takes about 4 minutes."},
	} {
		h.place[c.ID] = tt.place
		if delete(h.waits, c.ID); tt.wait > 0 {
			h.waits[c.ID] = tt.wait
		}
		if place, wait, say := view(); place != float64(tt.place) || wait != tt.wantS || say != tt.say {
			t.Errorf("place %v, wait %v, %v; want %+v", place, wait, say, tt)
		}
	}
}

func TestKeyedCallback(t *testing.T) {
	h := newHouse(t)
	a := h.do("POST", "/api/v1/callbacks", `{"button":"acme-main","number":"(202) 555-0100","name":"Vera","metadata":{"order":"7"}}`, key(acmeKey)).want(t, 201)
	m := a.json(t)
	if r := h.asked[0]; r.By == nil || r.By.Sees != acme || r.SkipLimits || r.Visitor != "" {
		t.Errorf("the conductor was asked %+v", r)
	}
	for k, want := range map[string]any{"subscriber": string(acme), "subscriber_slug": "acme", "button": string(acmeMain), "button_slug": "acme-main",
		"number": "+12025550100", "endpoint": nil, "outcome": nil, "reason": nil, "ended_at": nil, "talk_s": 0.0, "created_at": "2026-12-01T15:00:00.000Z"} {
		if got, there := m[k]; !there || got != want {
			t.Errorf("%s is %v, want %v", k, got, want)
		}
	}
	for _, k := range strings.Fields("id subscriber button interaction contact state outcome reason order number name topic fields page language arrived_at due_at when created_at ended_at talk_s attempts journal") {
		if _, there := m[k]; !there {
			t.Errorf("%s is missing", k)
		}
	}
	line := m["journal"].([]any)[0].(map[string]any)
	if line["text"] != "Requested." || line["from"] != nil || line["seq"] != 1.0 {
		t.Errorf("journal line %v", line)
	}
	if a.Header.Get("Location") != "/api/v1/callbacks/"+m["id"].(string) {
		t.Errorf("Location %s", a.Header.Get("Location"))
	}
	got := h.do("POST", a.Header.Get("Location")+"/cancel", "", key(acmeKey)).want(t, 200).json(t)
	if got["state"] != "ended" || got["reason"].(map[string]any)["code"] != "cancelled" {
		t.Errorf("cancelled: %v", got)
	}
	h.do("POST", a.Header.Get("Location")+"/cancel", `{"x":1}`, key(acmeKey)).want(t, 400)
}

func TestLegsAreShown(t *testing.T) {
	h := newHouse(t)
	c, _ := h.call(callback.Callback{State: callback.Ended, Outcome: callback.Completed, Reason: callback.ReasonTalked, EndedAt: h.now, TalkTime: 1500 * time.Millisecond,
		Attempts: []callback.Attempt{{N: 1, Agent: ann, Representation: annAtAcme, Result: callback.ResultConnected, Legs: []callback.Leg{{
			ID: "leg_1", Party: cti.Agent, Endpoint: "sip:ann@127.0.0.1:5080", Trunk: pstn, State: cti.Ended, Cause: cti.NormalClearing, By: cti.ByAgent, SIPCode: 200, CreatedAt: h.now}}}}})
	m := h.do("GET", "/api/v1/callbacks/"+string(c.ID), "", key(operatorKey)).want(t, 200).json(t)
	at := m["attempts"].([]any)[0].(map[string]any)
	leg := at["legs"].([]any)[0].(map[string]any)
	if m["talk_s"] != 1.5 || at["agent_slug"] != "ann" || at["result"] != "connected" || leg["kind"] != "sip" || leg["cause"] != "normal_clearing" ||
		leg["by"] != "agent" || leg["sip_code"] != 200.0 || leg["sent_at"] != nil || leg["trunk_slug"] != "pstn" {
		t.Errorf("%v", m)
	}
}

func TestLimitsSkip(t *testing.T) {
	const body = `{"button":"acme-main","endpoint":"sip:a@127.0.0.1:5090","limits":"skip"}`
	h := newHouse(t)
	h.do("POST", "/api/v1/callbacks", body, key(operatorKey)).want(t, 201)
	if !h.asked[0].SkipLimits {
		t.Error("limits were not skipped")
	}
	h.do("POST", "/api/v1/callbacks", body, key(acmeKey)).want(t, 403)
	h.do("POST", "/api/v1/callbacks", strings.Replace(body, "skip", "some", 1), key(operatorKey)).want(t, 400)
}

func TestPaging(t *testing.T) {
	h := newHouse(t)
	for range 5 {
		h.call(callback.Callback{State: callback.Queued})
		h.now = h.now.Add(time.Second)
	}
	var seen []string
	path := "/api/v1/callbacks?limit=2"
	for range 5 {
		m := h.do("GET", path, "", key(acmeKey)).want(t, 200).json(t)
		for _, c := range m["data"].([]any) {
			seen = append(seen, c.(map[string]any)["id"].(string))
		}
		next, more := m["next"].(string)
		if !more {
			break
		}
		path = "/api/v1/callbacks?limit=2&after=" + next
	}
	if len(seen) != 5 {
		t.Fatalf("saw %v", seen)
	}
	for i := 1; i < 5; i++ {
		if seen[i] >= seen[i-1] {
			t.Errorf("not newest first: %v", seen)
		}
	}
	for _, q := range []string{"limit=0", "limit=201", "limit=x", "state=happy"} {
		h.do("GET", "/api/v1/callbacks?"+q, "", key(acmeKey)).want(t, 400)
	}
	if got := h.do("GET", "/api/v1/callbacks", "", key(otherKey)).want(t, 200).body; got != `{"data":[],"next":null}`+"\n" {
		t.Errorf("an empty list is %s", got)
	}
}

func TestIdempotencyKey(t *testing.T) {
	h := newHouse(t)
	const button = `{"slug":"second","subscriber":"acme"}`
	first := h.do("POST", "/api/v1/buttons", button, key(operatorKey), "Idempotency-Key: k").want(t, 201)
	again := h.do("POST", "/api/v1/buttons", button, key(operatorKey), "Idempotency-Key: k").want(t, 201)
	if again.body != first.body || again.Header.Get("Location") != first.Header.Get("Location") || again.Header.Get("Content-Type") != first.Header.Get("Content-Type") {
		t.Errorf("another answer:\n%s%s", first.body, again.body)
	}
	h.do("POST", "/api/v1/buttons", button, key(operatorKey), "Idempotency-Key: other").want(t, 400) // the slug is taken now

	// Refusals that waiting does not cure are kept, also of callbacks; others free the key.
	refused := h.do("POST", "/api/v1/buttons", `{"slug":"?"}`, key(operatorKey), "Idempotency-Key: r").want(t, 400)
	if again := h.do("POST", "/api/v1/buttons", `{"slug":"?"}`, key(operatorKey), "Idempotency-Key: r").want(t, 400); again.body != refused.body {
		t.Errorf("another refusal:\n%s%s", refused.body, again.body)
	}
	for code, kept := range map[error]bool{limited: false, full: false, busy: true} {
		h := newHouse(t)
		const body = `{"button":"acme-main","number":"+12025550100"}`
		h.fail(code)
		was := h.do("POST", "/api/v1/callbacks", body, key(operatorKey), "Idempotency-Key: c")
		now := h.do("POST", "/api/v1/callbacks", body, key(operatorKey), "Idempotency-Key: c")
		if same := now.body == was.body; same != kept {
			t.Errorf("%v: then %d %s", code, now.StatusCode, now.body)
		}
	}
}

// A promise stays given: what was acknowledged is acknowledged again, though the rules have changed since.
func TestAcknowledgedStaysAcknowledged(t *testing.T) {
	h := newHouse(t)
	const body = `{"button":"acme-main","number":"+12025550100"}`
	first := h.do("POST", "/api/v1/callbacks", body, key(operatorKey), "Idempotency-Key: k").want(t, 201)
	h.fail(fault.New(fault.ButtonClosed, "Closed since."))
	if again := h.do("POST", "/api/v1/callbacks", body, key(operatorKey), "Idempotency-Key: k"); again.body != first.body || again.StatusCode != 201 {
		t.Errorf("%d %s", again.StatusCode, again.body)
	}
	const other = `{"button":"acme-main","number":"911"}`
	refused := h.do("POST", "/api/v1/callbacks", other, key(operatorKey), "Idempotency-Key: r").want(t, 422)
	if again := h.do("POST", "/api/v1/callbacks", other, key(operatorKey), "Idempotency-Key: r").want(t, 422); again.body != refused.body {
		t.Errorf("another refusal:\n%s%s", refused.body, again.body)
	}
}

func TestIdempotentCallback(t *testing.T) {
	h := newHouse(t)
	const body = `{"button":"acme-main","number":"+12025550100"}`
	a := h.do("POST", "/api/v1/callbacks", body, key(operatorKey), "Idempotency-Key: k").want(t, 201)
	b := h.do("POST", "/api/v1/callbacks", body, key(operatorKey), "Idempotency-Key: k").want(t, 201)
	if a.body != b.body || a.Header.Get("Location") != b.Header.Get("Location") || len(h.callbacks) != 1 {
		t.Errorf("%d callbacks\n%s%s", len(h.callbacks), a.body, b.body)
	}
	h.do("POST", "/api/v1/callbacks", strings.Replace(body, "0100", "0101", 1), key(operatorKey), "Idempotency-Key: k").want(t, 422)
	h.do("POST", "/api/v1/callbacks", body, key(acmeKey), "Idempotency-Key: k").want(t, 201) // another key's keys are its own
	if len(h.callbacks) != 2 {
		t.Errorf("%d callbacks", len(h.callbacks))
	}
}

func TestHealth(t *testing.T) {
	h := newHouse(t)
	h.do("GET", "/healthz", "").want(t, 200)
	if got := h.do("GET", "/readyz", "").want(t, 200).body; got != `{"ready":true,"checks":{"database":"ok","switch":"ok"}}`+"\n" {
		t.Error(got)
	}
	h.checks["switch"] = "down"
	if got := h.do("GET", "/readyz", "").want(t, 503).json(t); got["ready"] != false {
		t.Error(got)
	}
}

func TestNothingIsCalledHere(t *testing.T) {
	h := newHouse(t)
	for _, path := range []string{"/", "/desk/nothing", "/app/nothing", "/admin/", "/docs", "/w/1/desk.js", "/w/2/cb.js", "/api/v1/nope"} {
		isProblem(t, h.do("GET", path, ""), 404, "not_found")
	}
	a := h.do("PUT", "/api/v1/buttons/acme-main", "{}", key(operatorKey)).want(t, 405)
	if a.Header.Get("Allow") != "GET, HEAD, PATCH, DELETE" {
		t.Errorf("Allow %q", a.Header.Get("Allow"))
	}
}

func FuzzWish(f *testing.F) {
	f.Add(wish)
	f.Add(`{"when":{"at":"2026-12-01T09:00","zone":"America/New_York"},"fields":null,"proof":[1]}`)
	f.Add(`[]`)
	f.Add(strings.Repeat(`{"fields":`, 1000))
	f.Fuzz(func(t *testing.T, body string) {
		h := newHouse(t)
		a := h.do("POST", wishes, body)
		if a.StatusCode >= 500 || !json.Valid([]byte(a.body)) {
			t.Errorf("%d %s", a.StatusCode, a.body)
		}
		if a.StatusCode == 201 && !h.asked[0].Consent {
			t.Error("called without consent")
		}
	})
}
