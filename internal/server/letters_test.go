package server

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/config"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/letter"
	"ringback/internal/subscriber"
)

// What is set up, who waits for it in vain, and what did not leave.
func TestCheckLetters(t *testing.T) {
	c := config.Default()
	c.SMS.URL, c.SMS.Body = "https://sms.example/?key=s3cret", "{to} {text}"
	dir := &directory.Directory{Agents: map[id.Agent]*agent.Agent{
		"agt_1": {Slug: "ann", Notify: letter.Address{Kind: letter.Mail, To: "ann@example.com"}},
		"agt_2": {Slug: "bob", Notify: letter.Address{Kind: letter.SMS, To: "+12025550112"}},
	}}
	given := []letter.Letter{{Address: letter.Address{Kind: letter.SMS}, Trouble: "the SMS gateway answers 400", Callback: "cb_2"}, {Address: letter.Address{Kind: letter.SMS}, Trouble: "the SMS gateway answers 400", Callback: "cb_1"}}
	var text bytes.Buffer
	if err := WriteFindings(&text, checkLetters(c, dir, given)); err == nil {
		t.Error("letters that were given up are well")
	}
	for _, want := range []string{"ok   mail         not set up", "ok   sms          leaves by sms.example; ", "agent ann    notify names mail, which is not set up",
		"FAIL sms          2 given up within a day: the SMS gateway answers 400", "ringback explain cb_2"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, &text)
		}
	}
	if strings.Contains(text.String(), "s3cret") || strings.Contains(text.String(), "agent bob") {
		t.Errorf("it says too much:\n%s", &text)
	}
}

func TestSender(t *testing.T) {
	for _, row := range [][4]string{
		{"http://127.0.0.1:8080", "smtp://m.example", "", "ringback@localhost"},
		{"https://call.example.com", "smtp://m.example", "", "ringback@call.example.com"},
		{"https://call.example.com", "smtp://cb%40example.com:x@m.example", "", "cb@example.com"},
		{"https://call.example.com", "smtp://m.example", "Acme <cb@example.com>", "Acme <cb@example.com>"},
	} {
		c := config.Default()
		c.URL, c.Mail.URL, c.Mail.From = row[0], row[1], row[2]
		if got := sender(c); got != row[3] {
			t.Errorf("%v: %s", row, got)
		}
	}
}

// Who may be written to by SMS.
func TestRefuses(t *testing.T) {
	a := &App{keys: secrets{hash: []byte("0123456789abcdef0123456789abcdef")}}
	of := func(n string) string { return callback.HashNumber(a.keys.hash, cti.Endpoint("tel:"+n)) }
	dir := &directory.Directory{
		Subscribers: map[id.Subscriber]*subscriber.Subscriber{"sub_1": {ID: "sub_1", Regions: []string{"US"}}},
		Agents:      map[id.Agent]*agent.Agent{"agt_1": {Notify: letter.Address{Kind: letter.SMS, To: "+4915123456789"}}},
		Blocks: map[id.Block]*subscriber.Block{
			"blk_1": {ID: "blk_1", NumberHash: of("+12025550113")}, "blk_2": {ID: "blk_2", NumberHash: of("+12025550114"), Subscriber: "sub_2"},
			"blk_3": {ID: "blk_3", NumberHash: of("+12025550115"), Until: time.Now().Add(-time.Hour)},
		},
	}
	dir.Index()
	for to, want := range map[string]string{
		"+12025550112": "", "+12025550113": "this number is blocked", "+12025550114": "", "+12025550115": "",
		"+4915123456789": "", "+4915123456788": "the business's policy does not allow this number", "+19005550106": "short messages go to mobiles only", "+4930123456": "short messages go to mobiles only",
	} {
		if got := a.refuses(dir, &letter.Letter{Address: letter.Address{Kind: letter.SMS, To: to}, Subscriber: "sub_1"}); got != want {
			t.Errorf("%s: %q, want %q", to, got, want)
		}
	}
	if got := a.refuses(dir, &letter.Letter{Address: letter.Address{Kind: letter.Mail, To: "x@y.example"}}); got != "" {
		t.Errorf("mail: %s", got)
	}
}

// One test message leaves by what is set up, and what the far side answers is said.
func TestCheckSends(t *testing.T) {
	answer, body := 200, ""
	g := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		body = string(b)
		w.WriteHeader(answer)
		_, _ = io.WriteString(w, "no credit")
	}))
	defer g.Close()
	c := config.Default()
	c.Data, c.SMS = t.TempDir(), config.SMS{URL: g.URL, Body: `{"to":"{to}","text":"{text}"}`, AllowPrivate: true}
	if f := CheckLetter(t.Context(), c, letter.SMS, "+12025550112"); !f.OK || !strings.Contains(body, `"to":"+12025550112"`) || strings.Contains(f.Say, "2025550112") {
		t.Errorf("%+v, sent %s", f, body)
	}
	answer = 402
	if f := CheckLetter(t.Context(), c, letter.SMS, "+12025550112"); f.OK || !strings.Contains(f.Say, "402: no credit") {
		t.Errorf("%+v", f)
	}
	for k, to := range map[letter.Kind]string{letter.Mail: "ann@example.com", letter.SMS: "+19005550106"} {
		if f := CheckLetter(t.Context(), c, k, to); f.OK || f.Fix == "" {
			t.Errorf("%s to %s: %+v", k, to, f)
		}
	}
}
