package dialog

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Certificate is the one that our TLS sockets show. Its files are looked at again as connections come, so that a renewed
// one is taken without a restart; streams that are open go on.
type Certificate struct {
	certFile, keyFile string
	log               *slog.Logger
	now               func() time.Time

	mu     sync.Mutex
	pair   *tls.Certificate
	stamp  [2]time.Time // of the files, when they were read
	looked time.Time
}

// lookAgain is how old what is known of the files may be.
const lookAgain = time.Second

// LoadCertificate reads a certificate chain and its key, both PEM.
func LoadCertificate(certFile, keyFile string, log *slog.Logger) (*Certificate, error) {
	c := &Certificate{certFile: certFile, keyFile: keyFile, log: log, now: time.Now}
	if err := c.read(); err != nil {
		return nil, err
	}
	c.looked = c.now()
	return c, nil
}

func (c *Certificate) read() error {
	stamp := c.stamps()
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("sip_tls: %w", err)
	}
	c.pair, c.stamp = &pair, stamp
	return nil
}

func (c *Certificate) stamps() (at [2]time.Time) {
	for i, name := range []string{c.certFile, c.keyFile} {
		if info, err := os.Stat(name); err == nil {
			at[i] = info.ModTime()
		}
	}
	return at
}

// newest returns the pair, read again when the files have changed. Files that do not fit (one of the two is written
// already, the other not yet) leave the old pair in use.
func (c *Certificate) newest(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if now.Sub(c.looked) < lookAgain {
		return c.pair, nil
	}
	c.looked = now
	if c.stamps() == c.stamp {
		return c.pair, nil
	}
	if err := c.read(); err != nil {
		c.log.Warn("the SIP certificate has changed and cannot be read; the old one stays in use", "error", err)
	} else {
		c.log.Info("the SIP certificate was read anew", "until", c.pair.Leaf.NotAfter)
	}
	return c.pair, nil
}

// config is that of our TLS sockets. Telephones are not asked for a certificate: they prove who they are by digest, and
// trunks by where they are.
func (c *Certificate) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.newest}
}
