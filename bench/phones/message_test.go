package phones

import (
	"strings"
	"testing"
)

const invite = "INVITE sip:c12@127.0.0.1:7000 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKa\r\nvia: SIP/2.0/UDP 127.0.0.2;branch=z9hG4bKb\r\n" +
	"From: <sip:r@127.0.0.1>;tag=f\r\nTo: <sip:c12@127.0.0.1:7000>\r\nCall-ID: x@y\r\nCSeq: 1 INVITE\r\nContact: <sip:r@127.0.0.1:5060>;a=b\r\n\r\n" +
	"v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 20000 RTP/AVP 0 101\r\n"

func TestMessage(t *testing.T) {
	m := message(invite)
	if m.method() != "INVITE" || callOf(m.uri()) != 12 || m.header("call-id") != "x@y" || len(m.headers("Via")) != 2 {
		t.Errorf("read %q %q %q %q", m.method(), m.uri(), m.header("call-id"), m.headers("Via"))
	}
	if a := m.media(); a.String() != "127.0.0.1:20000" {
		t.Errorf("media at %v", a)
	}
	if got := addrOf(m.header("Contact")); got != "sip:r@127.0.0.1:5060" {
		t.Errorf("contact %q", got)
	}
	r := message(reply(m, 200, "OK", "t", "Contact: <sip:x>\r\n", "v=0\r\n"))
	if r.header("To") != "<sip:c12@127.0.0.1:7000>;tag=t" || len(r.headers("Via")) != 2 || r.header("Content-Length") != "5" || !strings.HasSuffix(string(r), "\r\n\r\nv=0\r\n") {
		t.Errorf("reply:\n%s", r)
	}
}

func TestCallOf(t *testing.T) {
	for uri, want := range map[string]int{"sip:c1@h": 1, "sip:a77@h:5060": 77, "sip:c@h": -1, "sip:h": -1, "": -1, "sip:c-1@h": -1, "sip:cx@h": -1} {
		if got := callOf(uri); got != want {
			t.Errorf("%q is call %d, want %d", uri, got, want)
		}
	}
}

func FuzzMessage(f *testing.F) {
	f.Add(invite)
	f.Add("SIP/2.0 200 OK\r\n\r\n")
	f.Add("m=audio 99999\nc=IN IP4 x\n")
	f.Fuzz(func(t *testing.T, s string) {
		m := message(s)
		callOf(m.uri())
		addrOf(m.header("Contact"))
		if a := m.media(); a.IsValid() && a.Port() == 0 {
			t.Errorf("speech to port 0 of %q", s)
		}
		reply(m, 200, "OK", "t", "", "")
	})
}
