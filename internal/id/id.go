// Package id mints and names things: `prefix_` and a ULID in lower case.
//
// Every kind of id has its own Go type, so that two swapped arguments do not compile. Ids are no secrets and may be
// logged; tokens are secrets and are stored only as their SHA-256.
package id

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"time"
)

// One type a kind of thing. The text is `prefix_` and 26 letters and digits.
type (
	Callback       string // cb_
	Leg            string // leg_
	Subscriber     string // sub_
	Button         string // btn_
	Agent          string // agt_
	Representation string // rep_
	Trunk          string // trk_
	Key            string // key_
	Contact        string // con_
	Interaction    string // int_
	Consent        string // cns_
	Block          string // blk_
	Refusal        string // ref_
	Node           string // nod_
	Request        string // req_
	Recording      string // rec_
	Note           string // note_
	Letter         string // let_
	User           string // usr_
	Person         string // who signs in: an agent's id, or a user's
	Alarm          string // alm_
)

// Prefix of a token by what it opens.
const (
	CallbackToken = "t_"  // a visitor's status page
	SecretKey     = "sk_" // the keyed API
	SessionToken  = "ss_" // an agent's desk, in a cookie
	LinkToken     = "a_"  // one call's page, for an agent who has no desk
	InviteToken   = "i_"  // a letter that lets a person of a business choose her password
)

// Mint makes new ids and tokens from a clock and a source of randomness; both are given, so that a simulated day
// mints the same ids each time. Safe for concurrent use.
type Mint struct {
	now  func() time.Time
	mu   sync.Mutex
	rand io.Reader
}

// NewMint returns a mint that reads the time from now and 10 random bytes an id from rand.
func NewMint(now func() time.Time, rand io.Reader) *Mint { return &Mint{now: now, rand: rand} }

func (m *Mint) Callback() Callback             { return Callback("cb_" + m.ulid()) }
func (m *Mint) Leg() Leg                       { return Leg("leg_" + m.ulid()) }
func (m *Mint) Subscriber() Subscriber         { return Subscriber("sub_" + m.ulid()) }
func (m *Mint) Button() Button                 { return Button("btn_" + m.ulid()) }
func (m *Mint) Agent() Agent                   { return Agent("agt_" + m.ulid()) }
func (m *Mint) Representation() Representation { return Representation("rep_" + m.ulid()) }
func (m *Mint) Trunk() Trunk                   { return Trunk("trk_" + m.ulid()) }
func (m *Mint) Key() Key                       { return Key("key_" + m.ulid()) }
func (m *Mint) Contact() Contact               { return Contact("con_" + m.ulid()) }
func (m *Mint) Interaction() Interaction       { return Interaction("int_" + m.ulid()) }
func (m *Mint) Consent() Consent               { return Consent("cns_" + m.ulid()) }
func (m *Mint) Block() Block                   { return Block("blk_" + m.ulid()) }
func (m *Mint) Refusal() Refusal               { return Refusal("ref_" + m.ulid()) }
func (m *Mint) Node() Node                     { return Node("nod_" + m.ulid()) }
func (m *Mint) Request() Request               { return Request("req_" + m.ulid()) }
func (m *Mint) Recording() Recording           { return Recording("rec_" + m.ulid()) }
func (m *Mint) Note() Note                     { return Note("note_" + m.ulid()) }
func (m *Mint) Letter() Letter                 { return Letter("let_" + m.ulid()) }
func (m *Mint) User() User                     { return User("usr_" + m.ulid()) }
func (m *Mint) Alarm() Alarm                   { return Alarm("alm_" + m.ulid()) }

// Token returns prefix and 32 random bytes in base64url: a secret that is shown once.
func (m *Mint) Token(prefix string) string {
	b := make([]byte, 32)
	m.read(b)
	return prefix + base64.RawURLEncoding.EncodeToString(b)
}

// Salt returns n random bytes, to be kept beside what they hide.
func (m *Mint) Salt(n int) []byte {
	b := make([]byte, n)
	m.read(b)
	return b
}

// TokenHash is what of a token is stored: its SHA-256 in hex.
func TokenHash(token string) string {
	h := sha256.Sum256([]byte(token))
	return hex.EncodeToString(h[:])
}

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz" // Crockford's base 32, lower case

// ulid is 48 bits of milliseconds and 80 random bits, 26 characters (the ULID specification, in lower case).
func (m *Mint) ulid() string {
	var b [16]byte
	ms := uint64(m.now().UnixMilli())
	for i := 5; i >= 0; i-- {
		b[i] = byte(ms)
		ms >>= 8
	}
	m.read(b[6:])
	var out [26]byte
	var acc uint
	bits, n := 2, 0 // 130 bits are written for 128: two leading zero bits
	for _, c := range b {
		acc = acc<<8 | uint(c)
		bits += 8
		for bits >= 5 {
			bits -= 5
			out[n] = alphabet[acc>>bits&31]
			n++
		}
		acc &= 1<<bits - 1
	}
	return string(out[:])
}

func (m *Mint) read(b []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := io.ReadFull(m.rand, b); err != nil {
		panic("id: no randomness: " + err.Error()) // crypto/rand never fails; a seeded source never ends
	}
}

var slug = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// CheckSlug says whether s may name a thing that people name.
func CheckSlug(s string) error {
	if !slug.MatchString(s) {
		return fmt.Errorf("%q is no id: it takes 1 to 63 of a-z, 0-9 and -, beginning with a letter or digit", s)
	}
	return nil
}

// Has says whether s begins with the prefix of a minted id, such as "cb_", and has an id's length.
func Has(prefix, s string) bool { return strings.HasPrefix(s, prefix) && len(s) == len(prefix)+26 }
