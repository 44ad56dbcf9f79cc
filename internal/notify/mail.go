package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	netmail "net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"ringback/internal/letter"
)

// MailConfig is how mail leaves.
type MailConfig struct {
	URL  string      // smtp://user:password@host:587, smtps://…:465
	From string      // Callback <cb@example.com>
	Host string      // what we call ourselves; "" = the machine's name
	TLS  *tls.Config // nil = the machine's authorities
}

// Mailer speaks SMTP (RFC 5321): TLS from the beginning with smtps, STARTTLS where it is offered with smtp. A password is
// said only over TLS, or to this machine.
type Mailer struct {
	from *netmail.Address
	host string
	opts []mail.Option
}

// NewMailer reads the configuration; it connects to nobody.
func NewMailer(c MailConfig) (*Mailer, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Hostname() == "" {
		return nil, errors.New("mail.url cannot be read") // the error would show its password
	}
	from, err := netmail.ParseAddress(c.From)
	if err != nil {
		return nil, fmt.Errorf("mail.from: %w", err)
	}
	opts := []mail.Option{mail.WithTimeout(20 * time.Second)}
	port := mail.DefaultPortTLS
	switch {
	case u.Scheme == "smtps":
		port, opts = mail.DefaultPortSSL, append(opts, mail.WithSSL())
	case u.User != nil && !local(u.Hostname()):
		opts = append(opts, mail.WithTLSPolicy(mail.TLSMandatory))
	default:
		opts = append(opts, mail.WithTLSPolicy(mail.TLSOpportunistic))
	}
	if p := u.Port(); p != "" {
		if port, err = strconv.Atoi(p); err != nil {
			return nil, errors.New("mail.url: its port is no number")
		}
	}
	opts = append(opts, mail.WithPort(port))
	if c.Host != "" {
		opts = append(opts, mail.WithHELO(c.Host))
	}
	t := &tls.Config{}
	if c.TLS != nil {
		t = c.TLS.Clone()
	}
	t.ServerName, t.MinVersion = u.Hostname(), tls.VersionTLS12
	t.InsecureSkipVerify = c.TLS == nil && local(u.Hostname()) // nobody else is between, and no authority vouches for localhost
	opts = append(opts, mail.WithTLSConfig(t))
	if u.User != nil {
		password, _ := u.User.Password()
		opts = append(opts, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(u.User.Username()), mail.WithPassword(password))
		if local(u.Hostname()) {
			opts = append(opts, mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthSCRAMSHA1, mail.SMTPAuthPlainNoEnc, mail.SMTPAuthLoginNoEnc))
		}
	}
	m := &Mailer{from: from, host: u.Hostname(), opts: opts}
	_, err = mail.NewClient(m.host, m.opts...)
	return m, err
}

func local(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// Send hands a mail to the server. Its Message-ID is the letter's name: of two with one name, people see one.
func (m *Mailer) Send(ctx context.Context, l *letter.Letter) error {
	msg, err := m.message(l)
	if err != nil {
		return &Trouble{Say: "it cannot be written as a mail", Final: true, Heard: short(err.Error())}
	}
	c, err := mail.NewClient(m.host, m.opts...)
	if err != nil {
		return err
	}
	if err := c.DialWithContext(ctx); err != nil {
		return &Trouble{Say: "the mail server cannot be reached: " + short(err.Error())}
	}
	defer c.Close() // the goodbye; the mail is taken, or not, before
	if err := c.Send(msg); err != nil && !msg.IsDelivered() {
		return refusedMail(err)
	}
	return nil
}

func (m *Mailer) message(l *letter.Letter) (*mail.Msg, error) {
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := msg.FromFormat(m.from.Name, m.from.Address); err != nil {
		return nil, err
	}
	if err := msg.To(l.To); err != nil {
		return nil, err
	}
	_, domain, _ := strings.Cut(m.from.Address, "@")
	msg.SetMessageIDWithValue(string(l.ID) + "@" + domain)
	msg.SetDateWithValue(l.CreatedAt)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no answering machine answers it
	msg.Subject(l.Subject)
	msg.SetBodyString(mail.TypeTextPlain, l.Text)
	for _, f := range l.Files {
		if err := msg.AttachReader(f.Name, bytes.NewReader(f.Data), mail.WithFileContentType(mail.ContentType(f.Type))); err != nil {
			return nil, err
		}
	}
	return msg, nil
}

// refusedMail sorts what a server says: a recipient or a text that is refused for good will be refused again; a sender who is
// refused is a mistake that somebody mends.
func refusedMail(err error) error {
	var s *mail.SendError
	if !errors.As(err, &s) {
		return &Trouble{Say: "the mail server did not take it"}
	}
	t := &Trouble{Say: "the connection to the mail server broke", Heard: short(err.Error())}
	if code := s.ErrorCode(); code > 0 {
		t.Say = strings.TrimSpace(fmt.Sprintf("the mail server says %d %s to %s", code, s.EnhancedStatusCode(), stage(s.Reason)))
		t.Final = code >= 500 && s.Reason != mail.ErrSMTPMailFrom
	}
	return t
}

func stage(r mail.SendErrReason) string {
	switch r {
	case mail.ErrSMTPMailFrom:
		return "the sender"
	case mail.ErrSMTPRcptTo:
		return "the recipient"
	}
	return "the message"
}

// short keeps a foreign sentence to a line.
func short(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "?")), " ")
	if r := []rune(s); len(r) > 200 {
		return string(r[:200]) + "…"
	}
	return s
}
