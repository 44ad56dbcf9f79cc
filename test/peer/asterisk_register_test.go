package peer_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"ringback/internal/cti/ctitest"
)

// TestAsteriskRegisters: Asterisk as the provider of an account. It takes our registration by digest, asks for it with
// every INVITE, carries a call, and brings one to a number of the business. Over TLS, speech is encrypted too.
func TestAsteriskRegisters(t *testing.T) {
	needBaresip(t)
	needAsterisk(t)
	t.Parallel()
	for _, row := range []struct{ name, transport, algorithm string }{
		{"MD5", "udp", ""}, {"SHA-256", "udp", "supported_algorithms_uas = SHA-256"}, {"TLS and SDES", "tls", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if row.name != "TLS and SDES" {
				long(t)
			}
			ann := phone(t, "ann", fmt.Sprintf("127.0.0.1:%d", freePort(t)), 700, here)
			joe := phone(t, "joe", fmt.Sprintf("127.0.0.1:%d", freePort(t)), 1000, here)
			by := ctitest.NewAuthority(t)
			cert, key := by.Issue(time.Hour, "127.0.0.1")
			more, secure := "", row.transport == "tls"
			if secure {
				more = "media_encryption = sdes"
			}
			a := switchboardWith(t, registrar(joe.addr, row.algorithm, more), toJoe+toAcme, map[string][]byte{"cert.pem": cert, "key.pem": key})
			own := freePort(t)
			c := config{http: "127.0.0.1:0", rtp: "127.0.0.1:0", sip: fmt.Sprintf(`udp://127.0.0.1:%d", "tls://127.0.0.1:%d`, own, own+1),
				files: map[string]string{"pw": "secret", "ca.pem": string(by.PEM), "cert.pem": string(cert), "key.pem": string(key)},
				more:  "sip_tls: {cert: cert.pem, key: key.pem}\n"}
			trunk := fmt.Sprintf(`{id: pstn, address: "sip:127.0.0.1:%d;transport=%s", username: acct, password_file: pw, register: true, from_user: account, caller_id: pai`, a.port, row.transport)
			if secure {
				trunk = fmt.Sprintf(`{id: pstn, address: "sip:127.0.0.1:%d;transport=tls", username: acct, password_file: pw, register: true, from_user: account, caller_id: pai, srtp: required, ca_file: ca.pem`, a.port+1)
			}
			s := serve(t, c, seed(trunk+"}")+annTakes(ann.addr))
			if wait(t, soon, func() (*service, bool) {
				_, b := s.ask(t, "GET", "/api/v1/trunks/pstn", nil)
				return s, bytes.Contains(b, []byte(`"registered":true`)) && bytes.Contains(b, []byte(`"condition":"up"`))
			}) == nil {
				_, b := s.ask(t, "GET", "/api/v1/trunks/pstn", nil)
				t.Fatalf("not registered: %s", b)
			}
			cb := s.request(t, map[string]any{"button": "once", "number": "+12025550100"})
			talkThrough(t, s, cb, ann, joe)
			if !a.says("+12025550190 calls +12025550100") {
				t.Error("the number of the business was not shown")
			}
			inbound(t, s, a, ann, joe)
			if secure && !a.says("RTP/SAVP") {
				t.Error("speech was not encrypted")
			}
		})
	}
}

// annTakes is annAt at a telephone on her desk: whoever lifts it is her, also when a call comes in.
func annTakes(addr string) string {
	return strings.Replace(annAt(addr), fmt.Sprintf(`"sip:ann@%s"`, addr), fmt.Sprintf(`{to: "sip:ann@%s", confirm: none}`, addr), 1)
}

// inbound lets joe dial the business by way of Asterisk, and ann take it.
func inbound(t *testing.T, s *service, a *asterisk, ann, joe *softphone) {
	t.Helper()
	if status, body := s.ask(t, "POST", "/api/v1/agents/ann/presence", map[string]any{"presence": "ready"}); status != 200 {
		t.Fatalf("presence: %d %s", status, body)
	}
	joe.do(fmt.Sprintf("dial sip:+12025550190@127.0.0.1:%d", a.port))
	cb := wait(t, soon, func() (*string, bool) {
		id := newest(t, s, "inbound")
		return &id, id != ""
	})
	if cb == nil {
		t.Fatalf("no call came in:\n%s", joe.log())
	}
	talkThrough(t, s, *cb, ann, joe)
}

// newest is the id of the newest callback of a direction, "" without one.
func newest(t *testing.T, s *service, direction string) string {
	t.Helper()
	_, body := s.ask(t, "GET", "/api/v1/callbacks?limit=1", nil)
	var list struct {
		Data []struct{ ID, Direction string }
	}
	if err := json.Unmarshal(body, &list); err != nil || len(list.Data) == 0 || list.Data[0].Direction != direction {
		return ""
	}
	return list.Data[0].ID
}

// long leaves a test out that make peers runs.
func long(t *testing.T) {
	t.Helper()
	if os.Getenv("RINGBACK_TEST_LONG") == "" {
		t.Skip("long: RINGBACK_TEST_LONG=1 asks it")
	}
}

// registrar is an account acct at Asterisk that must prove itself, over UDP, TCP or TLS, and a telephone behind it.
// algorithm is added to its credentials, more to the account.
func registrar(joe, algorithm, more string) string {
	return fmt.Sprintf(`
[tls]
type = transport
protocol = tls
bind = 127.0.0.1:TLSP
cert_file = ETC/cert.pem
priv_key_file = ETC/key.pem
method = tlsv1_2
[joe]
type = endpoint
context = out
aors = joe
disallow = all
allow = ulaw
direct_media = no
[joe]
type = aor
contact = sip:joe@%s
[acct]
type = endpoint
context = in
disallow = all
allow = ulaw,alaw
aors = acct
auth = acct
direct_media = no
trust_id_inbound = yes
rewrite_contact = yes
%s
[acct]
type = aor
max_contacts = 2
[acct]
type = auth
auth_type = digest
username = acct
password = secret
%s
`, joe, more, algorithm)
}

// toAcme brings what joe dials to whoever has registered the account.
const toAcme = `
[out]
exten => _[+X].,1,Dial(PJSIP/${EXTEN}@acct,30)
`
