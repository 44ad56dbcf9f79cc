package web_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"ringback/internal/callback"
	"ringback/internal/challenge"
	"ringback/internal/fault"
	"ringback/internal/subscriber"
	"ringback/internal/web"
)

func filled(pairs ...string) string {
	v := url.Values{"number": {"(202) 555-0100"}, "name": {"Vera"}, "consent": {"true"}, "fields.boiler": {"the old one"}, "nonce": {"n_0123456789abcdef"}}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

func TestFormWithoutScript(t *testing.T) {
	h := newHouse(t)
	a := h.do("GET", "/b/acme-main", "", "Referer: http://shop.test/boilers").want(t, 200)
	for _, want := range []string{"<h1>Let Acme Plumbing call you</h1>", `name="page" value="http://shop.test/boilers"`, `name="nonce" value="n_`,
		"Which boiler?", "I ask Acme Plumbing to talk with me about my request: by a call to this number, or here in the browser.", `lang="en"`, "+1 202-555-0190"} {
		if !strings.Contains(unescape(a.body), want) {
			t.Errorf("the form does not say %q", want)
		}
	}
	if strings.Count(a.body, "<script") != strings.Count(a.body, `<script type="module" src="/assets/`) || strings.Contains(a.body, "style=") {
		t.Error("the form has inline script or style")
	}
	csp := a.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "style-src 'self'", "script-src 'self'", "connect-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
		if !strings.Contains(csp, want) {
			t.Errorf("CSP lacks %s: %s", want, csp)
		}
	}
	if a.Header.Get("X-Content-Type-Options") != "nosniff" || a.Header.Get("Referrer-Policy") != "same-origin" {
		t.Errorf("headers %v", a.Header)
	}
	for _, asset := range regexp.MustCompile(`/assets/[^"]+`).FindAllString(a.body, -1) {
		if got := h.do("GET", asset, "").want(t, 200); !strings.Contains(got.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %v", asset, got.Header)
		}
	}
	h.do("GET", "/assets/000000000000/pages.css", "").want(t, 404)
	h.do("GET", "/b/nope", "").want(t, 404)
	if a := h.do("GET", "/b/other-main", "").want(t, 200); !strings.Contains(unescape(a.body), " to call me at this number about my request.") {
		t.Error("where nobody talks in the browser, the consent speaks of it")
	}
}

func TestFormLeadsToTheStatus(t *testing.T) {
	h := newHouse(t)
	for _, path := range []string{"/b/acme-main", wishes} {
		a := h.do("POST", path, filled("nonce", "n_"+path+"0123456789"), formType).want(t, 303)
		if !strings.HasPrefix(a.Header.Get("Location"), "/c/t_") {
			t.Fatalf("Location %q", a.Header.Get("Location"))
		}
		page := h.do("GET", a.Header.Get("Location"), "").want(t, 200)
		for _, want := range []string{`<noscript><meta http-equiv="refresh" content="4"></noscript>`, "We are finding somebody for you.", "+12•••••0100",
			`<script type="module" src="/assets/`, "/cancel", `aria-live="polite"`} {
			if !strings.Contains(unescape(page.body), want) {
				t.Errorf("the status does not say %q", want)
			}
		}
		if again := h.do("POST", path, filled("nonce", "n_"+path+"0123456789"), formType).want(t, 303); again.Header.Get("Location") != a.Header.Get("Location") {
			t.Errorf("double click: %s and %s", a.Header.Get("Location"), again.Header.Get("Location"))
		}
	}
	if r := h.asked[0]; r.Act != "form" || r.Fields["boiler"] != "the old one" || !r.Consent {
		t.Errorf("the conductor was asked %+v", r)
	}
	if len(h.callbacks) != 2 {
		t.Errorf("%d callbacks", len(h.callbacks))
	}
}

