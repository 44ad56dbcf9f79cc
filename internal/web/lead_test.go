package web_test

import (
	"strings"
	"testing"
	"time"

	"ringback/internal/callback"
	"ringback/internal/fault"
	"ringback/internal/id"
)

// TestLeadCard: a link opens the card of one missed visitor; looking does nothing, each button one thing, and the link opens
// nothing else and not for ever.
func TestLeadCard(t *testing.T) {
	h := newHouse(t)
	h.dir.Subscribers[acme].Destination = "tel:+12025550101"
	c, _ := h.call(callback.Callback{State: callback.Ended, Outcome: callback.NoAgent, Reason: callback.ReasonNobodyReady, Name: "Vera", Topic: "boiler",
		Page: "javascript:alert(1)", Fields: map[string]string{"boiler": "old one"}, EndedAt: h.now})
	h.links = map[string]callback.Companion{id.TokenHash("a_shop"): {Callback: c.ID, CreatedAt: h.now}, id.TokenHash("a_ann"): {Callback: c.ID, Agent: ann, CreatedAt: h.now}}
	page := h.do("GET", "/l/a_shop", "")
	if page.StatusCode != 200 || page.Header.Get("Cache-Control") != "no-store" || len(h.orders) > 0 {
		t.Fatalf("%d %v, done: %v", page.StatusCode, page.Header, h.orders)
	}
	for _, want := range []string{`href="tel:&#43;12025550100"`, "Vera", "boiler", "Which boiler?: old one", "Connect us now", "Tomorrow at 9", "&#43;12025550101"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the card does not say %q", want)
		}
	}
	if strings.Contains(page.body, "javascript:") {
		t.Error("the visitor's page is a script")
	}
	for _, path := range []string{"/l/a_ann", "/l/a_none", "/a/a_shop"} {
		if got := h.do("GET", path, ""); got.StatusCode != 404 {
			t.Errorf("%s opens: %d", path, got.StatusCode)
		}
	}
	for _, button := range []string{"connect", "tomorrow", "done"} {
		got := h.do("POST", "/l/a_shop/"+button, "", formType, "Origin: "+base)
		if got.StatusCode != 303 || got.Header.Get("Location") != "/l/a_shop?did="+button {
			t.Errorf("%s: %d to %s %s", button, got.StatusCode, got.Header.Get("Location"), got.body)
		}
	}
	if got := strings.Join(h.orders, "; "); !strings.Contains(got, "connect "+string(c.ID)+" ; tomorrow "+string(c.ID)) {
		t.Errorf("done: %s", got)
	}
	if got := h.do("GET", "/l/a_shop?did=connect", ""); !strings.Contains(got.body, "Your telephone rings now") {
		t.Error("it does not say what was done")
	}
	h.fail(fault.New(fault.NumberBusy, "A call to this visitor is under way."))
	if got := h.do("POST", "/l/a_shop/connect", "", formType, "Origin: "+base); got.StatusCode != 409 || !strings.Contains(got.body, "under way") {
		t.Errorf("refused: %d %s", got.StatusCode, got.body)
	}
	h.now = h.now.Add(callback.LeadTime + time.Second)
	if got := h.do("GET", "/l/a_shop", ""); got.StatusCode != 410 {
		t.Errorf("three days later: %d", got.StatusCode)
	}
}
