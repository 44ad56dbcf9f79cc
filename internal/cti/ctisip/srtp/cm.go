package srtp

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/binary"
	"hash"
)

// cm is AES in counter mode with HMAC-SHA1, RFC 3711 section 4.
type cm struct {
	rtp, rtcp cmKeys
	tag       int // bytes of an SRTP packet's tag; SRTCP always has 10
}

// cmKeys are session keys and the room to work in: what is handed to an interface would be allocated otherwise.
type cmKeys struct {
	block  cipher.Block
	salt   [14]byte
	mac    hash.Hash
	iv, ks [aes.BlockSize]byte
	sum    [sha1.Size]byte
	word   [4]byte
}

const rtcpTag = 10

func newCM(s Suite, k Key) (*cm, error) {
	c := &cm{tag: 10}
	if s == CM32 {
		c.tag = 4
	}
	if err := c.rtp.derive(k, 0); err != nil {
		return nil, err
	}
	return c, c.rtcp.derive(k, rtcpLabels)
}

func (k *cmKeys) derive(master Key, labels byte) error {
	key, salt := master[:16], master[16:]
	cipherKey, err := derive(key, salt, labels+labelCipher, 16)
	if err != nil {
		return err
	}
	authKey, err := derive(key, salt, labels+labelAuth, sha1.Size)
	if err != nil {
		return err
	}
	sessionSalt, err := derive(key, salt, labels+labelSalt, len(k.salt))
	if err != nil {
		return err
	}
	copy(k.salt[:], sessionSalt)
	k.mac = hmac.New(sha1.New, authKey)
	k.block, err = aes.NewCipher(cipherKey)
	return err
}

// xor applies the key stream of a packet, RFC 3711 section 4.1.1: high and low are the upper 32 and lower 16 bits of its
// index.
func (k *cmKeys) xor(b []byte, ssrc, high uint32, low uint16) {
	copy(k.iv[:], k.salt[:])
	k.iv[14], k.iv[15] = 0, 0
	for i := range 4 {
		shift := 24 - 8*i
		k.iv[4+i] ^= byte(ssrc >> shift)
		k.iv[8+i] ^= byte(high >> shift)
	}
	k.iv[12] ^= byte(low >> 8)
	k.iv[13] ^= byte(low)
	for n := uint16(0); len(b) > 0; n++ {
		binary.BigEndian.PutUint16(k.iv[14:], n)
		k.block.Encrypt(k.ks[:], k.iv[:])
		b = b[subtle.XORBytes(b, b, k.ks[:min(len(b), len(k.ks))]):]
	}
}

// authentic returns the HMAC over b and, if it is not part of the packet, its rollover counter.
func (k *cmKeys) authentic(b []byte, roc uint32, withROC bool) []byte {
	k.mac.Reset()
	k.mac.Write(b)
	if withROC {
		binary.BigEndian.PutUint32(k.word[:], roc)
		k.mac.Write(k.word[:])
	}
	return k.mac.Sum(k.sum[:0])
}

func (c *cm) seal(b []byte, body int, ssrc, roc uint32, seq uint16) []byte {
	c.rtp.xor(b[body:], ssrc, roc, seq)
	return append(b, c.rtp.authentic(b, roc, true)[:c.tag]...)
}

func (c *cm) open(b []byte, body int, ssrc, roc uint32, seq uint16) ([]byte, bool) {
	n := len(b) - c.tag
	if n < body || subtle.ConstantTimeCompare(b[n:], c.rtp.authentic(b[:n], roc, true)[:c.tag]) == 0 {
		return nil, false
	}
	c.rtp.xor(b[body:n], ssrc, roc, seq)
	return b[:n], true
}

// encrypted is the bit of an SRTCP index that says whether the packet is.
const encrypted = 1 << 31

func (c *cm) sealRTCP(b []byte, ssrc, index uint32) []byte {
	c.rtcp.xor(b[rtcpHeader:], ssrc, index>>16, uint16(index))
	b = binary.BigEndian.AppendUint32(b, index|encrypted)
	return append(b, c.rtcp.authentic(b, 0, false)[:rtcpTag]...)
}

func (c *cm) openRTCP(b []byte) ([]byte, uint32, bool) {
	n := len(b) - rtcpTag
	if n < rtcpHeader+4 || subtle.ConstantTimeCompare(b[n:], c.rtcp.authentic(b[:n], 0, false)[:rtcpTag]) == 0 {
		return nil, 0, false
	}
	word := binary.BigEndian.Uint32(b[n-4:])
	index := word &^ encrypted
	b = b[:n-4]
	if word&encrypted != 0 {
		c.rtcp.xor(b[rtcpHeader:], ssrcOfRTCP(b), index>>16, uint16(index))
	}
	return b, index, true
}
