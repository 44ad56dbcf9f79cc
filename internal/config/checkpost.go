package config

import (
	"fmt"
	"net/http"
	"net/mail"
	"net/url"
	"strings"
)

func (k *checker) mail(m Mail) {
	if m.URL != "" {
		if u, err := url.Parse(m.URL); err != nil || (u.Scheme != "smtp" && u.Scheme != "smtps") || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" {
			k.refuse("mail.url", "want smtp://user:password@host:587 or smtps://user:password@host:465; in a password, %%40 stands for @ and %%2F for /")
		}
	}
	if m.From != "" {
		if _, err := mail.ParseAddress(m.From); err != nil {
			k.refuse("mail.from", "want a sender such as Callback <cb@example.com>, got %q", m.From)
		}
	}
	k.perDay("mail.per_day", m.PerDay)
}

func (k *checker) sms(s SMS) {
	k.perDay("sms.per_day", s.PerDay)
	k.oneOf("sms.method", s.Method, "POST", "PUT", "GET")
	if s.URL == "" {
		if s.Body != "" || len(s.Headers) > 0 {
			k.refuse("sms.url", "want the address of the gateway, such as https://sms.example.com/send; without it nothing is sent")
		}
		return
	}
	u, err := url.Parse(s.URL)
	switch {
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || strings.Contains(u.Host, "{"):
		k.refuse("sms.url", "want the address of the gateway, such as https://sms.example.com/send")
		return
	case u.Scheme == "http" && !s.AllowPrivate:
		k.refuse("sms.url", "messages and keys would travel in the clear: write https://, or allow_private: true for a gateway in your own network")
	case u.Fragment != "":
		k.refuse("sms.url", "what stands behind # is not sent: take it away")
	}
	all := s.URL + s.Body
	if !strings.Contains(all, "{text}") || !strings.Contains(all, "{to}") && !strings.Contains(all, "{digits}") {
		k.refuse("sms.body", "want {to} or {digits}, and {text}, in the body or the url: without them every message is the same")
	}
	if s.Method == http.MethodGet && s.Body != "" {
		k.refuse("sms.body", "a GET has no body: write url with ?to={to}&text={text}, or method: POST")
	}
	for name, v := range s.Headers {
		if name == "" || strings.ContainsFunc(name, notInName) || strings.ContainsAny(v, "\r\n") {
			k.refuse("sms.headers", "%q is no header", name)
		}
	}
}

// notInName: RFC 9110 section 5.6.2, token.
func notInName(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
}

func (k *checker) perDay(key string, n int) {
	if n < 0 {
		k.refuse(key, "want a number of messages from 1 on, or 0 for no limit, got %d", n)
	}
}

func (k *checker) alarms(a Alarms, m Mail) {
	for i, to := range a.Mail {
		if at, err := mail.ParseAddress(to); err != nil || at.Address != to {
			k.refuse(fmt.Sprintf("alarms.mail[%d]", i), "want an address such as you@example.com, got %q", to)
		}
	}
	if len(a.Mail) > 0 && m.URL == "" {
		k.refuse("alarms.mail", "no mail leaves: set mail.url")
	}
	w := a.Webhook
	u, err := url.Parse(w.URL)
	switch {
	case w.URL == "" && w.Secret != "":
		k.refuse("alarms.webhook.url", "want the address of the program, such as https://ops.example.com/ringback")
	case w.URL == "":
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "":
		k.refuse("alarms.webhook.url", "want the address of the program, such as https://ops.example.com/ringback")
	case u.Scheme == "http" && !w.AllowPrivate:
		k.refuse("alarms.webhook.url", "alarms would travel in the clear: write https://, or allow_private: true for a program in your own network")
	case len(w.Secret) < 16:
		k.refuse("alarms.webhook.secret", "want 16 characters or more: by it the program tells our alarms from a stranger's")
	}
}
