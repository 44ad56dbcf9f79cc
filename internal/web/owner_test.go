package web_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"ringback/internal/consent"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/letter"
	"ringback/internal/login"
)

// Send keeps letters.
func (h *house) Send(_ context.Context, l letter.Letter) (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.letters = append(h.letters, l)
	return true, nil
}

// Consents gives three records of Acme's and one of the other business's.
func (h *house) Consents(_ context.Context, f consent.Filter, each func(consent.Kept) error) error {
	for i, sub := range []id.Subscriber{acme, other, acme, acme} {
		if f.Subscriber != "" && f.Subscriber != sub {
			continue
		}
		r := consent.Record{ID: id.Consent(fmt.Sprintf("cns_%026d", i)), Subscriber: sub, Act: consent.Given, Route: consent.ByForm, At: h.now, Person: consent.Person{Number: fmt.Sprintf("+1202555010%d", i)}}
		e, _ := consent.Head{Chain: 1}.Seal(r, make([]byte, 16))
		if err := each(consent.Kept{Entry: e, Shown: consent.Text{Version: "1", Language: "en", Words: "I want to be called by " + string(sub)}}); err != nil {
			return err
		}
	}
	return nil
}

// The ledger is read page by page, the newest first, each business its own.
func TestConsentsAreListed(t *testing.T) {
	h := newHouse(t)
	var numbers []string
	path := "/api/v1/consents?limit=2"
	for range 2 {
		m := h.do("GET", path, "", key(acmeKey)).want(t, 200).json(t)
		for _, x := range m["data"].([]any) {
			numbers = append(numbers, x.(map[string]any)["number"].(string))
		}
		next, _ := m["next"].(string)
		path = "/api/v1/consents?limit=2&after=" + next
	}
	if got := strings.Join(numbers, " "); got != "+12025550103 +12025550102 +12025550100" {
		t.Errorf("listed are %s", got)
	}
	if all := h.do("GET", "/api/v1/consents", "", key(operatorKey)).want(t, 200).json(t); len(all["data"].([]any)) != 4 || all["next"] != nil {
		t.Errorf("the operator sees %v", all)
	}
	isProblem(t, h.do("GET", "/api/v1/consents?since=yesterday", "", key(acmeKey)), 400, "wrong_type")
}

// userSession signs a person of a business in.
func (h *house) userSession(u id.User) (cookie string) {
	h.mu.Lock()
	who := *h.dir.Users[u]
	h.mu.Unlock()
	if who.PasswordHash == "" {
		hash, err := argon2id.CreateHash(annsPassword, cheap)
		if err != nil {
			h.t.Fatal(err)
		}
		who.PasswordHash = hash
		if _, err := h.Apply(context.Background(), directory.Setup{Users: []login.User{who}}, directory.Options{}); err != nil {
			h.t.Fatal(err)
		}
	}
	token, _, err := h.gate.SignIn(context.Background(), who.Email, annsPassword, "192.0.2.98")
	if err != nil {
		h.t.Fatal(err)
	}
	return "Cookie: ringback_session=" + token
}

