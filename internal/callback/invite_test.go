package callback_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/callback"
	"ringback/internal/cti/ctisim"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/letter"
	"ringback/internal/schedule"
	"ringback/internal/subscriber"
)

// mailed is a world in which ann answers, vera is asked for her mail address, and mail leaves the house.
func mailed(t *testing.T) (*world, *doorstep) {
	w := newWorld(t, func(s *directory.Setup) {
		only("ann")(s)
		s.Buttons[0].Fields = []subscriber.Field{{Name: callback.MailField, Label: "Your mail address"}}
	})
	w.phones.Person(telephones["ann"], ctisim.Answers(2*time.Second, 0))
	post := &doorstep{kinds: []letter.Kind{letter.Mail}}
	w.c.Post, w.c.URL, w.c.From = post, "https://call.example", "cb@call.example"
	return w, post
}

func leavesMail(fields map[string]string, when schedule.When) func(*callback.Request) {
	return func(r *callback.Request) {
		r.By, r.SkipLimits, r.Consent, r.Visitor, r.Fields, r.When = nil, false, true, "198.51.100.1", fields, when
	}
}

var herMail = map[string]string{callback.MailField: "vera@example.com"}

// mail takes what is due out of the outbox: each letter's key up to the name of the callback, with its text and calendar.
func (w *world) mail(until time.Duration) (out []letter.Letter) {
	w.Helper()
	at := w.now().Add(until)
	all, err := w.border.inner.(kept).TakeLetters(w.ctx, at, at.Add(1000*time.Hour), 20)
	if err != nil {
		w.Fatal(err)
	}
	return all
}

func kinds(all []letter.Letter) (out []string) {
	for _, l := range all {
		k, _, _ := strings.Cut(l.Key, "/")
		if len(l.Files) > 0 {
			k += " " + method(l)
		}
		out = append(out, k)
	}
	return out
}

func method(l letter.Letter) string { return line(l, "METHOD:") }

// line is a property of a letter's calendar.
func line(l letter.Letter, name string) string {
	if len(l.Files) == 0 {
		return ""
	}
	_, rest, _ := strings.Cut(strings.ReplaceAll(string(l.Files[0].Data), "\r\n ", ""), "\r\n"+name)
	v, _, _ := strings.Cut(rest, "\r\n")
	return v
}

// TestMailOfAPromise: promised, moved and taken back, each with an entry of one name and a growing sequence; a reminder of a time that
// is none any more is told from one that is.
func TestMailOfAPromise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, post := mailed(t)
		defer w.stop()
		cb := w.ask("vera", leavesMail(herMail, schedule.After(5*time.Hour)))
		first := w.mail(5 * time.Hour)
		wantEqual(t, "letters", kinds(first), []string{"promise REQUEST", "remind"})
		if l := first[0]; l.To != "vera@example.com" || l.Callback != cb || !strings.Contains(l.Text, "https://call.example/c/t_") || !strings.Contains(l.Text, "202-555-0190") ||
			line(l, "ORGANIZER:") != "mailto:cb@call.example" || line(l, "DTSTART:") != "20000101T050000Z" || l.Subject != "Acme Plumbing calls you: Sat, Jan 1 at 00:00 (New York time)" {
			t.Errorf("%+v\n%s", l, l.Files)
		}
		if l := first[1]; !l.CreatedAt.Add(4*time.Hour).Equal(w.now().Add(4*time.Hour)) || callback.Superseded(&l, w.stored(cb)) {
			t.Errorf("the reminder: %+v", l)
		}
		if post.posted.Load() == 0 {
			t.Error("nobody is told that there are letters")
		}
		pass(time.Minute)
		if _, err := w.c.Reschedule(w.ctx, cb, schedule.After(6*time.Hour), callback.ByVisitor); err != nil {
			t.Fatal(err)
		}
		moved := w.mail(7 * time.Hour)
		wantEqual(t, "letters", kinds(moved), []string{"promise REQUEST", "remind"})
		if line(moved[0], "UID:") != line(first[0], "UID:") || line(moved[0], "SEQUENCE:") <= line(first[0], "SEQUENCE:") || line(moved[0], "DTSTART:") != "20000101T060100Z" {
			t.Errorf("moved:\n%s", moved[0].Files[0].Data)
		}
		if c := w.stored(cb); !callback.Superseded(&first[1], c) || callback.Superseded(&moved[1], c) {
			t.Error("the old reminder counts, or the new one does not")
		}
		if _, err := w.c.Cancel(w.ctx, cb, callback.ByVisitor); err != nil {
			t.Fatal(err)
		}
		ended := w.mail(0)
		wantEqual(t, "letters", kinds(ended), []string{"recall CANCEL"})
		if l := ended[0]; line(l, "UID:") != line(first[0], "UID:") || line(l, "DTSTART:") != "20000101T060100Z" || line(l, "SEQUENCE:") <= line(moved[0], "SEQUENCE:") || !strings.HasPrefix(l.Text, "You cancelled the call.") {
			t.Errorf("taken back: %s\n%s", l.Text, l.Files[0].Data)
		}
		if !callback.Superseded(&moved[1], w.stored(cb)) {
			t.Error("she is reminded of a call that is cancelled")
		}
	})
}

