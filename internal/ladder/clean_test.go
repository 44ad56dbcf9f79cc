package ladder

import (
	"strings"
	"testing"
)

const full = "INVITE sip:+12025550100@10.0.0.1:5060;user=phone SIP/2.0\r\n" +
	"Via: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK1234567890;rport\r\n" +
	"From: \"Acme · Vera +1 202 555 0100\" <sip:12025550190@10.0.0.9>;tag=1234567890\r\n" +
	"To: <tel:+1-202-555-0100>\r\n" +
	"t: Vera <sip:1001@10.0.0.1:5060>\r\n" +
	"Call-ID: 12345678901234567890\r\n" +
	"P-Asserted-Identity: \"V\" <sip:+12025550100@c.example>,\r\n  <tel:+12025550100>\r\n" +
	"Proxy-Authorization: Digest username=\"u\", response=\"canary\",\r\n nonce=\"canary\"\r\n" +
	"Contact: <sip:ringback@10.0.0.9:5060>\r\n" +
	"X-Ringback-Leg: leg_01jd\r\n" +
	"Content-Type: application/sdp\r\n" +
	"Content-Length: 99\r\n\r\n" +
	"v=0\r\no=- 1234567890 1 IN IP4 10.0.0.9\r\n" +
	"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:canarycanarycanary|2^20\r\na=ice-pwd:canary\r\na=rtpmap:0 PCMU/8000\r\n"

const cleaned = "INVITE sip:+xxxxxxxx100@10.0.0.1:5060;user=phone SIP/2.0\r\n" +
	"Via: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK1234567890;rport\r\n" +
	"From: \"(name)\" <sip:xxxxxxxx190@10.0.0.9>;tag=1234567890\r\n" +
	"To: <tel:+xxxxxxxxxxx100>\r\n" +
	"t: \"(name)\" <sip:x001@10.0.0.1:5060>\r\n" +
	"Call-ID: 12345678901234567890\r\n" +
	"P-Asserted-Identity: \"(name)\" <sip:+xxxxxxxx100@c.example>,\r\n  <tel:+xxxxxxxx100>\r\n" +
	"Proxy-Authorization: (removed)\r\n (removed)\r\n" +
	"Contact: <sip:ringback@10.0.0.9:5060>\r\n" +
	"X-Ringback-Leg: leg_01jd\r\n" +
	"Content-Type: application/sdp\r\n" +
	"Content-Length: 99\r\n\r\n" +
	"v=0\r\no=- 1234567890 1 IN IP4 10.0.0.9\r\n" +
	"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:xxxxxxxxxxxxxxxxxxxxxxx\r\na=ice-pwd:xxxxxx\r\na=rtpmap:0 PCMU/8000\r\n"

// What identifies a person or opens a door is not kept; what tells a call apart is.
func TestClean(t *testing.T) {
	got := string(Clean([]byte(full)))
	if got != cleaned {
		t.Errorf("got\n%s\nwant\n%s", got, cleaned)
	}
	for _, secret := range []string{"canary", "2025550", "555-01", "Vera", "Acme"} {
		if strings.Contains(got, secret) {
			t.Errorf("%s is kept", secret)
		}
	}
}

// A key that was pressed may be a secret.
func TestCleanKeys(t *testing.T) {
	for body, want := range map[string]string{"Signal=5\r\nDuration=160\r\n": "Signal=x\r\nDuration=160\r\n", "5": "x"} {
		head := "INFO sip:ringback@10.0.0.9 SIP/2.0\r\nCall-ID: a\r\nContent-Type: application/dtmf-relay\r\n\r\n"
		if got := string(Clean([]byte(head + body))); got != head+want {
			t.Errorf("%q became %q", body, got)
		}
	}
}

func TestCallID(t *testing.T) {
	for msg, want := range map[string]string{full: "12345678901234567890", "BYE x SIP/2.0\r\ni : a@b\r\n\r\n": "a@b", "BYE x SIP/2.0\r\n\r\nCall-ID: a\r\n": "", "": ""} {
		if got := string(CallID([]byte(msg))); got != want {
			t.Errorf("%.20q has Call-ID %q, want %q", msg, got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add([]byte(full))
	f.Add([]byte("INFO x SIP/2.0\r\nc: application/dtmf\r\n\r\n5"))
	f.Add([]byte("\r\n\r\n"))
	f.Add([]byte("SIP/2.0 200 OK\nFrom: \"a\\\"<\" <sip:1@2>\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		before := string(b)
		out := Clean(b)
		if string(b) != before {
			t.Error("the message was changed")
		}
		if len(out) > 2*len(b)+200*(1+strings.Count(before, "\n")) {
			t.Errorf("%d bytes became %d", len(b), len(out))
		}
		CallID(b)
	})
}

func BenchmarkClean(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Clean([]byte(full))
	}
}
