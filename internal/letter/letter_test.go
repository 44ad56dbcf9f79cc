package letter

import (
	"strings"
	"testing"
	"time"
)

func TestRest(t *testing.T) {
	for try, want := range map[int]time.Duration{0: 15 * time.Second, 1: 15 * time.Second, 2: 30 * time.Second, 3: time.Minute, 9: 64 * time.Minute,
		10: 2 * time.Hour, 15: 2 * time.Hour, 16: 2 * time.Hour, 1000: 2 * time.Hour} {
		if got := Rest(try, 0); got != want {
			t.Errorf("after try %d: %v, want %v", try, got, want)
		}
	}
	if got := Rest(1, 0.5); got != 16500*time.Millisecond {
		t.Errorf("spread: %v", got)
	}
}

// A letter that nobody takes is tried for a day and then given up, not earlier and not for ever.
func TestGivenUpAfterADay(t *testing.T) {
	begun := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	l := Letter{CreatedAt: begun, DueAt: begun}
	for !l.Done() && l.Tries < 100 {
		l.Tries++
		l = l.Failed(l.DueAt, "503", false, 0.99)
	}
	if lasted := l.GivenUpAt.Sub(begun); lasted < 21*time.Hour || lasted > Patience || l.Tries < 15 || l.Tries > 25 {
		t.Errorf("given up after %v and %d tries", lasted, l.Tries)
	}
	soon := Letter{CreatedAt: begun, LastAt: begun.Add(10 * time.Second)}
	if got := soon.Failed(begun, "503", false, 0); got.GivenUpAt.IsZero() {
		t.Error("it is tried after it is of no use")
	}
	if got := l.Failed(begun, "550", true, 0); got.GivenUpAt != begun || got.Trouble != "550" {
		t.Errorf("final: %+v", got)
	}
}

func TestMasked(t *testing.T) {
	for a, want := range map[Address]string{
		{Mail, "zoë@example.com"}:  "z•••@example.com",
		{Mail, "élan@example.com"}: "é•••@example.com",
		{Mail, "broken"}:           "•••",
		{Mail, "@example.com"}:     "•••",
		{SMS, "+12025550100"}:      "+12•••••0100",
	} {
		if got := a.Masked(); got != want {
			t.Errorf("%s: %s, want %s", a.To, got, want)
		}
	}
}

func TestParseAddress(t *testing.T) {
	for _, good := range []Address{{Mail, "ann@example.com"}, {SMS, "+12025550112"}, {SMS, "+4915123456789"}} {
		if got, err := ParseAddress(good.Kind, good.To); err != nil || got != good {
			t.Errorf("%v: %v %v", good, got, err)
		}
	}
	for _, bad := range []Address{{Mail, ""}, {Mail, "ann"}, {Mail, "Ann <ann@example.com>"}, {Mail, "a@b.example, c@d.example"}, {Mail, "a@b.example\r\nBcc: x@y.example"},
		{SMS, ""}, {SMS, "2025550112"}, {SMS, "+1900555010"}, {SMS, "+19005550106"}, {SMS, "+4930123456"}, {SMS, "+881612345678"}, {SMS, "911"}, {"fax", "+12025550112"}, {}} {
		if got, err := ParseAddress(bad.Kind, bad.To); err == nil {
			t.Errorf("%v is taken: %v", bad, got)
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{"ann@example.com", "+12025550112", "\"a b\"@x.example", "a@[127.0.0.1]", "+1", "@"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, k := range []Kind{Mail, SMS} {
			if a, err := ParseAddress(k, s); err == nil {
				if b, err := ParseAddress(k, a.To); err != nil || a != b || strings.ContainsAny(a.To, "\r\n") {
					t.Errorf("%s %q: %v, then %v %v", k, s, a, b, err)
				}
			}
		}
	})
}
