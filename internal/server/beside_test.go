package server

import (
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"ringback/internal/config"
	"ringback/internal/id"
)

const mobileSeed = `
trunks:
  - {id: pstn, address: "sip:%s;transport=udp"}
subscribers:
  - {id: acme, name: Acme Plumbing, regions: [US], caller_id: "+12025550190", buttons: [{id: acme-main, proof: off}]}
agents:
  - id: joe
    name: Joe
    ready: true
    devices: [{to: "tel:+12025550100", confirm: none}]
    notify: {sms: "+12025550140"}
    represents: [{subscriber: acme, greeting: "Acme Plumbing, Joe speaking"}]
keys:
  - {id: op, role: operator, secret_file: op.key}
`

var aLink = regexp.MustCompile(`http://\S+/a/a_\S+`)

// An agent with a mobile and nothing else: while she talks, a short message brings her the page of the call, and what she
// does there is on record in her name.
func TestCompanionOfACall(t *testing.T) {
	if os.Getenv("RINGBACK_TEST_LONG") == "" {
		t.Skip("long: a whole call on real sockets; the page and its letter have tests of their own")
	}
	sent := make(chan string, 10)
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		sent <- string(b)
	}))
	defer gateway.Close()
	h := newDeskHouse(t, mobileSeed, func(c *config.Config) {
		c.SMS = config.SMS{Method: "POST", URL: gateway.URL, Body: "to={to}&text={text}", AllowPrivate: true}
	})
	key := "Authorization: Bearer " + h.key
	made, _ := h.ask("POST", "/callbacks", `{"button":"acme-main","number":"+12125550100","name":"Vera","topic":"a leak","page":"https://shop.test/boilers"}`, key)
	cb := made["id"].(string)
	var link string
	select {
	case body := <-sent:
		q, err := url.ParseQuery(body)
		link = aLink.FindString(q.Get("text"))
		if err != nil || q.Get("to") != "+12025550140" || link == "" || !strings.HasPrefix(link, h.s.URL) || strings.Contains(q.Get("text"), "Vera") {
			t.Fatalf("the message: %s %v", body, err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("no message")
	}
	for _, want := range []string{"Acme Plumbing, Joe speaking", "Vera", "a leak", "https://shop.test/boilers", "+12•••••0100"} {
		if body := h.get(link, 200); !strings.Contains(body, want) {
			t.Errorf("no %q in\n%s", want, body)
		}
	}
	h.post(link+"/note", "text=sends+a+picture")
	h.ask("POST", "/callbacks/"+cb+"/cancel", `{}`, key)
	h.post(link+"/tomorrow", "")
	if body := h.get(link, 200); !strings.Contains(body, "On record as <strong>follow_up") || !strings.Contains(body, "sends a picture") {
		t.Error(body)
	}
	c, _ := h.ask("GET", "/callbacks/"+cb, "", key)
	if b, _ := json.Marshal(c); !strings.Contains(string(b), "sends a picture") || !strings.Contains(string(b), "a link to the call's page goes to +12•••••0140 by sms") || strings.Contains(string(b), "a_") && aLink.Match(b) {
		t.Errorf("on record: %s", b)
	}
	list, _ := h.ask("GET", "/callbacks?state=scheduled", "", key)
	if all := list["data"].([]any); len(all) != 1 || all[0].(map[string]any)["kept_for"] != nil {
		t.Errorf("booked for tomorrow: %v", all)
	}
	story, err := h.s.Story(t.Context(), id.Callback(cb))
	if err != nil || !strings.Contains(story.Text, "sms to +12•••••0140 (let_") || !strings.Contains(story.Text, "): sent at ") {
		t.Errorf("explain: %v\n%s", err, story.Text)
	}
}

func (h *deskHouse) get(link string, want int) string {
	h.Helper()
	res, err := http.Get(link)
	if err != nil {
		h.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != want {
		h.Fatalf("%s: %d %v %s", link, res.StatusCode, err, b)
	}
	return html.UnescapeString(string(b))
}

// post sends a form and follows where it leads.
func (h *deskHouse) post(to, form string) {
	h.Helper()
	res, err := http.Post(to, "application/x-www-form-urlencoded", strings.NewReader(form))
	if err != nil {
		h.Fatal(err)
	}
	defer res.Body.Close()
	if b, _ := io.ReadAll(res.Body); res.StatusCode != 200 {
		h.Fatalf("%s: %d %s", to, res.StatusCode, b)
	}
}