// A person of a business signs in by her address and sees what its key sees, and what is the operator's she does not.
func TestOwnerSeesHerBusiness(t *testing.T) {
	h := newHouse(t)
	cookie := h.userSession(olga)
	a := h.signIn("Olga@Acme.example", annsPassword).want(t, 201)
	if m := a.json(t); m["role"] != "owner" || m["agent"] != nil {
		t.Errorf("signed in as %s", a.body)
	}
	me := h.do("GET", "/api/v1/me", "", cookie).want(t, 200).json(t)
	if owns := me["owns"].([]any); me["name"] != "Olga" || len(owns) != 1 || owns[0].(map[string]any)["slug"] != "acme" {
		t.Errorf("me: %v", me)
	}
	for _, path := range []string{"subscribers", "subscribers/acme", "buttons", "representations", "blocks", "recordings", "callbacks"} {
		got := h.do("GET", "/api/v1/"+path, "", cookie).want(t, 200)
		if by := h.do("GET", "/api/v1/"+path, "", key(acmeKey)); got.body != by.body {
			t.Errorf("%s: she sees %s\nher key sees %s", path, got.body, by.body)
		}
	}
	for _, path := range []string{"trunks", "keys", "users", "agents"} {
		isProblem(t, h.do("GET", "/api/v1/"+path, "", cookie), 403, "forbidden")
	}
	isProblem(t, h.do("PATCH", "/api/v1/subscribers/acme", `{"language":"de"}`, cookie, "Origin: http://evil.test", "Sec-Fetch-Site: cross-site"), 403, "origin_not_allowed")
	h.do("DELETE", "/api/v1/session", "", cookie).want(t, 204)
	isProblem(t, h.do("GET", "/api/v1/me", "", cookie), 401, "no_session")
	isProblem(t, h.do("GET", "/api/v1/subscribers", "", cookie), 401, "no_session")
}

// Who has two businesses says which one is meant.
func TestOwnerOfTwo(t *testing.T) {
	h := newHouse(t)
	h.do("PATCH", "/api/v1/users/olga", `{"subscribers":["acme","other"]}`, key(operatorKey)).want(t, 200)
	cookie := h.userSession(olga)
	for path, want := range map[string]string{"buttons": "acme-main", "buttons?subscriber=acme": "acme-main", "buttons?subscriber=other": "other-main"} {
		a := h.do("GET", "/api/v1/"+path, "", cookie).want(t, 200)
		if !strings.Contains(a.body, `"`+want+`"`) || strings.Count(a.body, `"slug"`) != 1 {
			t.Errorf("%s: %s", path, a.body)
		}
	}
	isProblem(t, h.do("GET", "/api/v1/buttons/other-main", "", cookie), 404, "not_found")
	h.do("GET", "/api/v1/buttons/other-main?subscriber=other", "", cookie).want(t, 200)
	h.do("PATCH", "/api/v1/users/olga", `{"subscribers":["other"]}`, key(operatorKey)).want(t, 200)
	isProblem(t, h.do("GET", "/api/v1/buttons/acme-main?subscriber=acme", "", cookie), 404, "not_found")
}

// A business says when it is open and where it is rung; whom it may call, as whom and for how much is the operator's.
func TestWhatABusinessMayChange(t *testing.T) {
	for _, row := range []struct{ what, body, refused string }{
		{"subscribers/acme", `{"hours":{"mon-fri":null,"mon":["08:00-12:00"]},"holidays":["2026-12-25"],"language":"de","destination":"tel:+12025550177"}`, ""},
		{"subscribers/acme", `{"recording":{"on":true}}`, ""},
		{"subscribers/acme", `{"regions":["US","CU"]}`, "forbidden"},
		{"subscribers/acme", `{"caller_id":"+12025550123"}`, "forbidden"},
		{"subscribers/acme", `{"limits":{"spend_per_day":{"amount":"900.00","currency":"USD"}}}`, "forbidden"},
		{"subscribers/acme", `{"prompts":{"wait":"/etc/passwd"}}`, "wrong_type"}, // no file, no sound
		{"subscribers/acme", `{"name":"Your Bank"}`, "forbidden"},
		{"subscribers/acme", `{"suspended":true}`, "forbidden"},
		{"subscribers/acme", `{"destination":"tel:+5355555555"}`, "endpoint_not_allowed"},
		{"subscribers/acme", `{"destination":"sip:fraud@evil.test"}`, "endpoint_not_allowed"},
		{"subscribers/acme", `{"destination":"tel:+19005550106"}`, "endpoint_not_allowed"},
		{"representations/" + string(annAtAcme), `{"greeting":"Acme, Ann speaking","languages":["en","de"],"hours":null}`, ""},
		{"representations/" + string(annAtAcme), `{"caller_id":"+12025550123"}`, "forbidden"},
		{"representations/" + string(annAtAcme), `{"subscriber":"other"}`, "not_found"},
	} {
		h := newHouse(t)
		before := h.dir
		for _, by := range []string{key(acmeKey), h.userSession(olga)} {
			a := h.do("PATCH", "/api/v1/"+row.what, row.body, by)
			if row.refused == "" {
				a.want(t, 200)
				continue
			}
			if m := a.json(t); m["code"] != row.refused {
				t.Errorf("%s: %s", row.body, a.body)
			}
			if h.dir.Subscribers[acme] != before.Subscribers[acme] || h.dir.Representations[annAtAcme] != before.Representations[annAtAcme] {
				t.Errorf("%s was written", row.body)
			}
		}
	}
}

