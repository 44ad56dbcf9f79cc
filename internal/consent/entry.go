package consent

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"ringback/internal/id"
)

// SaltSize is the length of a salt: without it nobody can try numbers against a commitment.
const SaltSize = 32

// Hash is a SHA-256; zero = none.
type Hash [sha256.Size]byte

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Hash names the text in the ledger; "" = no text.
func (t Text) Hash() string {
	if t == (Text{}) {
		return ""
	}
	return digest("ringback text 1", t.Version, t.Language, t.Words).String()
}

// Entry is a record in its chain, as it is kept.
type Entry struct {
	Chain, Seq int64 // Seq counts from 1
	ID         id.Consent
	Subscriber id.Subscriber
	Callback   id.Callback
	Act        Act
	Route      Route
	Text       string // hash
	At         time.Time
	Erases     []id.Consent

	Salt       []byte // nil = erased
	Person     string // JSON; "" = erased
	NumberHash string // to find it by; "" = erased, or none
	Commitment Hash   // to salt and person
	Prev, Hash Hash
}

// Head is the end of a chain.
type Head struct {
	Chain, Seq int64
	Hash       Hash
}

// Seal puts a record at the end of a chain. at is taken in whole microseconds, as the ledger keeps it.
func (h Head) Seal(r Record, salt []byte) (Entry, Head) {
	person, err := json.Marshal(r.Person)
	if err != nil {
		panic("consent: " + err.Error()) // strings only
	}
	e := Entry{
		Chain: h.Chain, Seq: h.Seq + 1, ID: r.ID, Subscriber: r.Subscriber, Callback: r.Callback, Act: r.Act, Route: r.Route,
		Text: r.Text.Hash(), At: time.UnixMicro(r.At.UnixMicro()).UTC(), Erases: r.Erases,
		Salt: salt, Person: string(person), NumberHash: r.Person.NumberHash, Prev: h.Hash,
	}
	e.Commitment = commit(e.Salt, e.Person)
	e.Hash = e.seal()
	return e, Head{h.Chain, e.Seq, e.Hash}
}

// Erase takes the personal part away. The chain does not change.
func (e *Entry) Erase() { e.Salt, e.Person, e.NumberHash = nil, "", "" }

// IsErased says whether the personal part is gone.
func (e *Entry) IsErased() bool { return len(e.Salt) == 0 && e.Person == "" && e.NumberHash == "" }

// Who reads the personal part; zero once it is erased.
func (e *Entry) Who() (p Person, err error) {
	if e.Person == "" {
		return p, nil
	}
	if err := json.Unmarshal([]byte(e.Person), &p); err != nil {
		return p, fmt.Errorf("consent %s: %w", e.ID, err)
	}
	return p, nil
}

func commit(salt []byte, person string) Hash {
	return digest("ringback person 1", string(salt), person)
}

// seal is the hash of the entry: of the one before it, the commitment, and all the rest.
func (e *Entry) seal() Hash {
	parts := []string{string(e.Prev[:]), string(e.Commitment[:]), number(e.Chain), number(e.Seq), string(e.ID), string(e.Subscriber),
		string(e.Callback), string(e.Act), string(e.Route), e.Text, number(e.At.UnixMicro())}
	for _, x := range e.Erases {
		parts = append(parts, string(x))
	}
	return digest("ringback record 1", parts...)
}

// digest hashes parts so that no two lists of parts are hashed alike.
func digest(what string, parts ...string) (h Hash) {
	var b bytes.Buffer
	for _, p := range append([]string{what}, parts...) {
		b.WriteString(number(int64(len(p))))
		b.WriteString(p)
	}
	return sha256.Sum256(b.Bytes())
}

func number(n int64) string { return string(binary.BigEndian.AppendUint64(nil, uint64(n))) }
