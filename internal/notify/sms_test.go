package notify

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"unicode/utf8"

	"ringback/internal/letter"
)

func aShort() *letter.Letter {
	return &letter.Letter{ID: "let_01kjpwd6qx8gsqrkyzwbwm0gh0", Address: letter.Address{Kind: letter.SMS, To: "+12025550112"}, Text: "Zoë & \"Söhne\" <1>\n{key} https://x.example/a/a_b?c=d"}
}

// Whatever a message holds, the gateway reads what was written, in any of the forms.
func TestSMSLeaves(t *testing.T) {
	text := aShort().Text
	for name, row := range map[string]struct {
		c    SMSConfig
		read func(r *http.Request, body string) (to, text string)
	}{
		"JSON": {SMSConfig{Body: `{"to": "{to}", "message": {"text": "{text}"}}`}, func(r *http.Request, body string) (string, string) {
			var in struct {
				To      string
				Message struct{ Text string }
			}
			_ = json.Unmarshal([]byte(body), &in)
			return in.To, in.Message.Text
		}},
		"a form": {SMSConfig{Body: "To={to}&Body={text}"}, func(r *http.Request, body string) (string, string) {
			q, _ := url.ParseQuery(body)
			return q.Get("To"), q.Get("Body")
		}},
		"a query": {SMSConfig{Method: "GET", URL: "/send?to={digits}&text={text}"}, func(r *http.Request, body string) (string, string) {
			return "+" + r.URL.Query().Get("to"), r.URL.Query().Get("text")
		}},
		"plain, number in the path": {SMSConfig{Method: "PUT", URL: "/to/{to}", Headers: map[string]string{"content-type": "text/plain"}, Body: "{text}"}, func(r *http.Request, body string) (string, string) {
			return strings.TrimPrefix(r.URL.Path, "/to/"), body
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var gotTo, gotText, key, auth atomic.Value
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				to, text := row.read(r, string(b))
				gotTo.Store(to)
				gotText.Store(text)
				key.Store(r.Header.Get("Idempotency-Key"))
				auth.Store(r.Header.Get("Authorization"))
				w.WriteHeader(202)
			}))
			defer s.Close()
			row.c.URL, row.c.AllowPrivate = s.URL+row.c.URL, true
			if row.c.Headers == nil {
				row.c.Headers = map[string]string{}
			}
			row.c.Headers["Authorization"] = "Bearer s3cret"
			if err := NewGateway(row.c).Send(t.Context(), aShort()); err != nil {
				t.Fatal(err)
			}
			if gotTo.Load() != "+12025550112" || gotText.Load() != text || key.Load() != "let_01kjpwd6qx8gsqrkyzwbwm0gh0" || auth.Load() != "Bearer s3cret" {
				t.Errorf("to %q text %q key %q auth %q", gotTo.Load(), gotText.Load(), key.Load(), auth.Load())
			}
		})
	}
}

func TestSMSTrouble(t *testing.T) {
	for code, final := range map[int]bool{400: true, 404: true, 422: true, 301: true, 302: true, 401: false, 402: false, 403: false, 408: false, 429: false, 500: false, 503: false} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(code)
			_, _ = io.WriteString(w, "no such\nnumber +12025550112")
			if r.URL.Path == "/elsewhere" {
				t.Error("a redirect was followed")
			}
		}))
		err := NewGateway(SMSConfig{URL: s.URL + "/?key=wr0ng&t={text}&to={to}", AllowPrivate: true}).Send(t.Context(), aShort())
		isTrouble(t, err, "the SMS gateway answers ", final)
		if tr := err.(*Trouble); strings.Contains(tr.Say, "number") || tr.Heard != "no such number +12025550112" && tr.Heard != "" {
			t.Errorf("%d: %+v", code, tr)
		}
		s.Close()
		isTrouble(t, NewGateway(SMSConfig{URL: s.URL + "/?key=wr0ng", AllowPrivate: true}).Send(t.Context(), aShort()), "the SMS gateway cannot be reached: ", false)
	}
}

