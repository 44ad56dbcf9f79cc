// Package challenge is what a stranger's browser does before a telephone rings: a small piece of work, in the wire format
// of ALTCHA version 1, bound to the button, the telephone number and the time. Forms that are sent without script carry a
// ticket instead.
package challenge

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"ringback/internal/fault"
)

const (
	// MaxNumber bounds the work: half of it hashes on average, a tenth of a second for a telephone.
	MaxNumber = 50_000
	// Life is how long a puzzle may be answered.
	Life = 10 * time.Minute

	algorithm = "SHA-256"
	maxProof  = 2048 // bytes of an answer as sent
)

// Puzzle is what is to be solved: the number from 0 to MaxNumber which, written in decimal behind Salt, has Challenge as
// its SHA-256.
type Puzzle struct {
	Algorithm string `json:"algorithm,omitempty"`
	Challenge string `json:"challenge,omitempty"` // hex
	MaxNumber int    `json:"maxnumber,omitempty"`
	Salt      string `json:"salt,omitempty"`
	Signature string `json:"signature,omitempty"` // hex
}

// answer is a solved puzzle; base64 of its JSON is what is sent.
type answer struct {
	Algorithm string `json:"algorithm"`
	Challenge string `json:"challenge"`
	Number    int    `json:"number"`
	Salt      string `json:"salt"`
	Signature string `json:"signature"`
}

// Setter sets puzzles and judges what comes back. It keeps nothing: what is used up is kept by who takes the answer.
type Setter struct{ key []byte }

// New makes a setter; whoever has the key takes the answers to its puzzles.
func New(key []byte) *Setter {
	return &Setter{sum(key, "challenge of public forms")}
}

func sum(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// Commit is how a number, or an endpoint, stands in a puzzle: SHA-256 in hex of what will be sent, to the letter. The number
// itself is in no address and in no log.
func Commit(typed string) string {
	h := sha256.Sum256([]byte(typed))
	return hex.EncodeToString(h[:])
}

// Puzzle sets one for a button and a committed number. random makes it like no other.
func (s *Setter) Puzzle(button, commit, random string, now time.Time) Puzzle {
	bound := url.Values{"button": {button}, "for": {commit}, "expires": {strconv.FormatInt(now.Add(Life).Unix(), 10)}}
	salt := Commit(random)[:24] + "?" + bound.Encode() + "&" // the delimiter: no digit of the number can be read as one of expires
	secret := binary.BigEndian.Uint64(sum(s.key, "number "+salt)) % (MaxNumber + 1)
	challenge := Commit(salt + strconv.FormatUint(secret, 10))
	return Puzzle{algorithm, challenge, MaxNumber, salt, hex.EncodeToString(sum(s.key, challenge))}
}

// Used is what may come once only, and for how long that must be remembered.
type Used struct {
	Key string
	For time.Duration
}

// ErrOld is a proof or a ticket that was good once.
var ErrOld = fault.New(fault.ProofInvalid, "This took too long: the proof of work is no longer valid. Please send it again.")

// Check judges an answer for a button and a committed number. Errors are faults for people; with ErrOld everything but the
// time is right.
func (s *Setter) Check(proof, button, commit string, now time.Time) (Used, error) {
	var a answer
	text, err := base64.StdEncoding.DecodeString(proof)
	if len(proof) > maxProof || err != nil || json.Unmarshal(text, &a) != nil {
		return Used{}, fault.At("proof", fault.ProofInvalid, "The proof of work cannot be read: it is base64 of JSON, as ALTCHA version 1 writes it.")
	}
	if a.Algorithm != algorithm || a.Number < 0 || a.Number > MaxNumber || !strings.HasSuffix(a.Salt, "&") ||
		a.Challenge != Commit(a.Salt+strconv.Itoa(a.Number)) || !s.signed(a.Challenge, a.Signature) {
		return Used{}, fault.At("proof", fault.ProofInvalid, "The proof of work is not right. Load the page again and send it once more.")
	}
	_, query, _ := strings.Cut(a.Salt, "?")
	bound, err := url.ParseQuery(query)
	if err != nil || bound.Get("button") != button || bound.Get("for") != commit {
		return Used{}, fault.At("proof", fault.ProofInvalid, "The proof of work is for another number or another button. Please send it again.")
	}
	used := Used{Key: "proof:" + a.Challenge[:32], For: Life}
	if end, err := strconv.ParseInt(bound.Get("expires"), 10, 64); err != nil || now.Unix() > end {
		return used, ErrOld
	}
	return used, nil
}

func (s *Setter) signed(text, signature string) bool {
	got, err := hex.DecodeString(signature)
	return err == nil && hmac.Equal(got, sum(s.key, text))
}

// Solve does the work and returns what is sent; "" when nothing fits.
func (p Puzzle) Solve() string {
	for n := range p.MaxNumber + 1 {
		if Commit(p.Salt+strconv.Itoa(n)) == p.Challenge {
			b, _ := json.Marshal(answer{p.Algorithm, p.Challenge, n, p.Salt, p.Signature}) // of strings and numbers only
			return base64.StdEncoding.EncodeToString(b)
		}
	}
	return ""
}
