package ctisip

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ringback/internal/cti"
	"ringback/internal/cti/ctitest"
	"ringback/internal/id"
	"ringback/internal/wire"
)

// secureBench is a switch with a TLS socket, and the authority of all certificates.
func secureBench(t *testing.T) (*bench, *ctitest.Authority) {
	t.Helper()
	a := ctitest.NewAuthority(t)
	b := newBench(t, wire.Real{})
	b.with = func(c *Config) {
		c.Cert, c.Key = a.Files(t.TempDir(), time.Hour, "ringback.test", "127.0.0.1")
		c.CA = a.PEM
	}
	b.start("udp://127.0.0.1:0", "tls://127.0.0.1:0")
	t.Cleanup(b.stop)
	return b, a
}

// tlsFar is a carrier on TLS.
func tlsFar(t *testing.T, a *ctitest.Authority, c *tls.Config, names ...string) *streamFar {
	t.Helper()
	cert, key := a.Issue(time.Hour, names...)
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	c.Certificates = []tls.Certificate{pair}
	l, err := tls.Listen("tcp", "127.0.0.1:0", c)
	if err != nil {
		t.Fatal(err)
	}
	return serveStream(t, l, "tls")
}

func secureTrunk(s *streamFar, a *ctitest.Authority) cti.Trunk {
	tr := trunk("a", s.l.Addr().String()+";transport=tls")
	tr.Domain, tr.CA = "sip.carrier.test", string(a.PEM)
	return tr
}

// Whom a trunk over TLS must be: its certificate names the domain that was dialled, and one of our authorities signed it.
func TestTLSTrunkIdentity(t *testing.T) {
	b, a := secureBench(t)
	stranger := ctitest.NewAuthority(t)
	for name, c := range map[string]struct {
		by     *ctitest.Authority
		names  []string
		change func(*cti.Trunk)
		server *tls.Config
		want   cti.EventKind
	}{
		"dns":                  {by: a, names: []string{"sip.carrier.test"}, want: cti.LegConfirmed},
		"wildcard":             {by: a, names: []string{"*.carrier.test"}, want: cti.LegConfirmed},
		"sip address":          {by: a, names: []string{"sip:sip.carrier.test"}, want: cti.LegConfirmed},
		"address":              {by: a, names: []string{"127.0.0.1"}, change: func(t *cti.Trunk) { t.Domain = "" }, want: cti.LegConfirmed},
		"another name":         {by: a, names: []string{"evil.test"}, want: cti.LegEnded},
		"another sip domain":   {by: a, names: []string{"sip:evil.test"}, want: cti.LegEnded},
		"only the address":     {by: a, names: []string{"127.0.0.1"}, want: cti.LegEnded},
		"unknown authority":    {by: stranger, names: []string{"sip.carrier.test"}, want: cti.LegEnded},
		"system's authorities": {by: a, names: []string{"sip.carrier.test"}, change: func(t *cti.Trunk) { t.CA = "" }, want: cti.LegEnded},
		"TLS 1.1":              {by: a, names: []string{"sip.carrier.test"}, server: &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, want: cti.LegEnded},
	} {
		t.Run(name, func(t *testing.T) {
			if c.server == nil {
				c.server = &tls.Config{}
			}
			s := tlsFar(t, c.by, c.server, c.names...)
			tr := secureTrunk(s, a)
			if c.change != nil {
				c.change(&tr)
			}
			b.trunks(tr)
			leg := strings.ReplaceAll(name, " ", "-")
			o := order(leg)
			o.Callback = idOf(leg)
			b.call(o)
			b.await(leg, c.want)
			if c.want == cti.LegEnded && len(b.told(leg, cti.LegAnswered)) > 0 {
				t.Errorf("told %s", b.story(leg))
			}
		})
	}
}

// A carrier that asks for a certificate gets the trunk's, not that of our own sockets; a stream that was cut is opened anew.
func TestTLSClientCertificate(t *testing.T) {
	b, a := secureBench(t)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(a.PEM)
	var shown atomic.Pointer[string]
	s := tlsFar(t, a, &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool, VerifyConnection: func(s tls.ConnectionState) error {
		name := strings.Join(s.PeerCertificates[0].DNSNames, " ") + " sni " + s.ServerName
		shown.Store(&name)
		return nil
	}}, "sip.carrier.test")
	tr := secureTrunk(s, a)
	cert, key := a.Issue(time.Hour, "customer.test")
	tr.ClientCert, tr.ClientKey = string(cert), string(key)
	b.trunks(tr)
	b.call(order("v"))
	b.await("v", cti.LegConfirmed)
	if got := *shown.Load(); got != "customer.test sni sip.carrier.test" {
		t.Errorf("the carrier saw %s", got)
	}
	s.wait(t, "ACK")
	s.reset()
	b.sw.HangUp(context.Background(), "leg_v", cti.HangUp{})
	s.wait(t, "BYE")
	if e := b.await("v", cti.LegEnded); e.Cause != cti.NormalClearing {
		t.Errorf("told %s", b.story("v"))
	}
}

