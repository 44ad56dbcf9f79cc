// Package srtp encrypts and authenticates the packets of a call: RFC 3711 with AES in counter mode and HMAC-SHA1, RFC
// 7714 with AES-GCM. Keys are those of RFC 4568, one for each direction. A packet costs no allocation.
//
// Nothing here locks: a Sender and a Receiver each belong to one stream.
package srtp

import (
	"errors"
	"io"
)

// Suite is a cipher with its authentication, by its name in SDP.
type Suite string

// The suites that are spoken, RFC 4568 section 6.2 and RFC 7714 section 14.2.
const (
	GCM256 Suite = "AEAD_AES_256_GCM"
	GCM128 Suite = "AEAD_AES_128_GCM"
	CM80   Suite = "AES_CM_128_HMAC_SHA1_80"
	CM32   Suite = "AES_CM_128_HMAC_SHA1_32"
)

// Offered are the suites that we offer, best first. CM80 leads: it is what every telephone has, and some take the first
// line or none. CM32 is taken when it is all that the far end has.
var Offered = [...]Suite{CM80, GCM256, GCM128}

// sizes are those of the master key and the master salt in bytes.
func (s Suite) sizes() (key, salt int) {
	switch s {
	case CM80, CM32:
		return 16, 14
	case GCM128:
		return 16, 12
	case GCM256:
		return 32, 12
	}
	return 0, 0
}

// KeyLen returns how many bytes a Key of the suite has, 0 = the suite is not known here.
func (s Suite) KeyLen() int {
	k, salt := s.sizes()
	return k + salt
}

// Key is a master key and its salt, as they stand in SDP.
type Key []byte

// NewKey makes a key for a suite from random bytes.
func NewKey(s Suite, random io.Reader) (Key, error) {
	k := make(Key, s.KeyLen())
	_, err := io.ReadFull(random, k)
	return k, err
}

// Overhead is how much longer a packet of any suite may become: a tag of GCM and the index of SRTCP.
const Overhead = 16 + 4

// What a packet is refused with.
var (
	ErrAuth   = errors.New("srtp: the packet is not authentic")
	ErrReplay = errors.New("srtp: the packet came before, or is too old")
	ErrShort  = errors.New("srtp: the packet is too short")
	ErrKey    = errors.New("srtp: the key does not fit its suite")
)

// crypter is a suite with its session keys. Bodies are worked on where they lie.
type crypter interface {
	// seal encrypts b[body:] and appends the tag; b has the room.
	seal(b []byte, body int, ssrc, roc uint32, seq uint16) []byte
	// open checks b and decrypts it from body on, and returns it without its tag.
	open(b []byte, body int, ssrc, roc uint32, seq uint16) ([]byte, bool)
	// sealRTCP encrypts b from its ninth byte on, and appends tag and index.
	sealRTCP(b []byte, ssrc, index uint32) []byte
	// openRTCP checks and decrypts. The index is in the packet.
	openRTCP(b []byte) (plain []byte, index uint32, ok bool)
}

func newCrypter(s Suite, k Key) (crypter, error) {
	if n := s.KeyLen(); n == 0 || len(k) != n {
		return nil, ErrKey
	}
	if s == GCM128 || s == GCM256 {
		return newGCM(s, k)
	}
	return newCM(s, k)
}
