package srtp

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
)

// gcm is AES-GCM, RFC 7714.
type gcm struct{ rtp, rtcp gcmKeys }

// gcmKeys are session keys and the room to work in.
type gcmKeys struct {
	aead cipher.AEAD
	salt [12]byte
	iv   [12]byte
	aad  [rtcpHeader + 4]byte
}

const gcmTag = 16

func newGCM(s Suite, k Key) (*gcm, error) {
	n, _ := s.sizes()
	g := &gcm{}
	if err := g.rtp.derive(k, n, 0); err != nil {
		return nil, err
	}
	return g, g.rtcp.derive(k, n, rtcpLabels)
}

func (k *gcmKeys) derive(master Key, n int, labels byte) error {
	key, salt := master[:n], master[n:]
	cipherKey, err := derive(key, salt, labels+labelCipher, n)
	if err != nil {
		return err
	}
	sessionSalt, err := derive(key, salt, labels+labelSalt, len(k.salt))
	if err != nil {
		return err
	}
	copy(k.salt[:], sessionSalt)
	block, err := aes.NewCipher(cipherKey)
	if err != nil {
		return err
	}
	k.aead, err = cipher.NewGCM(block)
	return err
}

// nonce is two zero bytes, SSRC and the 48 bits of the index, with the salt over them (RFC 7714 sections 8.1 and 9.1).
func (k *gcmKeys) nonce(ssrc, high uint32, low uint16) []byte {
	k.iv[0], k.iv[1] = 0, 0
	binary.BigEndian.PutUint32(k.iv[2:], ssrc)
	binary.BigEndian.PutUint32(k.iv[6:], high)
	binary.BigEndian.PutUint16(k.iv[10:], low)
	for i := range k.iv {
		k.iv[i] ^= k.salt[i]
	}
	return k.iv[:]
}

func (g *gcm) seal(b []byte, body int, ssrc, roc uint32, seq uint16) []byte {
	return g.rtp.aead.Seal(b[:body], g.rtp.nonce(ssrc, roc, seq), b[body:], b[:body])
}

func (g *gcm) open(b []byte, body int, ssrc, roc uint32, seq uint16) ([]byte, bool) {
	if len(b) < body+gcmTag {
		return nil, false
	}
	out, err := g.rtp.aead.Open(b[:body], g.rtp.nonce(ssrc, roc, seq), b[body:], b[:body])
	return out, err == nil
}

// The index word of SRTCP stands behind the tag and is authenticated with the header (RFC 7714 section 9.2).
func (g *gcm) sealRTCP(b []byte, ssrc, index uint32) []byte {
	k := &g.rtcp
	copy(k.aad[:], b[:rtcpHeader])
	binary.BigEndian.PutUint32(k.aad[rtcpHeader:], index|encrypted)
	b = k.aead.Seal(b[:rtcpHeader], k.nonce(ssrc, index>>16, uint16(index)), b[rtcpHeader:], k.aad[:])
	return append(b, k.aad[rtcpHeader:]...)
}

func (g *gcm) openRTCP(b []byte) ([]byte, uint32, bool) {
	k := &g.rtcp
	n := len(b) - 4
	if n < rtcpHeader+gcmTag {
		return nil, 0, false
	}
	word := binary.BigEndian.Uint32(b[n:])
	if word&encrypted == 0 {
		return nil, 0, false // authenticated only: nobody who speaks GCM sends it
	}
	index := word &^ encrypted
	copy(k.aad[:], b[:rtcpHeader])
	copy(k.aad[rtcpHeader:], b[n:])
	out, err := k.aead.Open(b[:rtcpHeader], k.nonce(ssrcOfRTCP(b), index>>16, uint16(index)), b[rtcpHeader:n], k.aad[:])
	return out, index, err == nil
}
