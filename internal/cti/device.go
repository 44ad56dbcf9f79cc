package cti

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

// Realm is the protection space of telephones' passwords (RFC 7616). It is fixed: what is kept of a password is bound to
// it, so that a service may move to another name or address and every telephone still registers.
const Realm = "ringback"

// MaxContacts is how many telephones may be registered under one name.
const MaxContacts = 10

// Device is a name under which telephones may register.
type Device struct {
	User   string
	Secret Secret
}

// Secret is what is kept of a telephone's password: H(user:realm:password) by both algorithms that telephones know
// (RFC 7616 section 3.4.2), in hexadecimal. Who has it can register in this realm, and nothing else; the password cannot
// be read from it. The zero Secret lets nobody in.
type Secret struct {
	User   string `json:"user,omitempty"` // the name it was made for: with another one it is worthless
	MD5    string `json:"md5,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
}

// NewSecret makes a Secret.
func NewSecret(user, password string) Secret {
	a1 := []byte(user + ":" + Realm + ":" + password)
	m, s := md5.Sum(a1), sha256.Sum256(a1)
	return Secret{User: user, MD5: hex.EncodeToString(m[:]), SHA256: hex.EncodeToString(s[:])}
}

// Account is the name of an endpoint that means registered telephones: sip:ann, without a host. A host is told from it by
// a user, a dot or a port: sip:ann@pbx, sip:pbx.example, sip:pbx:5060.
func (e Endpoint) Account() (user string, ok bool) {
	user, ok = strings.CutPrefix(string(e), "sip:")
	if !ok || user == "" || len(user) > 63 || user[0] == '-' || strings.Trim(user, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return "", false
	}
	return user, true
}

// RegState is whether a registered telephone can be rung.
type RegState string

const (
	RegLive   RegState = "live"
	RegSilent RegState = "silent" // it answers no more; it is rung again as soon as it is heard
)

// Registration is one telephone that has registered (a binding of RFC 3261 section 10).
type Registration struct {
	User      string    `json:"user"`
	Contact   string    `json:"contact"`    // its own address as it says: sip:ann@192.168.1.20:5060
	Instance  string    `json:"instance"`   // of RFC 5626, "" = none
	Transport string    `json:"transport"`  // udp, tcp, tls
	Source    string    `json:"source"`     // address:port that it spoke from
	NAT       bool      `json:"nat"`        // there is a router between: it is reached where it spoke from only
	UserAgent string    `json:"user_agent"` // cut to 80 characters
	Since     time.Time `json:"since"`
	Until     time.Time `json:"until"`
	State     RegState  `json:"state"`
}

// Key names a registration among those of its user.
func (r *Registration) Key() string {
	if r.Instance != "" {
		return r.Instance
	}
	return r.Contact
}

// Registrations keeps registrations over a restart of the switch.
type Registrations interface {
	Registrations(ctx context.Context) ([]Registration, error)
	// KeepRegistrations writes some and deletes others, by User and Key, in one transaction; nil = it is on disk.
	KeepRegistrations(ctx context.Context, put, gone []Registration) error
}
