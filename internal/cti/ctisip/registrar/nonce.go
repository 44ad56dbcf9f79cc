package registrar

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/netip"
	"sync"
	"time"
)

// nonceLife is how long a nonce may be used.
const nonceLife = 5 * time.Minute

// nonces are made without keeping anything: time, a random part, and a signature over both and the address that asked.
// Only of one that has proved a password is the last count kept, so that nothing is accepted twice (RFC 7616 section
// 5.5).
type nonces struct {
	key    []byte
	random func(n int) int

	mu    sync.Mutex
	used  map[string]use
	swept time.Time
}

type use struct {
	last uint32
	till time.Time
}

const nonceHead, nonceSize = 8, 20

func (n *nonces) mint(from netip.Addr) string {
	b := make([]byte, nonceHead, nonceSize)
	binary.BigEndian.PutUint32(b, uint32(time.Now().Unix()))
	binary.BigEndian.PutUint32(b[4:], uint32(n.random(1<<31-1)))
	return base64.RawURLEncoding.EncodeToString(append(b, n.sign(b, from)...))
}

func (n *nonces) sign(head []byte, from netip.Addr) []byte {
	m := hmac.New(sha256.New, n.key)
	m.Write(head)
	a := from.Unmap().As16()
	m.Write(a[:])
	return m.Sum(nil)[:nonceSize-nonceHead]
}

// fresh says whether the nonce is ours, was given to this address, and is not too old.
func (n *nonces) fresh(s string, from netip.Addr) bool {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) != nonceSize || !hmac.Equal(b[nonceHead:], n.sign(b[:nonceHead], from)) {
		return false
	}
	age := time.Since(time.Unix(int64(binary.BigEndian.Uint32(b)), 0))
	return age > -2*time.Second && age < nonceLife
}

// count takes the use count of a nonce; false when it is not above the last.
func (n *nonces) count(s string, nc uint32) bool {
	now := time.Now()
	n.mu.Lock()
	defer n.mu.Unlock()
	if now.Sub(n.swept) > time.Minute {
		n.swept = now
		for k, u := range n.used {
			if now.After(u.till) {
				delete(n.used, k)
			}
		}
	}
	if u, known := n.used[s]; known && nc <= u.last {
		return false
	}
	n.used[s] = use{last: nc, till: now.Add(nonceLife + time.Minute)}
	return true
}
