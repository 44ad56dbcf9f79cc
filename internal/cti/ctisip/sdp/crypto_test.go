package sdp

import (
	"encoding/base64"
	"strings"
	"testing"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/srtp"
)

const (
	cmKey  = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz" // RFC 4568 section 4
	head   = "v=0\r\no=- 1 2 IN IP4 1.2.3.4\r\ns=-\r\nc=IN IP4 1.2.3.4\r\nt=0 0\r\n"
	gcmKey = "AAECAwQFBgcICQoLDA0ODwABAgMEBQYHCAkKCw=="
)

func TestCrypto(t *testing.T) {
	for line, want := range map[string]string{
		"1 AES_CM_128_HMAC_SHA1_80 inline:" + cmKey:                                 "1 AES_CM_128_HMAC_SHA1_80 " + cmKey,
		"7 AES_CM_128_HMAC_SHA1_32 inline:" + cmKey + "|2^31":                       "7 AES_CM_128_HMAC_SHA1_32 " + cmKey,
		"1 AES_CM_128_HMAC_SHA1_80 inline:" + cmKey + " WSH=128":                    "1 AES_CM_128_HMAC_SHA1_80 " + cmKey,
		"2 AEAD_AES_128_GCM inline:" + gcmKey:                                       "2 AEAD_AES_128_GCM " + gcmKey,
		"2 AEAD_AES_128_GCM inline:" + strings.TrimRight(gcmKey, "="):               "2 AEAD_AES_128_GCM " + gcmKey,
		"1 AES_CM_128_HMAC_SHA1_80 inline:" + cmKey + "|2^20|1:4":                   "",
		"1 AES_CM_128_HMAC_SHA1_80 inline:" + cmKey + "|1:4":                        "",
		"1 AES_CM_128_HMAC_SHA1_80 inline:" + cmKey + ";inline:" + cmKey:            "",
		"1 AES_CM_128_HMAC_SHA1_80 inline:" + cmKey + " UNENCRYPTED_SRTCP":          "",
		"1 AES_CM_128_HMAC_SHA1_80 inline:" + cmKey + " KDR=1":                      "",
		"1 AES_CM_128_HMAC_SHA1_80 inline:" + cmKey + " FEC_ORDER=FEC_SRTP WSH=128": "",
		"1 F8_128_HMAC_SHA1_80 inline:" + cmKey:                                     "",
		"1 AEAD_AES_256_GCM inline:" + gcmKey:                                       "",
		"x AES_CM_128_HMAC_SHA1_80 inline:" + cmKey:                                 "",
		"1 AES_CM_128_HMAC_SHA1_80 " + cmKey:                                        "",
		"1 AES_CM_128_HMAC_SHA1_80":                                                 "",
	} {
		got := ""
		if c, ok := crypto(line); ok {
			got = strings.Replace(c.String(), "inline:", "", 1)
		}
		if got != want {
			t.Errorf("%q is read as %q, want %q", line, got, want)
		}
	}
}

// What may be taken: SAVP only with a line that we can keep to, AVP with or without one.
func TestSecureStreams(t *testing.T) {
	good, bad := "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"+cmKey+"\r\n", "a=crypto:1 F8_128_HMAC_SHA1_80 inline:"+cmKey+"\r\n"
	for name, c := range map[string]struct {
		body  string
		taken bool
		lines int
	}{
		"savp":          {"m=audio 4000 RTP/SAVP 0\r\n" + bad + good, true, 1},
		"savpf":         {"m=audio 4000 RTP/SAVPF 0\r\n" + good, true, 1},
		"savp, no line": {"m=audio 4000 RTP/SAVP 0\r\n", false, 0},
		"savp, f8":      {"m=audio 4000 RTP/SAVP 0\r\n" + bad, false, 0},
		"avp":           {"m=audio 4000 RTP/AVP 0\r\n" + good, true, 1},
		"avp, f8":       {"m=audio 4000 RTP/AVP 0\r\n" + bad, true, 0},
		"dtls":          {"m=audio 4000 UDP/TLS/RTP/SAVPF 0\r\n" + good, false, 1},
	} {
		s, err := Parse([]byte(head + c.body))
		if err != nil {
			t.Fatal(err)
		}
		if (s.Audio >= 0) != c.taken || len(s.Media[0].Crypto) != c.lines {
			t.Errorf("%s: stream %d, %d lines", name, s.Audio, len(s.Media[0].Crypto))
		}
	}
}

// What we write is read back as it was meant, and saying the same again is no new version.
func TestSecureLocal(t *testing.T) {
	key := func(s srtp.Suite) srtp.Key { return make(srtp.Key, s.KeyLen()) }
	l := Local{ID: 1, Port: 4000, Codecs: []cti.Codec{cti.PCMU}, Crypto: []Crypto{{1, srtp.CM80, key(srtp.CM80)}, {2, srtp.GCM256, key(srtp.GCM256)}}}
	l.Addr, _ = connection("IN IP4 10.0.0.1")
	for _, strict := range []bool{false, true} {
		l.Strict = strict
		s, err := Parse(l.Offer())
		if err != nil {
			t.Fatal(err)
		}
		m, err := s.Sound()
		if err != nil || m.Secure() != strict || len(m.Crypto) != 2 || m.Crypto[1].String() != l.Crypto[1].String() {
			t.Errorf("strict %v: %+v, %v", strict, m, err)
		}
	}
	s, err := Parse([]byte(head + "m=audio 4000 RTP/SAVP 0\r\na=crypto:9 AEAD_AES_128_GCM inline:" + gcmKey + "\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	l.Taken = Crypto{9, srtp.GCM128, key(srtp.GCM128)}
	answer := string(l.Answer(s, Codec{cti.PCMU, 0}))
	if !strings.Contains(answer, "m=audio 4000 RTP/SAVP 0\r\n") || !strings.Contains(answer, "\r\na=crypto:9 AEAD_AES_128_GCM inline:"+base64.StdEncoding.EncodeToString(make([]byte, 28))+"\r\n") || strings.Count(answer, "a=crypto") != 1 {
		t.Errorf("answer:\n%s", answer)
	}
	was := l.Version
	if l.Answer(s, Codec{cti.PCMU, 0}); l.Version != was {
		t.Errorf("version %d became %d", was, l.Version)
	}
}
