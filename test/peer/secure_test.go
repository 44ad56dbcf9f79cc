package peer_test

import (
	"fmt"
	"maps"
	"net"
	"testing"
	"time"

	"ringback/internal/cti/ctitest"
)

// secureService speaks TLS beside UDP, with a certificate of an authority for its address.
func secureService(t *testing.T, a *ctitest.Authority, port int, seed string) *service {
	t.Helper()
	cert, key := a.Issue(time.Hour, "127.0.0.1", "localhost")
	files := maps.Clone(deskPasswords)
	files["cert.pem"], files["key.pem"], files["ca.pem"] = string(cert), string(key), string(a.PEM)
	return serve(t, config{http: "127.0.0.1:0", rtp: "127.0.0.1:0", files: files, sip: fmt.Sprintf(`udp://127.0.0.1:%d", "tls://127.0.0.1:%d`, port, port),
		more: "sip_tls: {cert: cert.pem, key: key.pem, ca: ca.pem}\n"}, seed)
}

// TestSecureSoftphones: two baresips over TLS with SDES, dialled and registered. Each hears the other, and who taps the
// line hears neither; without SRTP he hears both.
func TestSecureSoftphones(t *testing.T) {
	needBaresip(t)
	t.Parallel()
	for name, c := range map[string]struct {
		mediaenc           string
		registered, secret bool
	}{
		"dialled":           {"srtp", false, true},
		"registered":        {"srtp-mand", true, true},
		"TLS without SRTP":  {"", false, false},
		"registered, plain": {"", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := ctitest.NewAuthority(t)
			port := freePort(t)
			s := &service{}
			account := func(user, addr string) string {
				host, p, err := net.SplitHostPort(addr)
				if err != nil {
					t.Fatal(err)
				}
				text := fmt.Sprintf("<sip:%s@%s:%s;transport=tls>;regint=0", user, host, p)
				if c.registered {
					text = fmt.Sprintf("<sip:%s@127.0.0.1:%d;transport=tls>;auth_user=%s;auth_pass=%s;regint=300", user, port, user, passwordOf(user))
				}
				if c.mediaenc != "" {
					text += ";mediaenc=" + c.mediaenc
				}
				return text
			}
			annPort, joePort := freePort(t), freePort(t) // TLS is on the next
			annAt, joeAt := fmt.Sprintf("127.0.0.1:%d", annPort), fmt.Sprintf("127.0.0.1:%d", joePort)
			annURI, joeURI := fmt.Sprintf("sip:ann@127.0.0.1:%d;transport=tls", annPort+1), fmt.Sprintf("sip:joe@127.0.0.1:%d;transport=tls", joePort+1)
			people := fmt.Sprintf(`
agents:
  - {id: ann, name: Ann, devices: ["%s"], ready: true, represents: [{subscriber: acme, display_name: Ann at Acme}]}
`, annURI)
			if c.registered {
				people, joeURI = twoDesks, "sip:joe"
			}
			s = secureService(t, a, port, seed()+people)
			ann := securePhone(t, "ann", annAt, 700, here, account("ann", annAt), a)
			joe := securePhone(t, "joe", joeAt, 1000, here, account("joe", joeAt), a)
			if c.registered {
				for _, p := range []*softphone{ann, joe} {
					if wait(t, soon, func() (*softphone, bool) { return p, p.said("200 OK") && p.said("binding") }) == nil {
						t.Fatalf("%s has not registered:\n%s", p.user, p.log())
					}
				}
			}
			tap := listen(t)
			cb := s.request(t, map[string]any{"button": "once", "endpoint": joeURI, "limits": "skip"})
			talkThrough(t, s, cb, ann, joe)
			for _, p := range []*softphone{ann, joe} {
				heard := tap.overhears(p.rtp, p.rtp+1, ann.hz+joe.hz-p.hz)
				if c.secret && heard > 40*time.Millisecond || !c.secret && tap != nil && heard < 2*time.Second {
					t.Errorf("%s: who taps the line hears %v of the other", p.user, heard)
				}
				if p.said("SRTP is Enabled") != c.secret {
					t.Errorf("%s says of SRTP: %v", p.user, !c.secret)
				}
			}
		})
	}
}
