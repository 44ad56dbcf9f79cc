package door

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"ringback/internal/callback"
	"ringback/internal/fault"
	"ringback/internal/id"
)

// Public is the principal of everybody without a key.
const Public = "public"

// maxKey is the longest idempotency key or nonce.
const maxKey = 255

// guessable is the length under which a visitor's nonce might be somebody else's too.
const guessable = 16

// Hash of a body, to know it again.
func Hash(body []byte) string {
	h := sha256.Sum256(body)
	return hex.EncodeToString(h[:])
}

// OnceByNonce makes a visitor's form repeatable: the same nonce is the same callback, whatever else was typed. Nil
// without a nonce.
func OnceByNonce(r *http.Request, button id.Button, nonce string) (*callback.Once, error) {
	switch {
	case nonce == "":
		return nil, nil
	case len(nonce) > maxKey:
		return nil, fault.At("nonce", fault.WrongType, "A nonce has at most %d characters.", maxKey)
	case len(nonce) < guessable:
		nonce = Visitor(r) + " " + nonce // no stranger comes to another's page by trying short ones
	}
	return &callback.Once{Principal: Public, Route: "POST /api/v1/public/buttons/" + string(button) + "/callbacks", Key: "nonce " + nonce, Request: "nonce"}, nil
}

// OnceByKey makes a POST repeatable by its Idempotency-Key. Nil without one.
func OnceByKey(r *http.Request, body []byte) (*callback.Once, error) {
	key := r.Header.Get("Idempotency-Key")
	switch {
	case key == "":
		return nil, nil
	case len(key) > maxKey:
		return nil, fault.At("Idempotency-Key", fault.WrongType, "An idempotency key has at most %d characters.", maxKey)
	}
	principal := Public
	if p := Principal(r.Context()); p.Who() != "" {
		principal = p.Who()
	}
	return &callback.Once{Principal: principal, Route: r.Method + " " + r.URL.Path, Key: key, Request: Hash(body)}, nil
}
