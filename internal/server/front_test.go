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
	"ringback/internal/cti/ctitest"
)

// The port of listen.https has pages over TLS and the speech of browsers whose network blocks all but that port; what is
// neither is cut, and a stop waits for nobody who says nothing.
func TestOnePortForPagesAndSpeech(t *testing.T) {
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
	at := s.front.l.Addr().(*net.TCPAddr)
	mute, err := net.Dial("tcp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()

	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority.PEM)
	web := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}}
	res, err := web.Get("https://" + at.String() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	if res.Body.Close(); res.StatusCode != http.StatusOK || res.ProtoMajor != 2 {
		t.Errorf("%s over %s", res.Status, res.Proto)
	}
	web.CloseIdleConnections()

	began := time.Now()
	ann := ctitest.NewBrowser(t, 600).OverTCP(at.Port)
	ann.Connect(func(ctx context.Context, offer string) (string, error) { return s.Switch.Connect(ctx, "ann", offer) })
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("through after %v", took)
	}

	odd, err := net.Dial("tcp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer odd.Close()
	io.WriteString(odd, "GET / HTTP/1.1\r\n\r\n")
	odd.SetReadDeadline(time.Now().Add(5 * time.Second))
	if n, err := odd.Read(make([]byte, 99)); n > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("plain HTTP on the port of TLS: %d bytes, %v", n, err)
	}

	ann.Cut()
	began = time.Now()
	hard, stop := context.WithCancel(context.Background())
	stop()
	if err := s.Stop(hard); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("stopped after %v", took)
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