// payloads must come back as text wherever they were typed.
var payloads = []string{`"><script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `javascript:alert(1)`, `' autofocus onfocus='alert(1)`, "{{.}}", "\x00<b>"}

func TestWrongFormKeepsWhatWasTyped(t *testing.T) {
	for _, evil := range payloads {
		h := newHouse(t)
		a := h.do("POST", "/b/acme-main", filled("number", "12"+evil, "name", "N"+evil, "topic", "T"+evil, "fields.boiler", "B"+evil, "page", "P"+evil,
			"when", "after", "after", "2h", "at", evil), formType).want(t, 422)
		for _, bad := range []string{"<script>alert", "<img", "onfocus='", "<b>"} {
			if strings.Contains(a.body, bad) {
				t.Errorf("%q got out: %s", evil, a.body)
			}
		}
		text := unescape(a.body)
		for _, kept := range []string{"12", "N", "T", "B", "P"} {
			if want := kept + evil; !strings.Contains(strings.ReplaceAll(text, "�", "\x00"), want) {
				t.Errorf("%q is lost", want)
			}
		}
		for _, want := range []string{`role="alert"`, `aria-invalid="true"`, `aria-describedby="number-wrong"`, `id="number-wrong"`, `href="#number"`,
			`value="after" checked`, `value="2h" selected`, `name="consent" value="true" required checked`, `value="n_0123456789abcdef"`} {
			if !strings.Contains(a.body, want) {
				t.Errorf("the form lacks %s", want)
			}
		}
		if len(h.callbacks) != 0 {
			t.Error("a callback was made")
		}
	}
}

func unescape(s string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&#34;", `"`, "&#39;", "'", "&amp;", "&", "&#43;", "+", "\ufffd", "\x00").Replace(s)
}

func TestFormSaysWhatIsWrong(t *testing.T) {
	for want, row := range map[string]struct {
		cause  error
		form   string
		status int
	}{
		`id="consent-wrong"`:       {nil, filled("consent", ""), 422},
		`id="field-boiler-wrong"`:  {nil, filled("fields.boiler", ""), 422},
		`id="when-wrong"`:          {nil, filled("when", "at", "at", "2020-01-01T10:00"), 422},
		"We could call:":           {nil, filled("when", "at", "at", "2026-12-05T03:00"), 422},
		"at 10:15 (New York time)": {fault.New(fault.LimitNumber, "Wait a little.").After(15 * time.Minute), filled(), 429},
		"We cannot take this":      {fault.At("number", fault.NumberBusy, "We cannot take this number now."), filled(), 409},
		"in a minute":              {fault.New(fault.Draining, "Stopping.").After(5 * time.Second), filled(), 503},
	} {
		h := newHouse(t)
		h.fail(row.cause)
		a := h.do("POST", "/b/acme-main", row.form, formType).want(t, row.status)
		if !strings.Contains(a.body, want) || !strings.Contains(a.body, `role="alert"`) || !strings.Contains(a.body, "(202) 555-0100") {
			t.Errorf("%d form does not say %q", row.status, want)
		}
		if (row.status == 429 || row.status == 503) && a.Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	}
}

// The form carries a ticket for browsers without script, and the address of the puzzle for the others. One that was used up
// comes back with another; one that is only too young stays.
func TestFormAsksForAProof(t *testing.T) {
	h := newHouse(t)
	if a := h.do("GET", "/b/acme-main", "").want(t, 200); strings.Contains(a.body, "data-proof") || strings.Contains(a.body, `name="ticket"`) {
		t.Error("a button without proof of work asks for one")
	}
	h.dir.Buttons[acmeMain].Proof = "required"
	a := h.do("GET", "/b/acme-main", "").want(t, 200)
	for _, want := range []string{`data-proof="/api/v1/public/challenge?button=` + string(acmeMain) + `"`, `name="proof"`, `name="ticket" value="` + h.Ticket(h.dir.Buttons[acmeMain])[:10], "/form.js"} {
		if !strings.Contains(a.body, want) {
			t.Errorf("the form lacks %s", want)
		}
	}
	for _, row := range []struct {
		cause error
		kept  bool
	}{{challenge.ErrYoung, true}, {challenge.ErrOld, false}, {fault.New(fault.ProofUsed, "Used."), false}} {
		h.fail(row.cause)
		a := h.do("POST", "/b/acme-main", filled("ticket", "old-ticket", "proof", "p"), formType).want(t, 403)
		if strings.Contains(a.body, `value="old-ticket"`) != row.kept || !strings.Contains(a.body, `role="alert"`) || !strings.Contains(a.body, "(202) 555-0100") {
			t.Errorf("%v: %s", row.cause, a.body)
		}
		if r := h.asked[len(h.asked)-1]; r.Ticket != "old-ticket" || r.Proof != "p" {
			t.Errorf("asked with %q, %q", r.Ticket, r.Proof)
		}
	}
}

