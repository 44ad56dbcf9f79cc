package web_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/callback"
	"ringback/internal/fault"
	"ringback/internal/id"
)

// linked is a call in ann's hand with the link to its page.
func (h *house) linked(c callback.Callback) (*callback.Callback, string) {
	h.t.Helper()
	made, _ := h.call(c)
	token := h.mint.Token(id.LinkToken)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.links == nil {
		h.links = map[string]callback.Companion{}
	}
	h.links[id.TokenHash(token)] = callback.Companion{TokenHash: id.TokenHash(token), Callback: made.ID, Agent: ann, CreatedAt: h.now}
	return made, "/a/" + token
}

func talking() callback.Callback {
	return callback.Callback{State: callback.Connected, Name: "Vera <b>", Topic: "a leak", Page: "https://shop.test/boilers?x=1", Fields: map[string]string{"boiler": "the old one"},
		NumberHash: "hash", Attempts: []callback.Attempt{{N: 1, Agent: ann, Representation: annAtAcme}}}
}

// The page tells who she is, whom she talks to and what was before, and keeps it to itself.
func TestCompanionPage(t *testing.T) {
	h := newHouse(t)
	h.dir.Representations[annAtAcme].Greeting = "Acme Plumbing, Ann speaking"
	before, _ := h.call(callback.Callback{State: callback.Ended, Outcome: callback.VisitorBusy, NumberHash: "hash", ArrivedAt: h.now.Add(-time.Hour)})
	h.remarks[before.ID] = callback.Remarks{Notes: []callback.Note{{Text: "wants a quote", By: callback.Author{Agent: ann}}}}
	h.now = h.now.Add(time.Second) // a later id
	_, page := h.linked(talking())
	a := h.do("GET", page, "").want(t, 200)
	body := unescape(a.body)
	for _, want := range []string{"<h1>Acme Plumbing</h1>", "Acme Plumbing, Ann speaking", "Vera <b>", "+12•••••0100", "a leak", `href="https://shop.test/boilers?x=1" rel="noreferrer noopener nofollow"`,
		"Which boiler?: the old one", "You are talking.", "wants a quote", `data-can="tomorrow" hidden`, `content="noindex, nofollow"`} {
		if !strings.Contains(body, want) {
			t.Errorf("it does not say %q\n%s", want, body)
		}
	}
	for _, no := range []string{"2025550100", "202-555-0100"} {
		if strings.Contains(body, no) {
			t.Errorf("it shows %s", no)
		}
	}
	if strings.Contains(a.body, "Vera <b>") {
		t.Error("what a visitor typed is markup")
	}
	for head, want := range map[string]string{"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow, noarchive", "Referrer-Policy": "same-origin"} {
		if got := a.Header.Get(head); got != want {
			t.Errorf("%s: %q", head, got)
		}
	}
	odd := talking()
	odd.Page = "javascript:alert(1)"
	_, page = h.linked(odd)
	if a := h.do("GET", page, "").want(t, 200); strings.Contains(a.body, `href="javascript`) || !strings.Contains(a.body, "From: javascript:alert(1)") {
		t.Error("an odd page is a link")
	}
	if strings.Contains(h.log.String(), strings.TrimPrefix(page, "/a/")) {
		t.Error("the log holds the link")
	}
}

