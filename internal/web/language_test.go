package web_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/fault"
	"ringback/internal/subscriber"
	"ringback/internal/web/door"
	"ringback/internal/words"
)

// What a page may hold in Latin letters in any language: names, and what is the business's own.
var names = regexp.MustCompile(`Acme Plumbing|Ann at Acme|Which boiler\?|the old one|Vera|New York|English|Deutsch|Français|Español|JavaScript|req_\w+`)

var (
	tags  = regexp.MustCompile(`(?s)<(?:head|select|noscript)\b.*?</(?:head|select|noscript)>|<[^>]*>`)
	latin = regexp.MustCompile(`[A-Za-z]{2,}[^<]*`)
)

// english is what is left of a page in Arabic in Latin letters.
func english(page string) string {
	return latin.FindString(names.ReplaceAllString(tags.ReplaceAllString(unescape(page), " "), ""))
}

// Every page of a visitor, in every state, says nothing in English to who reads Arabic.
func TestNoPageLeavesEnglishOver(t *testing.T) {
	h := newHouse(t)
	look := func(what, page string) {
		t.Helper()
		if left := english(page); left != "" {
			t.Errorf("%s: %.60q is left over", what, left)
		}
		if !strings.Contains(page, `<html lang="ar" dir="rtl">`) {
			t.Errorf("%s: the page is not in Arabic", what)
		}
		if head := regexp.MustCompile(`<title>(.*)</title>`).FindStringSubmatch(unescape(page)); head == nil || latin.MatchString(names.ReplaceAllString(head[1], "")) {
			t.Errorf("%s: its title is %q", what, head)
		}
	}
	const ar = "Accept-Language: ar-EG,ar;q=0.9,en;q=0.8"
	look("form", h.do("GET", "/b/acme-main", "", ar).want(t, 200).body)
	look("form with faults", h.do("POST", "/b/acme-main", filled("when", "at", "at", "nonsense"), formType, ar).want(t, 422).body)
	look("form that was not taken", func() string {
		h.fail(fault.At("when", fault.OutsideHours, "%s", "That time is taken. Choose another one.").After(10 * time.Minute))
		return h.do("POST", "/b/acme-main", filled(), formType, ar).want(t, 422).body
	}())
	for _, c := range everyState() {
		_, token := h.call(*c)
		paths := []string{"/c/" + token, "/r/" + token}
		if c.State == callback.RingingAgent || c.State == callback.Scheduled && c.Reason == callback.ReasonBooked {
			paths = append(paths, "/c/"+token+"/number", "/c/"+token+"/reschedule", "/c/"+token+"/opt_out")
		}
		for _, path := range paths {
			if a := h.do("GET", path, "", ar); a.StatusCode == 200 {
				look(fmt.Sprintf("%s %s %s %s", path[:3], c.State, c.Outcome, c.Reason), a.body)
			}
		}
	}
	look("stop", h.do("GET", "/stop", "", ar).want(t, 200).body)
	look("stop without a number", h.do("POST", "/stop", "number=", formType, ar).want(t, 422).body)
	look("stopped", h.do("POST", "/stop", "number=%2B12025550100", formType, ar).want(t, 200).body)
	look("nothing there", h.do("GET", "/b/nope", "", ar).want(t, 404).body)
	h.now = time.Date(2026, 12, 6, 15, 0, 0, 0, time.UTC) // a Sunday
	look("form when it is closed", h.do("GET", "/b/acme-main", "", ar).want(t, 200).body)
	h.dir.Buttons[acmeMain].Closed = true
	look("form that takes none", h.do("GET", "/b/acme-main", "", ar).want(t, 200).body)
}

// everyState are callbacks in each state, and ended for each reason.
func everyState() (out []*callback.Callback) {
	due := time.Date(2026, 12, 2, 15, 0, 0, 0, time.UTC)
	attempt := []callback.Attempt{{N: 1, Agent: ann, Representation: annAtAcme, Legs: []callback.Leg{{Party: cti.Visitor, State: cti.Ringing, RingingAt: due}}}}
	nobody := []callback.Attempt{{N: 1}}
	for _, order := range []subscriber.Order{subscriber.AgentFirst, subscriber.VisitorFirst} {
		for _, to := range []cti.Endpoint{"tel:+12025550100", "web:cb_x"} {
			for _, s := range []callback.State{callback.Queued, callback.RingingAgent, callback.RingingVisitor, callback.Connected} {
				for _, a := range [][]callback.Attempt{attempt, nobody} {
					out = append(out, &callback.Callback{State: s, Endpoint: to, Order: order, Attempts: a})
				}
			}
		}
	}
	for _, r := range callback.Reasons() {
		out = append(out, &callback.Callback{State: callback.Scheduled, DueAt: due, Reason: r}, &callback.Callback{State: callback.Queued, Reason: r},
			&callback.Callback{State: callback.Ended, EndedAt: due.Add(-24 * time.Hour), Reason: r})
	}
	for _, o := range []callback.Outcome{callback.Completed, callback.VisitorNoAnswer, callback.VisitorBusy, callback.VisitorDeclined, callback.Machine,
		callback.NoAgent, callback.Refused, callback.Cancelled, callback.Expired, callback.Failed} {
		out = append(out, &callback.Callback{State: callback.Ended, EndedAt: due.Add(-24 * time.Hour), Outcome: o})
	}
	return out
}

