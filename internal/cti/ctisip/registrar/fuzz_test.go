package registrar

import (
	"strings"
	"testing"
)

// What is read from a Contact can be written into a request line and a header.
func FuzzContact(f *testing.F) {
	for _, s := range []string{"*", "<sip:ann@10.0.0.1:5060;transport=tcp>;expires=60", `"A, \" B" <sips:x@[2001:db8::1]:5061>;+sip.instance="<urn:uuid:1>"`,
		"sip:ann@host.example;expires=0", "<sip:a@b?Route=x>", "<sip:a@b>,<sip:c@d>", "<sip:%00@x>", "<sip:@>", "<", `"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		all, err := parseContacts([]string{s})
		if err != nil {
			return
		}
		for _, c := range all {
			if strings.ContainsAny(c.uri, " \t\r\n<>\"\x00") || strings.ContainsAny(c.instance, "\r\n\"") || c.expires < -1 {
				t.Fatalf("%q became %+v", s, c)
			}
			if !c.star {
				if again, err := parseContact("<" + c.uri + ">"); err != nil || again.uri != c.uri {
					t.Fatalf("%q became %q, which is read as %q (%v)", s, c.uri, again.uri, err)
				}
				contactAddr(c.uri)
			}
		}
	})
}

func FuzzAuthorization(f *testing.F) {
	for _, s := range []string{proof("ann", "pw", "abc", "00000001", "MD5"), `Digest username="a\"b",nonce=x , uri="u",response=r`, "Basic YQ==", "Digest", "Digest =", `Digest a="`, "Digest username=a,username=b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, ok := parseCredentials(s)
		if ok && (c.username == "" || c.nonce == "" || c.response == "") {
			t.Fatalf("%q: %+v", s, c)
		}
		c.uses()
	})
}

func FuzzJudge(f *testing.F) {
	f.Add([]byte("REGISTER sip:x SIP/2.0\r\n"))
	f.Add([]byte("\r\n\r\nREGISTER sips:[::1]:5 SIP/2.0\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		front := Front{Who: Anywhere, AnyAddr: true, Domains: map[string]bool{"x": true}}
		if ok, enough := front.Judge(b); ok && !enough {
			t.Fatal("let in before it was read")
		}
	})
}
