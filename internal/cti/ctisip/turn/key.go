package turn

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// A credential is good for an allocation for an hour; what was allocated with it may be kept for a working day. Pages ask
// for another one whenever they connect.
const (
	credentialLife = time.Hour
	keepLife       = 12 * time.Hour
)

// keys make and check credentials that live for a while: the name says until when, the password proves it (the usual way
// of TURN's REST API, draft-uberti-behave-turn-rest). Nothing of them is stored; a restart makes them all void.
type keys struct{ secret [32]byte }

func newKeys() *keys {
	k := &keys{}
	rand.Read(k.secret[:]) // never fails
	return k
}

// issue makes a credential of a browser.
func (k *keys) issue(name string, until time.Time) (user, password string) {
	user = strconv.FormatInt(until.Unix(), 10) + ":" + name
	return user, k.password(user)
}

func (k *keys) password(user string) string {
	h := hmac.New(sha256.New, k.secret[:])
	h.Write([]byte(user))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// read says what a user's name claims; the password proves it.
func (k *keys) read(user string) (name string, until time.Time, ok bool) {
	stamp, name, ok := strings.Cut(user, ":")
	n, err := strconv.ParseInt(stamp, 10, 64)
	return name, time.Unix(n, 0), ok && err == nil && name != ""
}

// Credential is what a browser of that name allocates with.
func (s *Server) Credential(name string) (user, password string) {
	return s.keys.issue(name, time.Now().Add(credentialLife))
}
