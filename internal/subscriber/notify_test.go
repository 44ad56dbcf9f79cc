package subscriber

import (
	"testing"
	"time"
)

func TestNotify(t *testing.T) {
	for _, c := range []struct {
		n    Notify
		want string
	}{
		{Notify{}, ""},
		{Notify{Mail: "joe@acme.example", SMS: "+12025550112", Missed: true, Digest: "18:00"}, ""},
		{Notify{Mail: "joe"}, "mail"},
		{Notify{SMS: "0170 1"}, "sms"},
		{Notify{SMS: "+1 202 555 0112"}, "sms"},
		{Notify{Missed: true}, "missed"},
		{Notify{SMS: "+12025550112", Digest: "18:00"}, "digest"},
		{Notify{Mail: "joe@acme.example", Digest: "6pm"}, "digest"},
	} {
		if key, why := c.n.Check(); key != c.want {
			t.Errorf("%+v: %s %s, want %q", c.n, key, why, c.want)
		}
	}
	s := Subscriber{TimeZone: "America/New_York", Notify: Notify{Mail: "joe@acme.example", Digest: "18:00"}}
	at, ok := s.DigestAt(time.Date(2026, 7, 2, 2, 0, 0, 0, time.UTC)) // still the first of July there
	if !ok || at.UTC() != time.Date(2026, 7, 1, 22, 0, 0, 0, time.UTC) {
		t.Errorf("the mail of the day at %v %v", at, ok)
	}
}