func TestWhichLanguage(t *testing.T) {
	h := newHouse(t)
	h.dir.Subscribers[acme].Language = "es"
	for _, c := range []struct{ query, accepts, want string }{
		{"", "", "es"}, {"", "fr-CA,fr", "fr"}, {"?lang=de", "fr-CA,fr", "de"}, {"?lang=xx", "fr", "fr"}, {"", "it", "es"}, {"?lang=AR", "", "ar"},
	} {
		page := h.do("GET", "/b/acme-main"+c.query, "", "Accept-Language: "+c.accepts).want(t, 200)
		if !strings.Contains(page.body, `<html lang="`+c.want+`"`) || !strings.Contains(page.body, `name="language" value="`+c.want+`"`) {
			t.Errorf("%+v: %.40s", c, page.body)
		}
		var form struct {
			Language, Direction string
			Texts               map[string]string
			Consent             struct{ Text string }
		}
		h.do("GET", "/api/v1/public/buttons/acme-main"+c.query, "", "Accept-Language: "+c.accepts).want(t, 200).read(t, &form)
		in := words.Built().Find(c.want)
		if form.Language != c.want || form.Direction != in.Dir() || form.Texts["submit"] != in.Say("Call me") || !strings.Contains(unescape(page.body), form.Consent.Text) {
			t.Errorf("%+v: the button says %+v", c, form)
		}
	}
	page := h.do("GET", "/b/acme-main?page=x&lang=de", "").want(t, 200).body
	for _, want := range []string{`<a href="?lang=ar&amp;page=x" lang="ar" hreflang="ar" rel="nofollow">العربية</a>`, `<span lang="de" aria-current="true">Deutsch</span>`} {
		if !strings.Contains(page, want) {
			t.Errorf("there is no choice of languages: %s", want)
		}
	}
}

// The language that was chosen stays that of the callback, of its page and of what goes wrong.
func TestTheLanguageIsKept(t *testing.T) {
	h := newHouse(t)
	a := h.do("POST", "/b/acme-main", filled("language", "de"), formType).want(t, 303)
	b := h.do("POST", wishes, `{"number":"+12025550101","consent":true,"fields":{"boiler":"x"},"nonce":"n_0123456789abcde2"}`, "Accept-Language: fr").want(t, 201)
	h.do("POST", wishes, `{"number":"+12025550102","consent":true,"language":"it","fields":{"boiler":"x"},"nonce":"n_0123456789abcde3"}`, "Accept-Language: fr").want(t, 201)
	h.do("POST", wishes, `{"number":"+12025550103","consent":true,"fields":{"boiler":"x"},"nonce":"n_0123456789abcde4"}`).want(t, 201)
	var kept, shown []string
	for _, r := range h.asked {
		kept, shown = append(kept, r.Language), append(shown, r.Shown)
	}
	if !slices.Equal(kept, []string{"de", "fr", "it", ""}) || !slices.Equal(shown, []string{"de", "fr", "fr", "en"}) {
		t.Errorf("languages %q, shown in %q", kept, shown)
	}
	page := h.do("GET", a.Header.Get("Location"), "", "Accept-Language: fr").want(t, 200).body
	if !strings.Contains(page, `<html lang="de"`) || !strings.Contains(page, "/events?lang=de") || !strings.Contains(unescape(page), "Wir suchen jemanden für Sie.") {
		t.Errorf("the page of a German callback: %s", page)
	}
	other := h.do("GET", a.Header.Get("Location")+"?lang=ar", "").want(t, 200).body
	if !strings.Contains(other, `<html lang="ar"`) || !strings.Contains(other, `/cancel?lang=ar"`) {
		t.Error("the page in another language does not stay in it")
	}
	if back := h.do("POST", a.Header.Get("Location")+"/cancel?lang=ar", "", formType).want(t, 303); !strings.HasSuffix(back.Header.Get("Location"), "?lang=ar") {
		t.Errorf("after cancelling: %s", back.Header.Get("Location"))
	}
	var view struct{ Message, Token string }
	b.read(t, &view)
	h.do("GET", "/api/v1/public/callbacks/"+view.Token, "").want(t, 200).read(t, &view)
	if view.Message != "Nous cherchons quelqu’un pour vous." {
		t.Errorf("the API says %q", view.Message)
	}
}

func TestProblemsOfVisitorsAreInTheirLanguage(t *testing.T) {
	h := newHouse(t)
	for _, c := range []struct {
		err           error
		title, detail string
	}{
		{fault.At("number", fault.NumberRegion, "%s calls numbers of %s only. Give a number of that country, or write to us instead.", "Acme", "US"),
			"In dieses Land rufen wir nicht an", "Acme ruft nur Nummern aus US an. Geben Sie eine Nummer aus diesem Land an oder schreiben Sie uns."},
		{fault.At("when", fault.OutsideHours, "%s", "That time is taken. Choose another one."), "Außerhalb der Öffnungszeiten", "Diese Zeit ist vergeben. Wählen Sie eine andere."},
		{fault.At("number", fault.NumberType, "A sentence that nobody has translated %d.", 3), "Nummern dieser Art rufen wir nicht an", "Nummern dieser Art rufen wir nicht an."},
	} {
		h.fail(c.err)
		var p door.Problem
		h.do("POST", wishes, `{"number":"x","consent":true,"language":"de","fields":{"boiler":"x"}}`).want(t, 422).read(t, &p)
		if p.Title != c.title || p.Detail != c.detail || p.Errors[0].Message != c.detail {
			t.Errorf("%+v", p)
		}
	}
	h.fail(fault.New(fault.NumberType, "Numbers of this kind cannot be called. Give an ordinary landline or mobile number."))
	var p door.Problem
	h.do("POST", "/api/v1/callbacks", `{"button":"acme-main","number":"x"}`, key(acmeKey), "Accept-Language: de").want(t, 422).read(t, &p)
	if !strings.HasPrefix(p.Detail, "Numbers") {
		t.Errorf("with a key: %+v", p)
	}
}

// read reads an answer in JSON.
func (a answer) read(t *testing.T, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), into); err != nil {
		t.Fatalf("%v\n%s", err, a.body)
	}
}