func TestFormOutsideHours(t *testing.T) {
	h := newHouse(t)
	h.now = time.Date(2026, 12, 5, 15, 0, 0, 0, time.UTC) // Saturday
	a := h.do("GET", "/b/acme-main", "").want(t, 200)
	if !strings.Contains(a.body, "open Mon, Dec 7 at 09:00 (New York time)") || !strings.Contains(a.body, "When you open: Mon, Dec 7") {
		t.Errorf("a closed business does not say when it opens: %s", a.body)
	}
	h.dir.Buttons[acmeMain].Closed = true
	if a := h.do("GET", "/b/acme-main", "").want(t, 200); strings.Contains(a.body, "<form") || !strings.Contains(a.body, "takes no requests") {
		t.Error("a closed button still asks")
	}
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	h := newHouse(t)
	_, token := h.call(callback.Callback{State: callback.Queued})
	for _, header := range []string{"Sec-Fetch-Site: cross-site", "Origin: http://evil.test", "Origin: null"} {
		h.do("POST", "/b/acme-main", filled(), formType, header).want(t, 403)
		h.do("POST", "/c/"+token+"/cancel", "", formType, header).want(t, 403)
	}
	h.do("POST", "/b/acme-main", filled(), formType, "Origin: "+base, "Sec-Fetch-Site: same-origin").want(t, 303)
	if len(h.callbacks) != 2 {
		t.Errorf("%d callbacks", len(h.callbacks))
	}
}

func TestStatusForms(t *testing.T) {
	h := newHouse(t)
	c, token := h.call(callback.Callback{State: callback.Scheduled, DueAt: h.now.Add(time.Hour), Reason: callback.ReasonBooked})
	page := "/c/" + token
	state := func() callback.Callback { return *h.callbacks[c.ID] }
	post := func(what, form string, status int) answer {
		t.Helper()
		a := h.do("POST", page+"/"+what, form, formType).want(t, status)
		if status == 303 && a.Header.Get("Location") != page {
			t.Errorf("%s leads to %s", what, a.Header.Get("Location"))
		}
		return a
	}
	h.do("GET", page+"/number", "").want(t, 200)
	if a := post("number", "number=12", 422); !strings.Contains(a.body, `value="12"`) || !strings.Contains(a.body, `aria-describedby="number-wrong"`) {
		t.Error("the number form forgets")
	}
	post("number", "number=2025550101", 303)
	if n := state().Number; n != "+12025550101" {
		t.Errorf("number %s", n)
	}
	h.do("GET", page+"/reschedule", "").want(t, 200)
	if a := post("reschedule", "when=at&at=2026-12-05T03:00", 422); !strings.Contains(a.body, "We could call:") {
		t.Error("no other times are offered")
	}
	post("reschedule", "when=at&at=2026-12-02T09:00&zone=America/New_York", 303)
	if at := state().DueAt; !at.Equal(time.Date(2026, 12, 2, 14, 0, 0, 0, time.UTC)) {
		t.Errorf("due %s", at)
	}
	post("now", "", 303)
	post("cancel", "", 303)
	if s := state(); s.State != callback.Ended || s.Outcome != callback.Cancelled {
		t.Errorf("%s %s", s.State, s.Outcome)
	}
	if a := post("cancel", "", 409); !strings.Contains(a.body, `role="alert"`) {
		t.Error("a second cancel says nothing")
	}
	a := h.do("GET", page, "").want(t, 200)
	if !strings.Contains(a.body, "You cancelled the call.") || !strings.Contains(a.body, "Ask for another call") || strings.Contains(a.body, "http-equiv") || strings.Contains(a.body, "<script") {
		t.Errorf("the end: %s", a.body)
	}
}

