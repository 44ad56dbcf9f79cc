package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
)

// sealer encrypts what the database file alone shall not show: AES-256-GCM, bound to the place where it is kept.
//
// The nonce is a MAC of place and text, so the same text at the same place is sealed alike and no source of randomness
// is needed; two texts with one nonce would need a collision in 96 bits of HMAC-SHA256.
type sealer struct {
	aead  cipher.AEAD
	nonce []byte // key of the MAC
	chain []byte // key of the proofs of consents
}

func newSealer(key []byte) (*sealer, error) {
	if len(key) != 32 {
		return nil, fmt.Errorf("store: the key that seals is %d bytes long; it has to be 32", len(key))
	}
	block, err := aes.NewCipher(derived(key, "seal"))
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return &sealer{aead: aead, nonce: derived(key, "nonce"), chain: derived(key, "chain")}, nil
}

func derived(key []byte, purpose string) []byte { return mac(key, "ringback store "+purpose, nil) }

func mac(key []byte, place string, text []byte) []byte {
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "%d:%s", len(place), place)
	h.Write(text)
	return h.Sum(nil)
}

// seal returns nonce and ciphertext.
func (s *sealer) seal(place string, text []byte) []byte {
	nonce := mac(s.nonce, place, text)[:s.aead.NonceSize()]
	return s.aead.Seal(nonce, nonce, text, []byte(place))
}

func (s *sealer) open(place string, sealed []byte) ([]byte, error) {
	n := s.aead.NonceSize()
	if len(sealed) < n {
		return nil, errors.New("store: sealed value is too short")
	}
	text, err := s.aead.Open(nil, sealed[:n], sealed[n:], []byte(place))
	if err != nil {
		return nil, fmt.Errorf("store: %s cannot be opened: the key in the data folder is not the one it was sealed with", place)
	}
	return text, nil
}
