package ctisip

import (
	"crypto/tls"
	"strings"
	"testing"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/media"
	"ringback/internal/cti/ctisip/sdp"
	"ringback/internal/cti/ctisip/srtp"
)

const theirKey = "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"

// What trunks are offered and what is taken of their answers.
func TestTrunkOffersSRTP(t *testing.T) {
	b, a := secureBench(t)
	for name, c := range map[string]struct {
		srtp   cti.SRTP
		answer string
		offer  string // what ours has
		lines  int
		want   cti.EventKind
	}{
		"no":                      {cti.SRTPNo, "m=audio 4000 RTP/AVP 0\r\n", "RTP/AVP", 0, cti.LegConfirmed},
		"sdes":                    {cti.SRTPSDES, "m=audio 4000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 " + theirKey + "\r\n", "RTP/SAVP", 3, cti.LegConfirmed},
		"required":                {cti.SRTPRequired, "m=audio 4000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 " + theirKey + "\r\n", "RTP/SAVP", 3, cti.LegConfirmed},
		"answered in the clear":   {cti.SRTPSDES, "m=audio 4000 RTP/AVP 0\r\n", "RTP/SAVP", 3, cti.LegEnded},
		"answered by another key": {cti.SRTPSDES, "m=audio 4000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_32 " + theirKey + "\r\n", "RTP/SAVP", 3, cti.LegEnded},
		"answered unasked":        {cti.SRTPNo, "m=audio 4000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 " + theirKey + "\r\n", "RTP/AVP", 0, cti.LegEnded},
	} {
		t.Run(name, func(t *testing.T) {
			s := tlsFar(t, a, &tls.Config{}, "sip.carrier.test")
			s.sdp = c.answer
			tr := secureTrunk(s, a)
			tr.SRTP = c.srtp
			b.trunks(tr)
			leg := strings.ReplaceAll(name, " ", "-")
			o := order(leg)
			o.Callback = idOf(leg)
			b.call(o)
			b.await(leg, c.want)
			if confirmed := len(b.told(leg, cti.LegConfirmed)) > 0; confirmed != (c.want == cti.LegConfirmed) {
				t.Errorf("told %s", b.story(leg))
			}
			s.mu.Lock()
			offer := s.offers[0]
			s.mu.Unlock()
			if !strings.Contains(offer, " "+c.offer+" ") || strings.Count(offer, "a=crypto:") != c.lines {
				t.Errorf("offered:\n%s", offer)
			}
		})
	}
}

// A telephone over TLS is offered keys beside plain speech, and may take them or not; over UDP nobody is offered any.
func TestTelephoneOffersSRTP(t *testing.T) {
	b, a := secureBench(t)
	for leg, answer := range map[string]string{"plain": "m=audio 4000 RTP/AVP 0\r\n",
		"secret": "m=audio 4000 RTP/AVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 " + theirKey + "\r\n"} {
		s := tlsFar(t, a, &tls.Config{}, "127.0.0.1")
		s.sdp = answer
		o := order(leg)
		o.Callback, o.To = idOf(leg), cti.Endpoint("sip:ann@"+s.l.Addr().String()+";transport=tls")
		b.call(o)
		b.await(leg, cti.LegConfirmed)
		s.mu.Lock()
		offer := s.offers[0]
		s.mu.Unlock()
		if !strings.Contains(offer, " RTP/AVP ") || strings.Count(offer, "a=crypto:") != 3 {
			t.Errorf("offered over TLS:\n%s", offer)
		}
	}
	for leg, c := range map[string]struct {
		srtp   cti.SRTP
		answer string
		proto  string
		lines  int
		want   cti.EventKind
	}{
		"must":  {cti.SRTPRequired, "m=audio 4000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 " + theirKey + "\r\n", " RTP/SAVP ", 3, cti.LegConfirmed},
		"lacks": {cti.SRTPSDES, "m=audio 4000 RTP/AVP 0\r\n", " RTP/SAVP ", 3, cti.LegEnded},
		"never": {cti.SRTPNo, "m=audio 4000 RTP/AVP 0\r\n", " RTP/AVP ", 0, cti.LegConfirmed},
	} {
		s := tlsFar(t, a, &tls.Config{}, "127.0.0.1")
		s.sdp = c.answer
		o := order(leg)
		o.Callback, o.SRTP, o.To = idOf(leg), c.srtp, cti.Endpoint("sip:ann@"+s.l.Addr().String()+";transport=tls")
		b.call(o)
		b.await(leg, c.want)
		s.mu.Lock()
		offer := s.offers[0]
		s.mu.Unlock()
		if !strings.Contains(offer, c.proto) || strings.Count(offer, "a=crypto:") != c.lines {
			t.Errorf("%s was offered:\n%s", leg, offer)
		}
	}
	f := b.far("127.0.0.1:0", picksUp(0, 0))
	clear := order("clear") // required, and no TLS: it is not rung
	clear.Callback, clear.SRTP, clear.To = idOf("clear"), cti.SRTPRequired, cti.Endpoint("sip:ann@"+f.conn.LocalAddr().String())
	b.call(clear)
	b.await("clear", cti.LegEnded)
	if n := len(f.count("INVITE")); n > 0 {
		t.Errorf("a telephone that must be spoken to in secret was rung in the clear %d times", n)
	}
	o := order("udp")
	o.Callback, o.To = idOf("udp"), cti.Endpoint("sip:ann@"+f.conn.LocalAddr().String())
	b.call(o)
	if offer := f.wait("INVITE", 1).body; strings.Contains(offer, "crypto") {
		t.Errorf("offered over UDP:\n%s", offer)
	}
}

// Their offers within a call: the keys are taken and ours stay the same; one without is refused where keys are required.
func TestOffersOfKeysWithinACall(t *testing.T) {
	b := newBench(t, nil)
	b.sw = &Switch{}
	read := func(line string) *sdp.Media {
		t.Helper()
		s, err := sdp.Parse([]byte("v=0\r\nc=IN IP4 10.0.0.2\r\nm=audio 4000 " + line + "\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		m, err := s.Sound()
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	keyed := "RTP/SAVP 0\r\na=crypto:5 AES_CM_128_HMAC_SHA1_80 " + theirKey
	for _, c := range []struct {
		srtp  cti.SRTP
		plain bool // an offer without keys is taken
	}{{cti.SRTPNo, true}, {cti.SRTPSDES, true}, {cti.SRTPRequired, false}} {
		tr := &try{l: &leg{sw: b.sw}, transport: "tls", line: &line{Trunk: cti.Trunk{SRTP: c.srtp}}}
		var own sdp.Local
		if !tr.offered(&own, read(keyed)) || own.Taken.Tag != 5 || own.Taken.Suite != srtp.CM80 {
			t.Fatalf("%s: an offer with keys: %+v", c.srtp, own.Taken)
		}
		first := own.Taken.String()
		if got := tr.secret.now; string(got.Ours) != string(own.Taken.Key) || got.Suite != srtp.CM80 || len(got.Theirs) != 30 {
			t.Errorf("%s: agreed on %+v", c.srtp, got)
		}
		if tr.offered(&own, read(keyed)); own.Taken.String() != first {
			t.Errorf("%s: the same offer got another key", c.srtp)
		}
		if got := tr.offered(&own, read("RTP/AVP 0")); got != c.plain {
			t.Errorf("%s: an offer without keys is taken: %v", c.srtp, got)
		}
		if own.Taken.Suite != "" || tr.secret.now.Suite != (media.Crypt{}).Suite {
			t.Errorf("%s: keys are left: %+v", c.srtp, tr.secret.now)
		}
	}
}
