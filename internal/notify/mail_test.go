package notify

import (
	"errors"
	"net/mail"
	"strings"
	"testing"
	"time"

	"ringback/internal/letter"
)

func aMail() *letter.Letter {
	return &letter.Letter{ID: "let_01kjpwd6qx8gsqrkyzwbwm0gh0", Address: letter.Address{Kind: letter.Mail, To: "ann@example.com"}, Subject: "Acme: Zoë’s call",
		Text: "Zoë 📞\n.a line with a dot\n", Files: []letter.File{{Name: "call.ics", Type: "text/calendar; charset=utf-8; method=REQUEST", Data: []byte("BEGIN:VCALENDAR\r\n")}},
		CreatedAt: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
}

func TestMailLeaves(t *testing.T) {
	for name, change := range map[string]func(*mailServer){
		"in the clear, no password":   func(*mailServer) {},
		"STARTTLS with a password":    func(s *mailServer) { s.tls, s.auth = true, "ann@x:p:w" },
		"TLS from the beginning":      func(s *mailServer) { s.implicit, s.auth = true, "ann@x:p:w" },
		"a password on this machine":  func(s *mailServer) { s.auth = "ann@x:p:w" },
		"who breaks off at the end":   func(s *mailServer) { s.say["RSET"] = "421 4.3.2 closing" },
		"STARTTLS without a password": func(s *mailServer) { s.tls = true },
	} {
		t.Run(name, func(t *testing.T) {
			s := newMailServer(t, change)
			info := ""
			if s.auth != "" {
				info = "ann%40x:p%3Aw@"
			}
			if err := s.mailer(info).Send(t.Context(), aMail()); err != nil {
				t.Fatal(err)
			}
			all := s.got()
			if len(all) != 1 {
				t.Fatalf("%d mails", len(all))
			}
			m, err := mail.ReadMessage(strings.NewReader(all[0]))
			if err != nil {
				t.Fatal(err)
			}
			for h, want := range map[string]string{"Message-Id": "<let_01kjpwd6qx8gsqrkyzwbwm0gh0@example.com>", "From": `"Callback" <cb@example.com>`, "To": "<ann@example.com>",
				"Date": "Mon, 02 Mar 2026 09:00:00 +0000", "Auto-Submitted": "auto-generated", "User-Agent": "", "X-Mailer": ""} {
				if got := m.Header.Get(h); got != want {
					t.Errorf("%s: %q, want %q", h, got, want)
				}
			}
			if !strings.Contains(all[0], "text/calendar") || !strings.Contains(all[0], "=F0=9F=93=9E") {
				t.Errorf("the text:\n%s", all[0])
			}
			if s.clear > 0 && name != "a password on this machine" {
				t.Error("a password travelled in the clear")
			}
			if heard := strings.Join(s.heard, "\n"); !strings.Contains(heard, "EHLO call.example.com") {
				t.Errorf("heard:\n%s", heard)
			}
		})
	}
}

// What a server says decides whether it is tried again; neither address nor password is repeated.
func TestMailTrouble(t *testing.T) {
	for _, row := range []struct {
		name, verb, answer, want string
		final                    bool
	}{
		{"recipient for good", "RCPT", "550 5.1.1 no ann@example.com here", "the mail server says 550 5.1.1 to the recipient", true},
		{"recipient for now", "RCPT", "451 4.7.1 greylisted", "the mail server says 451 4.7.1 to the recipient", false},
		{"sender", "MAIL", "550 5.7.1 not you", "the mail server says 550 5.7.1 to the sender", false},
		{"text for good", ".", "554 5.6.0 spam", "the mail server says 554 5.6.0 to the message", true},
		{"text for now", ".", "452 4.3.1 full", "the mail server says 452 4.3.1 to the message", false},
		{"data", "DATA", "421 4.3.2 closing", "the mail server says 421 4.3.2 to the message", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newMailServer(t, func(s *mailServer) { s.say[row.verb] = row.answer })
			isTrouble(t, s.mailer("").Send(t.Context(), aMail()), row.want, row.final)
		})
	}
	s := newMailServer(t, func(s *mailServer) { s.tls, s.auth = true, "u:right" })
	isTrouble(t, s.mailer("u:wr0ng@").Send(t.Context(), aMail()), "the mail server cannot be reached: ", false)
	s = newMailServer(t, func(s *mailServer) { s.cut = true })
	isTrouble(t, s.mailer("").Send(t.Context(), aMail()), "the connection to the mail server broke", false)
	s = newMailServer(t, nil)
	s.l.Close()
	isTrouble(t, s.mailer("").Send(t.Context(), aMail()), "the mail server cannot be reached: ", false)
	bad := aMail()
	bad.To = "ann@example.com\r\nBcc: x@y.example"
	isTrouble(t, s.mailer("").Send(t.Context(), bad), "it cannot be written as a mail", true)
}

// A certificate that nobody vouches for ends it before the password is said.
func TestMailTrustsNobody(t *testing.T) {
	for _, implicit := range []bool{true, false} {
		s := newMailServer(t, func(s *mailServer) { s.tls, s.implicit, s.auth = !implicit, implicit, "u:p" })
		_, s.pool = certificate(t) // another authority
		isTrouble(t, s.mailer("u:p@").Send(t.Context(), aMail()), "the mail server cannot be reached: ", false)
		if heard := strings.Join(s.heard, "\n"); strings.Contains(heard, "AUTH") {
			t.Errorf("the password was said:\n%s", heard)
		}
	}
}

func TestMailerIsRefused(t *testing.T) {
	for _, c := range []MailConfig{{URL: "smtp://", From: "a@b.example"}, {URL: "smtp://u:s3cret@h:port", From: "a@b.example"}, {URL: "smtp://h", From: "nobody"}} {
		if _, err := NewMailer(c); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%v: %v", c, err)
		}
	}
}

func isTrouble(t *testing.T, err error, want string, final bool) {
	t.Helper()
	var tr *Trouble
	if !errors.As(err, &tr) || !strings.HasPrefix(tr.Say, want) || tr.Final != final || strings.Contains(tr.Say, "ann@") || strings.Contains(tr.Say, "wr0ng") {
		t.Errorf("trouble %#v, want %q, final %v", err, want, final)
	}
}