// No spelling of an address leads inside: not one connection arrives.
func TestNothingInsideIsCalled(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var arrived atomic.Int32
	s := &httptest.Server{Listener: l, Config: &http.Server{ConnState: func(_ net.Conn, st http.ConnState) {
		if st == http.StateNew {
			arrived.Add(1)
		}
	}}}
	s.Start()
	defer s.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for _, host := range []string{"127.0.0.1", "localhost", "127.1", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[::127.0.0.1]", "[2002:7f00:1::]", "0", "0.0.0.0", "[::]", "[::1]", "[::1%25lo]"} {
		err := NewGateway(SMSConfig{URL: "http://" + host + ":" + port + "/"}).Send(t.Context(), aShort())
		if err == nil {
			t.Errorf("%s: it was called", host)
		}
	}
	if n := arrived.Load(); n > 0 {
		t.Errorf("%d connections arrived", n)
	}
	isTrouble(t, NewGateway(SMSConfig{URL: "http://127.0.0.1:" + port}).Send(t.Context(), aShort()), "the SMS gateway cannot be reached: dial tcp 127.0.0.1:"+port+": its address is of a private network", true)
}

// Whatever a message holds, it stays in its place: a body of JSON is JSON, a form has the fields that it had.
func FuzzFill(f *testing.F) {
	for _, s := range []string{"hello", `"},{"x":"`, "a&b=c%00", "{to}{text}{key}", "\x00\xff\u2028", "</t><x>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		values := map[string]string{"{to}": "+1", "{text}": text}
		var in struct{ To, Text string }
		b := fill(`{"to": "{to}", "text": "{text}"}`, values, inJSON)
		if err := json.Unmarshal([]byte(b), &in); err != nil || in.To != "+1" || in.Text != strings.ToValidUTF8(text, "\ufffd") && utf8.ValidString(text) {
			t.Errorf("%q: %v %+v", b, err, in)
		}
		q, err := url.ParseQuery(fill("to={to}&text={text}", values, url.QueryEscape))
		if err != nil || len(q) != 2 || q.Get("text") != text {
			t.Errorf("%v %v", q, err)
		}
		if strings.ContainsAny(fill("x {text}", values, oneLine), "\r\n") {
			t.Error("a header of two lines")
		}
	})
}

func TestMayConnect(t *testing.T) {
	for address, want := range map[string]struct{ public, private bool }{
		"8.8.8.8": {true, true}, "2606:4700::1111": {true, true}, "64:ff9b::808:808": {true, true}, "2002:808:808::1": {true, true},
		"10.0.0.1": {false, true}, "172.16.0.1": {false, true}, "172.32.0.1": {true, true}, "192.168.1.1": {false, true}, "100.64.0.1": {false, true}, "127.0.0.1": {false, true},
		"::1": {false, true}, "fd00::1": {false, true}, "::ffff:10.0.0.1": {false, true}, "64:ff9b::a00:1": {false, true},
		"169.254.169.254": {}, "::ffff:169.254.169.254": {}, "64:ff9b::a9fe:a9fe": {}, "fd00:ec2::254": {}, "fe80::1": {}, "fe80::1%eth0": {}, "fec0::1": {}, "0.0.0.0": {}, "0.1.2.3": {}, "::": {},
		"224.0.0.1": {}, "255.255.255.255": {}, "ff02::1": {}, "198.18.0.1": {}, "192.0.2.1": {}, "2001:db8::1": {}, "64:ff9b:1::1": {}, "240.0.0.1": {}, "2001::1": {},
	} {
		a := netip.AddrPortFrom(netip.MustParseAddr(address), 443).String()
		if got := mayConnect(a, false) == nil; got != want.public {
			t.Errorf("%s: %v", address, got)
		}
		if got := mayConnect(a, true) == nil; got != want.private {
			t.Errorf("%s, private networks allowed: %v", address, got)
		}
	}
	if mayConnect("nonsense", true) == nil {
		t.Error("nonsense is called")
	}
}
