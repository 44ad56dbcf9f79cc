package notify

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// mailServer is a small SMTP server (RFC 5321) with STARTTLS (RFC 3207) and AUTH PLAIN (RFC 4954).
type mailServer struct {
	t    *testing.T
	l    net.Listener
	wg   sync.WaitGroup
	cert tls.Certificate
	pool *x509.CertPool

	tls, implicit bool   // STARTTLS is offered; TLS from the beginning
	auth          string // user:password; "" = nobody signs in

	mu    sync.Mutex
	say   map[string]string // verb -> answer, instead of yes
	cut   bool              // the connection breaks after the text, before the answer
	mails []string
	heard []string
	clear int // passwords that came without TLS
}

func newMailServer(t *testing.T, change func(*mailServer)) *mailServer {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &mailServer{t: t, l: l, say: map[string]string{}}
	s.cert, s.pool = certificate(t)
	if change != nil {
		change(s)
	}
	s.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.wg.Go(func() { s.serve(c) })
		}
	})
	t.Cleanup(func() { l.Close(); s.wg.Wait() })
	return s
}

func (s *mailServer) url(userinfo string) string {
	scheme := "smtp"
	if s.implicit {
		scheme = "smtps"
	}
	return scheme + "://" + userinfo + s.l.Addr().String()
}

func (s *mailServer) mailer(userinfo string) *Mailer {
	m, err := NewMailer(MailConfig{URL: s.url(userinfo), From: "Callback <cb@example.com>", Host: "call.example.com", TLS: &tls.Config{RootCAs: s.pool}})
	if err != nil {
		s.t.Fatal(err)
	}
	return m
}

// answer is what is said to a verb.
func (s *mailServer) answer(verb, yes string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if no := s.say[verb]; no != "" {
		return no
	}
	return yes
}

func (s *mailServer) got() (mails []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append(mails, s.mails...)
}

func (s *mailServer) serve(c net.Conn) {
	defer func() { c.Close() }()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	secure := s.implicit
	if s.implicit {
		c = tls.Server(c, &tls.Config{Certificates: []tls.Certificate{s.cert}})
	}
	r := bufio.NewReader(c)
	write := func(line string) { fmt.Fprintf(c, "%s\r\n", line) }
	write("220 mail.test ESMTP")
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSpace(line)
		verb, rest, _ := strings.Cut(line, " ")
		s.mu.Lock()
		s.heard = append(s.heard, line)
		s.mu.Unlock()
		switch strings.ToUpper(verb) {
		case "EHLO":
			write("250-mail.test")
			if s.tls && !secure {
				write("250-STARTTLS")
			}
			if s.auth != "" {
				write("250-AUTH PLAIN")
			}
			write("250 ENHANCEDSTATUSCODES")
		case "STARTTLS":
			write("220 go on")
			c = tls.Server(c, &tls.Config{Certificates: []tls.Certificate{s.cert}})
			r, secure = bufio.NewReader(c), true
		case "AUTH":
			s.signIn(rest, secure, write)
		case "DATA":
			if a := s.answer("DATA", ""); a != "" {
				write(a)
				continue
			}
			write("354 go on")
			if s.text(r) {
				return
			}
			write(s.answer(".", "250 2.0.0 taken"))
		case "QUIT":
			write("221 bye")
			return
		default:
			write(s.answer(strings.ToUpper(verb), "250 2.0.0 ok"))
		}
	}
}

func (s *mailServer) signIn(rest string, secure bool, write func(string)) {
	_, b, _ := strings.Cut(rest, " ")
	plain, _ := base64.StdEncoding.DecodeString(b)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !secure {
		s.clear++
	}
	if strings.ReplaceAll(strings.TrimPrefix(string(plain), "\x00"), "\x00", ":") != s.auth {
		write("535 5.7.8 no")
		return
	}
	write("235 2.7.0 yes")
}

// text reads a mail; true = the connection breaks now.
func (s *mailServer) text(r *bufio.Reader) bool {
	var b strings.Builder
	for {
		line, err := r.ReadString('\n')
		if err != nil || line == ".\r\n" {
			break
		}
		b.WriteString(strings.TrimPrefix(line, "."))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, b.String())
	cut := s.cut
	s.cut = false
	return cut
}

func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}
