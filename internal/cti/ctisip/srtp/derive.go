package srtp

import (
	"crypto/aes"
	"crypto/cipher"
)

// Labels of what is derived from a master key, RFC 3711 section 4.3.1. Those of SRTCP come three later.
const (
	labelCipher = 0
	labelAuth   = 1
	labelSalt   = 2
	rtcpLabels  = 3
)

// derive returns n bytes of session key: AES in counter mode over the label and the master salt (RFC 3711 section 4.3.3;
// with a master key of 256 bits RFC 6188). A salt of 12 bytes is padded to 14 (RFC 7714 section 11). There is no key
// derivation rate: keys hold for the session.
func derive(key, salt []byte, label byte, n int) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	var iv [aes.BlockSize]byte
	copy(iv[:14], salt)
	iv[7] ^= label
	out := make([]byte, n)
	cipher.NewCTR(block, iv[:]).XORKeyStream(out, out)
	return out, nil
}
