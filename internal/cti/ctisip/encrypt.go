package ctisip

import (
	"cmp"
	"crypto/rand"
	"io"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/media"
	"ringback/internal/cti/ctisip/sdp"
	"ringback/internal/cti/ctisip/srtp"
)

// secrets are the keys of one try: what we offered, and what was agreed on. A key of ours is made once for a suite and
// kept for the call, so that a re-INVITE says the same again and the counters go on (RFC 4568 section 7.1.4).
type secrets struct {
	keys   map[srtp.Suite]srtp.Key
	now    media.Crypt
	strict bool // the far end takes RTP/SAVP only
}

func (k *secrets) ours(s srtp.Suite, random io.Reader) (srtp.Key, error) {
	if key := k.keys[s]; key != nil {
		return key, nil
	}
	key, err := srtp.NewKey(s, cmp.Or[io.Reader](random, rand.Reader))
	if err != nil {
		return nil, err
	}
	if k.keys == nil {
		k.keys = map[srtp.Suite]srtp.Key{}
	}
	k.keys[s] = key
	return key, nil
}

// srtp is what a try does about encryption. A telephone of which nothing is said is offered it over TLS beside plain speech
// (RFC 8643): one that does not know it goes on without.
func (t *try) srtp() cti.SRTP {
	if t.line == nil {
		return t.l.o.SRTP
	}
	return cmp.Or(t.line.SRTP, cti.SRTPNo)
}

// insists says whether speech in the clear is no choice.
func (t *try) insists() bool {
	s := t.srtp()
	return s == cti.SRTPSDES || s == cti.SRTPRequired
}

// mayBeSecure says whether our offers name keys: never where others read along.
func (t *try) mayBeSecure() bool { return t.transport == "tls" && t.srtp() != cti.SRTPNo }

// offerSecrets puts the keys into what own offers: all suites at first, then the one that was agreed on.
func (t *try) offerSecrets(own *sdp.Local) {
	own.Crypto, own.Strict = nil, false
	if !t.mayBeSecure() && t.secret.now.Suite == "" {
		return
	}
	own.Strict = t.secret.strict || t.insists()
	suites := srtp.Offered[:]
	if s := t.secret.now.Suite; s != "" {
		suites = []srtp.Suite{s}
	}
	for n, s := range suites {
		key, err := t.secret.ours(s, t.l.sw.c.Keys)
		if err != nil {
			t.l.sw.c.Log.Error("no key for a call", "leg", t.l.o.Leg, "error", err)
			continue
		}
		own.Crypto = append(own.Crypto, sdp.Crypto{Tag: n + 1, Suite: s, Key: key})
	}
}

// insisted is the offer for a telephone that refuses plain speech, with keys beside it or not: it wants RTP/SAVP. nil =
// there is no such.
func (t *try) insisted(own *sdp.Local) func() []byte {
	if len(own.Crypto) == 0 || own.Strict {
		return nil
	}
	return func() []byte {
		t.secret.strict = true
		t.offerSecrets(own)
		body := own.Offer()
		t.call.Describe(body)
		return body
	}
}

// agreed takes the keys of their answer to our offer; false = it does not keep to the offer.
func (t *try) agreed(own *sdp.Local, m *sdp.Media) bool {
	for _, c := range m.Crypto {
		for _, o := range own.Crypto {
			if o.Suite == c.Suite {
				t.secret.now = media.Crypt{Suite: c.Suite, Ours: o.Key, Theirs: c.Key}
				return true
			}
		}
	}
	t.secret.now = media.Crypt{}
	return !own.Strict && !m.Secure()
}

// offered takes the keys of their offer, the first line that we can keep to, and puts ours into our answer; false = it is
// to be refused.
func (t *try) offered(own *sdp.Local, m *sdp.Media) bool {
	own.Taken = sdp.Crypto{}
	if len(m.Crypto) == 0 {
		t.secret.now = media.Crypt{}
		return t.srtp() != cti.SRTPRequired
	}
	c := m.Crypto[0]
	key, err := t.secret.ours(c.Suite, t.l.sw.c.Keys)
	if err != nil {
		t.l.sw.c.Log.Error("no key for a call", "leg", t.l.o.Leg, "error", err)
		return false
	}
	own.Taken = sdp.Crypto{Tag: c.Tag, Suite: c.Suite, Key: key}
	t.secret.now = media.Crypt{Suite: c.Suite, Ours: key, Theirs: c.Key}
	return true
}