// Who is invited gets a link that works once, for a while, and for nobody else.
func TestInvitation(t *testing.T) {
	h := newHouse(t)
	made := h.do("POST", "/api/v1/users", `{"email":"Nina@Acme.example","name":"Nina","subscribers":["acme"]}`, key(operatorKey)).want(t, 201).json(t)
	link, _ := made["invite_url"].(string)
	_, token, _ := strings.Cut(link, "#")
	if !strings.HasPrefix(link, base+"/app/#i_") || made["mailed"] != true || made["email"] != "nina@acme.example" || made["has_password"] != false {
		t.Fatalf("made %v", made)
	}
	if l := h.letters[0]; l.To != "nina@acme.example" || !strings.Contains(l.Text, link) || !strings.Contains(l.Subject, "Acme Plumbing") {
		t.Errorf("letter %+v", l)
	}
	isProblem(t, h.do("POST", "/api/v1/users", `{"email":"nina@acme.example","subscribers":["other"]}`, key(operatorKey)), 400, "wrong_type")
	body := `{"token":"` + token + `"}`
	if m := h.do("POST", "/api/v1/session/invitation", body).want(t, 200).json(t); m["name"] != "Nina" || m["subscribers"].([]any)[0] != "Acme Plumbing" {
		t.Errorf("invited %v", m)
	}
	isProblem(t, h.do("POST", "/api/v1/session/invitation", `{"token":"i_no"}`), 410, "gone")
	isProblem(t, h.do("POST", "/api/v1/session/accept", `{"token":"`+token+`","password":"short"}`), 400, "wrong_type")
	accept := `{"token":"` + token + `","password":"a few good words"}`
	isProblem(t, h.do("POST", "/api/v1/session/accept", accept, "Sec-Fetch-Site: cross-site"), 403, "origin_not_allowed")
	a := h.do("POST", "/api/v1/session/accept", accept).want(t, 201)
	cookie := "Cookie: " + strings.Split(a.Header.Get("Set-Cookie"), ";")[0]
	if me := h.do("GET", "/api/v1/me", "", cookie).want(t, 200).json(t); me["name"] != "Nina" {
		t.Errorf("me %v", me)
	}
	isProblem(t, h.do("POST", "/api/v1/session/accept", accept), 410, "gone")
	h.signIn("nina@acme.example", "a few good words").want(t, 201)

	// Another link, by the operator, ends with the week; the one before it ends at once.
	again := func() string {
		url, _ := h.do("POST", "/api/v1/users/"+made["slug"].(string)+"/invite", "", key(operatorKey)).want(t, 200).json(t)["invite_url"].(string)
		_, token, _ := strings.Cut(url, "#")
		return `{"token":"` + token + `"}`
	}
	first := again()
	second := again()
	isProblem(t, h.do("POST", "/api/v1/session/invitation", first), 410, "gone")
	h.do("POST", "/api/v1/session/invitation", second).want(t, 200)
	h.pass(login.InviteFor + time.Second)
	isProblem(t, h.do("POST", "/api/v1/session/invitation", second), 410, "gone")
	if strings.Contains(h.log.String(), token) {
		t.Error("the token is in the log")
	}
}
