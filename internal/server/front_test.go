package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ringback/internal/config"
	"ringback/internal/cti"
	"ringback/internal/cti/ctitest"
	"ringback/internal/id"
)

// onTLS is a service with a port of TLS, and who believes its certificate.
func onTLS(t *testing.T) (*Service, *net.TCPAddr, *tls.Config) {
	t.Helper()
	dir := t.TempDir()
	authority := ctitest.NewAuthority(t)
	c := config.Default()
	c.Data, c.URL, c.Listen.HTTP, c.Listen.RTC = filepath.Join(dir, "data"), "http://127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	c.Listen.SIP = []config.SIPSocket{{Network: "udp", Host: "127.0.0.1", Port: 0}}
	c.Listen.RTP = config.Ports{Host: "127.0.0.1"}
	c.Listen.HTTPS = "127.0.0.1:0"
	c.TLS.Cert, c.TLS.Key = authority.Files(dir, time.Hour, "127.0.0.1")
	s, err := StartService(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority.PEM)
	return s, s.front.l.Addr().(*net.TCPAddr), &tls.Config{RootCAs: pool}
}

// gone waits for the end of a connection; false = it stays, or says something.
func gone(c net.Conn) bool {
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	n, err := c.Read(make([]byte, 99))
	return n == 0 && !errors.Is(err, os.ErrDeadlineExceeded)
}

// The port of listen.https has pages over TLS and the speech of browsers whose network blocks all but that port; what is
// neither is cut, and a stop waits for nobody who says nothing.
func TestOnePortForPagesAndSpeech(t *testing.T) {
	s, at, trust := onTLS(t)
	mute, err := net.Dial("tcp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()

	for proto, dial := range map[int]*http.Transport{
		2: {TLSClientConfig: trust.Clone(), ForceAttemptHTTP2: true},
		1: {DialTLS: func(_, address string) (net.Conn, error) { return tls.Dial("tcp", address, trust) }}, // it names no protocol
	} {
		web := &http.Client{Transport: dial}
		res, err := web.Get("https://" + at.String() + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		if res.Body.Close(); res.StatusCode != http.StatusOK || res.ProtoMajor != proto {
			t.Errorf("%s over %s", res.Status, res.Proto)
		}
		web.CloseIdleConnections()
	}

	ann := ctitest.NewBrowser(t, 600).OverTCP(at.Port)
	ann.Connect(func(ctx context.Context, offer string) (string, error) { return s.Switch.Connect(ctx, "ann", offer) })

	odd, err := net.Dial("tcp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer odd.Close()
	io.WriteString(odd, "GET / HTTP/1.1\r\n\r\n")
	if !gone(odd) {
		t.Error("plain HTTP on the port of TLS is answered")
	}

	ann.Cut()
	stops(t, s)
}

// stops stops the service at once, whoever is connected.
func stops(t *testing.T, s *Service) {
	t.Helper()
	hard, stop := context.WithCancel(context.Background())
	stop()
	if err := s.Stop(hard); err != nil {
		t.Error(err)
	}
}

// Where a network lets nothing through but TLS, speech comes over a relay on the port of the pages, to whoever says in the
// handshake what it is, and to whoever does not. Two such pages hear each other.
func TestSpeechWithinTLS(t *testing.T) {
	s, at, trust := onTLS(t)
	pages := map[string]*ctitest.Browser{}
	for name, protocols := range map[string][]string{"agt_ann": nil, "cb_1": {"stun.turn"}} {
		ice, err := s.Switch.ICE(t.Context(), name)
		if err != nil || len(ice) != 1 || len(ice[0].URLs) != 1 || ice[0].URLs[0] != "turns:"+at.String()+"?transport=tcp" {
			t.Fatalf("servers %+v, %v", ice, err)
		}
		mine := trust.Clone()
		mine.NextProtos = protocols
		pages[name] = ctitest.NewBrowser(t, map[string]float64{"agt_ann": 600, "cb_1": 900}[name]).Relayed(ice,
			func(address string) (net.Conn, error) { return tls.Dial("tcp", address, mine) })
		pages[name].Connect(func(ctx context.Context, offer string) (string, error) { return s.Switch.Connect(ctx, name, offer) })
	}
	for leg, name := range map[id.Leg]string{"leg_1": "agt_ann", "leg_2": "cb_1"} {
		party := cti.Agent
		if name == "cb_1" {
			party = cti.Visitor
		}
		if err := s.Switch.Originate(t.Context(), cti.Order{Callback: "cb_1", Attempt: 1, Leg: leg, Party: party, To: cti.BrowserOf(name), Ring: time.Minute, Fence: 1}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Switch.Accept(t.Context(), "leg_1"); err != nil {
		t.Fatal(err)
	}
	joined := func() bool {
		return s.Switch.Join(t.Context(), cti.Join{Callback: "cb_1", A: "leg_1", B: "leg_2"}) == nil
	}
	for late := time.After(10 * time.Second); !joined(); {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-late:
			t.Fatal("they are not joined")
		}
	}
	if !pages["agt_ann"].Hears(900, 300*time.Millisecond) || !pages["cb_1"].Hears(600, 300*time.Millisecond) {
		t.Error("they do not hear each other")
	}
	stops(t, s)
}

// A handshake that is not finished in time is cut, and so is one after which nothing is said.
func TestSlowHandshake(t *testing.T) {
	dir := t.TempDir()
	authority := ctitest.NewAuthority(t)
	c := config.Default()
	c.Listen.HTTPS = "127.0.0.1:0"
	c.TLS.Cert, c.TLS.Key = authority.Files(dir, time.Hour, "127.0.0.1")
	f, err := newFront(c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	f.wait = 300 * time.Millisecond
	f.wg.Go(f.run)
	defer f.Close()
	half, err := net.Dial("tcp", f.l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer half.Close()
	half.Write([]byte{tlsHandshake, 3, 1})
	if !gone(half) {
		t.Error("half a handshake is waited for")
	}
	mute, err := tls.Dial("tcp", f.l.Addr().String(), &tls.Config{InsecureSkipVerify: true})
	if err == nil {
		defer mute.Close()
		if !gone(mute) {
			t.Error("who says nothing is waited for")
		}
	}
}

// A renewed certificate is shown without a restart; one that cannot be read is not.
func TestPagesCertificateRenewed(t *testing.T) {
	dir := t.TempDir()
	c := &certificate{log: slog.New(slog.DiscardHandler)}
	c.file, c.key = ctitest.NewAuthority(t).Files(dir, time.Hour, "a.example")
	until := func() time.Time {
		t.Helper()
		p, err := c.newest(nil)
		if err != nil {
			t.Fatal(err)
		}
		return p.Leaf.NotAfter
	}
	old := until()
	ctitest.NewAuthority(t).Files(dir, 48*time.Hour, "a.example")
	later := time.Now().Add(time.Minute)
	os.Chtimes(c.file, later, later)
	renewed := until()
	if !renewed.After(old) {
		t.Error("the renewed one is not shown")
	}
	if err := os.WriteFile(c.key, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if until() != renewed {
		t.Error("another one is shown")
	}
}

// What browsers are told is the port that they see.
func TestPortFromOutside(t *testing.T) {
	at := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 8443}
	for url, want := range map[string]int{"https://call.example": 443, "https://call.example:444": 444, "http://call.example": 8443} {
		if got := outside(url, at).(*net.TCPAddr); got.Port != want || !got.IP.Equal(at.IP) {
			t.Errorf("%s: %v, want port %d", url, got, want)
		}
	}
}
