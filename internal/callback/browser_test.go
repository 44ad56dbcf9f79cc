package callback_test

import (
	"context"
	"strings"
	"testing"

	"ringback/internal/callback"
	"ringback/internal/consent"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisim"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
)

// talksHere lets a visitor ask to talk in the browser.
func (w *world) talksHere(button string) (id.Callback, error) {
	m, err := w.c.Request(context.Background(), callback.Request{Button: button, Channel: callback.Web, Consent: true, Visitor: "192.0.2.1"})
	if err != nil {
		return "", err
	}
	w.wishes = append(w.wishes, m.Callback.ID)
	return m.Callback.ID, nil
}

// A visitor talks in the browser: nobody asks for a number, the page is rung once an agent has answered, and who closes it
// is not called again. A button without the channel refuses.
func TestVisitorTalksInTheBrowser(t *testing.T) {
	web := func(s *directory.Setup) {
		only("ann")(s)
		s.Buttons[0].Channels = []string{callback.Phone, callback.Web}
	}
	play(t, web, people{"ann": one(ctisim.Answers(s(3), 0))}, func(w *world) {
		cb, err := w.talksHere("acme-main")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.sw.Connect(context.Background(), string(cb), "offer"); err != nil {
			t.Fatal(err)
		}
		c := w.reaches(cb, callback.Connected)
		shown := ""
		err = w.border.inner.(consent.Ledger).Consents(w.ctx, consent.Filter{}, func(k consent.Kept) error { shown += k.Shown.Words; return nil })
		if err != nil || !strings.Contains(shown, "here in the browser") {
			t.Errorf("she agreed to %q, %v", shown, err)
		}
		if c.Endpoint != cti.BrowserOf(string(cb)) || c.Number != "" || c.Tries != 1 {
			t.Errorf("endpoint %s, number %q, %d tries", c.Endpoint, c.Number, c.Tries)
		}
		pass(s(5))
		w.sw.Lose(string(cb))
		c = w.reaches(cb, callback.Ended)
		if c.Outcome != callback.Completed {
			t.Errorf("outcome %s", c.Outcome)
		}
	})
	play(t, web, people{"ann": one(ctisim.Answers(s(3), 0))}, func(w *world) {
		cb, err := w.talksHere("acme-main") // and the page is closed before anybody answers
		if err != nil {
			t.Fatal(err)
		}
		if c := w.reaches(cb, callback.Ended); c.Outcome != callback.VisitorNoAnswer || c.Reason != callback.ReasonNoPage || len(c.Attempts) != 1 {
			t.Errorf("outcome %s (%s) after %d attempts", c.Outcome, c.Reason, len(c.Attempts))
		}
		told := ""
		for _, l := range w.journal(cb) {
			if l.Event == "visitor_missed" {
				told = l.Detail
			}
		}
		if !strings.Contains(told, "the visitor's page was closed") {
			t.Errorf("the journal says %q", told)
		}
	})
	play(t, web, people{"ann": one(ctisim.Answers(s(3), 0)), "vera": one(ctisim.Answers(s(3), s(30)))}, func(w *world) {
		cb, err := w.talksHere("acme-main") // and she would rather be called
		if err != nil {
			t.Fatal(err)
		}
		c, err := w.c.ChangeNumber(context.Background(), cb, telephones["vera"].Number(), callback.ByVisitor)
		if err != nil {
			t.Fatal(err)
		}
		if c.Endpoint != telephones["vera"] || c.Tries < 2 {
			t.Errorf("endpoint %s, %d tries", c.Endpoint, c.Tries)
		}
		if c := w.reaches(cb, callback.Ended); c.Outcome != callback.Completed {
			t.Errorf("outcome %s", c.Outcome)
		}
	})
	play(t, only("ann"), people{}, func(w *world) {
		if _, err := w.talksHere("acme-main"); !fault.Is(err, fault.ChannelUnavailable) {
			t.Errorf("without the channel: %v", err)
		}
	})
}
