package dialog

import (
	"strings"
	"testing"
	"time"
)

func TestRequestOf(t *testing.T) {
	for in, want := range map[string]string{
		"BYE sip:x SIP/2.0\r\nVia: y\r\nCall-ID: a@b\r\n\r\n": "BYE a@b",
		"INVITE sip:x SIP/2.0\ni:  7 \n\n":                    "INVITE 7",
		"SIP/2.0 200 OK\r\nCall-ID: a@b\r\n\r\n":              " ",
		"BYE sip:x SIP/2.0\r\n\r\nCall-ID: a@b\r\n":           " ",
		"BYE": " ", "": " ",
	} {
		if m, id := requestOf([]byte(in)); m+" "+id != want {
			t.Errorf("%q: %q %q", in, m, id)
		}
	}
	var s shutOut
	n, now := 0, time.Unix(1, 0)
	for range 100 {
		if s.looks(now) {
			n++
		}
	}
	if n != shutOutMost || !s.looks(now.Add(time.Second)) {
		t.Errorf("looked at %d in a second", n)
	}
}

func FuzzRequestOf(f *testing.F) {
	f.Add([]byte("BYE sip:x SIP/2.0\r\nCall-ID: a@b\r\n\r\n"))
	f.Add([]byte("SIP/2.0 200 OK\r\ni: 1\r\n"))
	f.Add([]byte(" \n:\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, id := requestOf(b); strings.ContainsAny(m+id, "\n") || (m == "") && id != "" {
			t.Errorf("%q %q", m, id)
		}
	})
}