func TestStatusEscapesAndForgets(t *testing.T) {
	h := newHouse(t)
	h.dir.Subscribers[acme].Name = "Acme <script>alert(1)</script>"
	_, token := h.call(callback.Callback{State: callback.Queued, Page: `"><script>alert(1)</script>`})
	if a := h.do("GET", "/c/"+token, "").want(t, 200); strings.Contains(a.body, "<script>alert") {
		t.Error("a name got out as markup")
	}
	a := h.do("GET", "/c/t_unknown", "").want(t, 404)
	if !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
		t.Errorf("an unknown page is %s", a.Header.Get("Content-Type"))
	}
	_, old := h.call(callback.Callback{State: callback.Ended, EndedAt: h.now.Add(-31 * 24 * time.Hour)})
	h.do("GET", "/c/"+old, "").want(t, 410)
}

func TestVisitorFirstSteps(t *testing.T) {
	h := newHouse(t)
	_, token := h.call(callback.Callback{State: callback.RingingVisitor, Order: subscriber.VisitorFirst})
	a := h.do("GET", "/c/"+token, "").want(t, 200)
	if you, we := strings.Index(a.body, "You are rung"), strings.Index(a.body, "We are rung"); you < 0 || you > we {
		t.Error("the steps are not in the order of this callback's life")
	}
	if !strings.Contains(a.body, `data-step="ringing_visitor" aria-current="step"`) {
		t.Error("the step is not marked")
	}
}

func TestTokensStayOutOfTheLog(t *testing.T) {
	h := newHouse(t)
	_, token := h.call(callback.Callback{State: callback.Queued})
	h.do("GET", "/c/"+token, "").want(t, 200)
	h.do("GET", "/api/v1/callbacks", "", key(operatorKey)).want(t, 200)
	for _, secret := range []string{token, operatorKey} {
		if strings.Contains(h.log.String(), secret) {
			t.Errorf("the log tells %s:\n%s", secret, h.log)
		}
	}
	if got := web.Cut("/c/" + token + "/cancel"); got != "/c/t_…/cancel" {
		t.Errorf("cut: %s", got)
	}
}

// The status page offers a few times, one tap each and without script: to move a call to while it is planned, to ask for
// another one when it has ended.
func TestTimesOnThePage(t *testing.T) {
	h := newHouse(t)
	_, token := h.call(callback.Callback{State: callback.Scheduled, DueAt: h.now.Add(time.Hour), Reason: callback.ReasonBooked, Button: acmeMain, Number: "+12025550100", Endpoint: "tel:+12025550100"})
	page := h.do("GET", "/c/"+token, "").want(t, 200).body
	if strings.Count(page, `name="at"`) == 0 || !strings.Contains(page, `/reschedule" class="times" data-can="reschedule">`) || !strings.Contains(page, `/again" class="times" data-when="ended" hidden>`) {
		t.Errorf("while it lives:\n%s", page)
	}
	h.do("POST", "/c/"+token+"/again", "when=at&at=2026-12-02T15:00:00Z&zone=America/New_York", formType).want(t, 409)
	times := h.do("GET", "/api/v1/public/callbacks/"+token+"/times", "").want(t, 200).json(t)
	if times["reschedule"] != true || times["again"] != false || times["zone"] != "America/New_York" || len(times["times"].([]any)) == 0 {
		t.Errorf("%v", times)
	}
	h.do("POST", "/c/"+token+"/cancel", "", formType).want(t, 303)
	page = h.do("GET", "/c/"+token, "").want(t, 200).body
	if strings.Contains(page, `/reschedule" class`) || !strings.Contains(page, `/again" class="times" data-when="ended">`) {
		t.Errorf("when it has ended:\n%s", page)
	}
	made := h.do("POST", "/c/"+token+"/again", "when=at&at=2026-12-02T15:00:00Z&zone=America/New_York", formType).want(t, 303)
	next := strings.TrimPrefix(made.Header.Get("Location"), "/c/")
	if h.do("GET", "/c/"+next, "").want(t, 200); next == token {
		t.Error("it is the old page")
	}
	h.do("POST", "/api/v1/public/callbacks/"+token+"/again", `{}`).want(t, 422)
}