// The four buttons do what a desk can do, in her name; a promise is nobody's in particular.
func TestCompanionActs(t *testing.T) {
	for _, row := range []struct {
		do       string
		codes    []string
		came     string
		notes    []string
		followed bool
	}{
		{"done", nil, "done", nil, false},
		{"done", []string{"sold", "wrong_number"}, "sold", nil, false},
		{"wrong", nil, "wrong_number", nil, false},
		{"wrong", []string{"sold", "spam"}, "spam", nil, false},
		{"wrong", []string{"sold"}, "", []string{"Wrong number, or spam."}, false},
		{"tomorrow", nil, "follow_up", nil, true},
		{"tomorrow", []string{"sold", "call back"}, "call back", nil, true},
		{"tomorrow", []string{"sold"}, "", nil, true},
		{"note", nil, "", []string{"likes <tea>"}, false},
	} {
		h := newHouse(t)
		h.dir.Subscribers[acme].Dispositions = row.codes
		c := talking()
		c.State, c.EndedAt, c.Outcome, c.Reason = callback.Ended, h.now, callback.Completed, callback.ReasonTalked
		made, page := h.linked(c)
		a := h.do("POST", page+"/"+row.do, "text=likes+%3Ctea%3E", formType, "Sec-Fetch-Site: same-origin").want(t, 303)
		if got := a.Header.Get("Location"); got != page {
			t.Errorf("%s leads to %s", row.do, got)
		}
		r := h.remarks[made.ID]
		came, by := "", callback.Author{Actor: callback.ByAgent, Agent: ann}
		if r.Disposition != nil {
			if came = r.Disposition.Code; r.Disposition.By != by {
				t.Errorf("%s: by %+v", row.do, r.Disposition.By)
			}
		}
		var notes []string
		for _, n := range r.Notes {
			notes = append(notes, n.Text)
			if n.By != by {
				t.Errorf("%s: by %+v", row.do, n.By)
			}
		}
		if came != row.came || !slices.Equal(notes, row.notes) {
			t.Errorf("%s %v: %q %q, want %q %q", row.do, row.codes, came, notes, row.came, row.notes)
		}
		if followed := slices.Contains(h.orders, `follow {"after":"1d"} `+string(made.ID)+" "+string(ann)); followed != row.followed {
			t.Errorf("%s: %v", row.do, h.orders)
		}
		shown := unescape(h.do("GET", page, "").want(t, 200).body)
		for _, want := range append(row.notes, row.came, "The call is over. They talked.") {
			if !strings.Contains(shown, want) {
				t.Errorf("%s: the page does not tell %q", row.do, want)
			}
		}
	}
}

// What cannot be done is told on the page, with what was typed.
func TestCompanionSaysWhyNot(t *testing.T) {
	h := newHouse(t)
	_, page := h.linked(talking())
	h.fail(fault.New(fault.NumberBusy, "A call to this visitor is booked already."))
	if a := h.do("POST", page+"/tomorrow", "", formType).want(t, 409); !strings.Contains(a.body, "booked already") || !strings.Contains(a.body, "Call again tomorrow") {
		t.Error(a.body)
	}
	if a := h.do("GET", page+"/note", "").want(t, 200); !strings.Contains(a.body, "<textarea") || strings.Contains(a.body, "http-equiv") {
		t.Error(a.body)
	}
}

// The link opens its own call, for a while, to who still answers for the business, and takes nothing from other sites.
func TestCompanionIsHersAlone(t *testing.T) {
	h := newHouse(t)
	c, page := h.linked(talking())
	h.do("POST", page+"/done", "", formType, "Sec-Fetch-Site: cross-site").want(t, 403)
	h.do("POST", page+"/done", "", formType, "Origin: http://evil.test").want(t, 403)
	if h.remarks[c.ID].Disposition != nil {
		t.Error("another site has given it a code")
	}
	for _, path := range []string{"/a/a_unknown", "/a/" + h.tokens[c.TokenHash], "/c/" + strings.TrimPrefix(page, "/a/"), "/a/a_unknown/events"} {
		h.do("GET", path, "").want(t, 404)
	}
	h.change(c.ID, func(c *callback.Callback) { c.State, c.EndedAt = callback.Ended, h.now })
	h.now = h.now.Add(callback.CompanionTime - time.Second)
	h.do("GET", page, "").want(t, 200)
	h.now = h.now.Add(time.Second)
	for _, do := range []string{"done", "wrong", "tomorrow", "note"} {
		h.do("POST", page+"/"+do, "text=x", formType).want(t, 410)
	}
	h.do("GET", page, "").want(t, 410)

	_, page = h.linked(talking())
	h.dir.Representations[annAtAcme].Subscriber = other
	h.dir.Index()
	h.do("GET", page, "").want(t, 404)
	h.do("POST", page+"/done", "", formType).want(t, 404)
	if len(h.remarks) != 0 {
		t.Errorf("on record: %v", h.remarks)
	}
}

// What happens is told as it happens, in the words of the page.
func TestCompanionEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		c, page := h.linked(talking())
		s := h.reads(page + "/events")
		defer s.stop()
		if first := <-s.blocks; !strings.Contains(first, "You are talking.") || strings.Contains(first, "2025550100") || !strings.Contains(first, `"can":["note","done","wrong"]`) {
			t.Errorf("first: %s", first)
		}
		h.change(c.ID, func(c *callback.Callback) {
			c.State, c.Outcome, c.Reason, c.EndedAt = callback.Ended, callback.Completed, callback.ReasonTalked, h.now
		})
		if last := <-s.blocks; !strings.Contains(last, "The call is over. They talked.") || !strings.Contains(last, `"tomorrow"`) {
			t.Errorf("last: %s", last)
		}
	})
}