// TestMailOfTheEnd: a promise that is kept by a talk is followed by nothing; a call that came to nothing is told of.
func TestMailOfTheEnd(t *testing.T) {
	for name, row := range map[string]struct {
		vera ctisim.Person
		when schedule.When
		want []string
	}{
		"they talk":           {ctisim.Answers(2*time.Second, time.Minute), schedule.After(10 * time.Minute), []string{"promise REQUEST"}},
		"they talk at once":   {ctisim.Answers(2*time.Second, time.Minute), schedule.When{}, nil},
		"she declines":        {ctisim.Declines(time.Second), schedule.When{}, []string{"end"}},
		"she declines, later": {ctisim.Declines(time.Second), schedule.After(10 * time.Minute), []string{"promise REQUEST", "end"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, _ := mailed(t)
				defer w.stop()
				w.phones.Person(telephones["vera"], row.vera)
				w.reaches(w.ask("vera", leavesMail(herMail, row.when)), callback.Ended)
				pass(time.Minute)
				wantEqual(t, "letters", kinds(w.mail(0)), row.want)
			})
		})
	}
}

// TestWhoIsNotWrittenTo: nobody is whose button does not ask, who gave no address, or whose address was named too often.
func TestWhoIsNotWrittenTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, post := mailed(t)
		defer w.stop()
		ask := func(visitor string, fields map[string]string) error {
			_, err := w.c.Request(w.ctx, wish(visitor, leavesMail(fields, schedule.After(5*time.Hour))))
			return err
		}
		if err := ask("vera", map[string]string{callback.MailField: "vera at home"}); !fault.Is(err, fault.FieldRequired) {
			t.Errorf("an address that is none: %v", err)
		}
		if err := ask("vera", map[string]string{callback.MailField: " "}); err != nil {
			t.Error(err)
		}
		wantEqual(t, "letters", kinds(w.mail(5*time.Hour)), nil)
		for i, visitor := range []string{"walt", "xena"} {
			if err := ask(visitor, herMail); err != nil {
				t.Errorf("%d: %v", i, err)
			}
		}
		if n := len(w.mail(5 * time.Hour)); n != 4 {
			t.Errorf("%d letters", n)
		}
		for i := range 4 { // two have named it
			r := wish("vera", leavesMail(herMail, schedule.After(5*time.Hour)))
			r.Number = fmt.Sprintf("+1202555016%d", i)
			if _, err := w.c.Request(w.ctx, r); i < 3 && err != nil || i == 3 && !fault.Is(err, fault.LimitVisitor) {
				t.Errorf("the address is named %d times: %v", i+3, err)
			}
		}
		w.mail(5 * time.Hour)
		post.kinds = nil // mail is not set up
		r := wish("vera", leavesMail(herMail, schedule.After(5*time.Hour)))
		r.Number = "+12025550170"
		if _, err := w.c.Request(w.ctx, r); err != nil || len(w.mail(5*time.Hour)) > 0 {
			t.Errorf("a letter waits for a way that is not there: %v", err)
		}
	})
}