// Two trunks at one address: the stream of the first is not used for a second that its certificate does not name.
func TestTLSOneAddressTwoNames(t *testing.T) {
	b, a := secureBench(t)
	s := tlsFar(t, a, &tls.Config{}, "sip.carrier.test", "also.carrier.test")
	for n, c := range []struct {
		domain string
		want   cti.EventKind
	}{{"sip.carrier.test", cti.LegConfirmed}, {"also.carrier.test", cti.LegConfirmed}, {"evil.test", cti.LegEnded}} {
		tr := secureTrunk(s, a)
		tr.Domain = c.domain
		b.trunks(tr)
		leg := fmt.Sprint("v", n)
		o := order(leg)
		o.Callback = idOf(leg)
		b.call(o)
		b.await(leg, c.want)
		if got := len(b.told(leg, cti.LegAnswered)); (got == 1) != (c.want == cti.LegConfirmed) {
			t.Errorf("%s: told %s", c.domain, b.story(leg))
		}
	}
}

// Our own socket: who comes gets the certificate of the files, a renewed one after a second, and open streams go on. Who
// speaks no TLS is counted.
func TestTLSCertificateRenewed(t *testing.T) {
	a := ctitest.NewAuthority(t)
	dir := t.TempDir()
	b := newBench(t, wire.Real{})
	b.with = func(c *Config) { c.Cert, c.Key = a.Files(dir, time.Hour, "old.test") }
	b.start("udp://127.0.0.1:0", "tls://127.0.0.1:0")
	defer b.stop()
	tr := trunk("a", "127.0.0.1:5999")
	b.trunks(tr)
	addr := strings.TrimPrefix(b.sw.Addrs()[1], "tls://")
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(a.PEM)
	dial := func(name string) (*tls.Conn, error) {
		return tls.Dial("tcp", addr, &tls.Config{RootCAs: pool, ServerName: name})
	}
	first, err := dial("old.test")
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if err := os.WriteFile(dir+"/cert.pem", []byte("half written"), 0o600); err != nil {
		t.Fatal(err)
	}
	late := time.Now().Add(2 * time.Second)
	if err := os.Chtimes(dir+"/cert.pem", late, late); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { c, err := dial("old.test"); return closed(c, err) })
	a.Files(dir, time.Hour, "new.test")
	eventually(t, func() bool { c, err := dial("new.test"); return closed(c, err) })
	if _, err := fmt.Fprintf(first, "OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:5999;branch=z9hG4bKx\r\nMax-Forwards: 70\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:x>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 999)
	if n, err := first.Read(answer); err != nil || !strings.HasPrefix(string(answer[:n]), "SIP/2.0 200") {
		t.Errorf("on the old stream: %q, %v", answer[:n], err)
	}
	before := b.sw.Counters().SIPDropped.Of("tls")
	plain, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	fmt.Fprint(plain, "OPTIONS sip:x SIP/2.0\r\n\r\n")
	eventually(t, func() bool { return b.sw.Counters().SIPDropped.Of("tls") > before })
}

func idOf(leg string) id.Callback { return id.Callback("cb_" + leg) }

func closed(c *tls.Conn, err error) bool {
	if err == nil {
		c.Close()
	}
	return err == nil
}

// eventually asks every 50 ms, for 20 s.
func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	late := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("it never came about")
		}
	}
}

// A carrier brings a call down the stream that we have opened to it: our BYE leaves on that stream, and on a new one,
// checked as the first, when it was cut.
func TestTLSArrival(t *testing.T) {
	for _, cut := range []bool{false, true} {
		t.Run(fmt.Sprint("cut ", cut), func(t *testing.T) {
			b, a := secureBench(t)
			s := tlsFar(t, a, &tls.Config{}, "sip.carrier.test")
			b.trunks(secureTrunk(s, a))
			b.call(order("v"))
			b.await("v", cti.LegConfirmed)
			s.wait(t, "ACK")
			s.mu.Lock()
			c := s.open[0]
			s.mu.Unlock()
			say := func(method, body string) {
				fmt.Fprintf(c, "%[1]s sip:+12025550190@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TLS %[2]s;branch=z9hG4bK%[1]s;rport\r\nMax-Forwards: 70\r\nFrom: <sip:+12025550107@10.0.0.2>;tag=c1\r\n"+
					"To: <sip:+12025550190@10.0.0.1>\r\nCall-ID: in\r\nCSeq: 1 %[1]s\r\nContact: <sip:far@%[2]s;transport=TLS>\r\nContent-Type: application/sdp\r\nContent-Length: %[3]d\r\n\r\n%[4]s",
					method, s.l.Addr(), len(body), body)
			}
			say("INVITE", "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\nc=IN IP4 127.0.0.1\r\n"+s.sdp)
			b.arrival("in")
			o := order("w")
			o.Callback, o.Party, o.Answers = idOf("w"), cti.Visitor, "in"
			b.call(o)
			s.wait(t, "SIP/2.0 200")
			say("ACK", "")
			b.await("w", cti.LegConfirmed)
			if cut {
				s.reset()
			}
			if err := b.sw.HangUp(context.Background(), "leg_w", cti.HangUp{}); err != nil {
				t.Fatal(err)
			}
			s.wait(t, "BYE")
			b.await("w", cti.LegEnded)
		})
	}
}
