package sdp

import (
	"net/netip"
	"strings"
	"testing"

	"ringback/internal/cti"
)

func TestParse(t *testing.T) {
	head := "v=0\r\no=- 1 2 IN IP4 1.2.3.4\r\ns=-\r\nc=IN IP4 1.2.3.4\r\nt=0 0\r\n"
	for name, c := range map[string]struct {
		body   string
		codecs string
		event  int
		dir    Direction
		ptime  int
		addr   string
	}{
		"plain":             {"m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n", "pcmu/0 pcma/8", 101, SendRecv, 0, "1.2.3.4"},
		"their order":       {"m=audio 4000 RTP/AVP 8 0\r\n", "pcma/8 pcmu/0", -1, SendRecv, 0, "1.2.3.4"},
		"event on 96":       {"m=audio 4000 RTP/AVP 0 96\r\na=rtpmap:96 TELEPHONE-EVENT/8000\r\na=ptime:30\r\n", "pcmu/0", 96, SendRecv, 30, "1.2.3.4"},
		"dynamic number":    {"m=audio 4000 RTP/AVP 97\r\na=rtpmap:97 PCMA/8000/1\r\n", "pcma/97", -1, SendRecv, 0, "1.2.3.4"},
		"number 0 is else":  {"m=audio 4000 RTP/AVP 0 8\r\na=rtpmap:0 opus/48000/2\r\n", "pcma/8", -1, SendRecv, 0, "1.2.3.4"},
		"wide events":       {"m=audio 4000 RTP/AVP 0 126\r\na=rtpmap:126 telephone-event/48000\r\n", "pcmu/0", -1, SendRecv, 0, "1.2.3.4"},
		"c of the media":    {"m=audio 4000 RTP/AVP 0\r\nc=IN IP4 5.6.7.8\r\na=sendonly\r\n", "pcmu/0", -1, SendOnly, 0, "5.6.7.8"},
		"hold of RFC 2543":  {"m=audio 4000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n", "pcmu/0", -1, SendOnly, 0, "0.0.0.0"},
		"session direction": {"a=inactive\r\nm=audio 4000 RTP/AVP 0\r\n", "pcmu/0", -1, Inactive, 0, "1.2.3.4"},
		"video before":      {"m=video 1 RTP/AVP 99\r\nm=audio 4000 RTP/AVP 0\r\n", "pcmu/0", -1, SendRecv, 0, "1.2.3.4"},
		"bare LF":           {"m=audio 4000 RTP/AVP 0\na=recvonly\n", "pcmu/0", -1, RecvOnly, 0, "1.2.3.4"},
	} {
		if name == "session direction" {
			c.body = strings.Replace(c.body, "a=inactive\r\n", "", 1)
			c.body = "a=inactive\r\n" + c.body
		}
		s, err := Parse([]byte(head + c.body))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		m, err := s.Sound()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var codecs []string
		for _, k := range m.Codecs {
			codecs = append(codecs, string(k.Name)+"/"+string(rune('0'+k.PT%10)))
		}
		want := strings.ReplaceAll(c.codecs, "/97", "/7")
		if got := strings.Join(codecs, " "); got != want || m.EventPT != c.event || m.Direction != c.dir || m.Ptime != c.ptime || m.Addr.String() != c.addr || m.Port != 4000 {
			t.Errorf("%s: %s event %d %s ptime %d %v:%d", name, got, m.EventPT, m.Direction, m.Ptime, m.Addr, m.Port)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	head := "v=0\r\nc=IN IP4 1.2.3.4\r\n"
	for name, body := range map[string]string{
		"port 0":     head + "m=audio 0 RTP/AVP 0\r\n",
		"fax":        head + "m=image 4000 udptl t38\r\n",
		"other code": head + "m=audio 4000 RTP/AVP 18\r\n",
		"no address": "v=0\r\nm=audio 4000 RTP/AVP 0\r\n",
		"empty":      "",
		"html":       "<html>",
	} {
		s, err := Parse([]byte(body))
		if err == nil {
			_, err = s.Sound()
		}
		if err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// The version moves only when something changed, and the direction answers what was offered.
func TestAnswer(t *testing.T) {
	l := &Local{ID: 7, Addr: netip.MustParseAddr("10.0.0.1"), Port: 20000, Codecs: []cti.Codec{cti.PCMU, cti.PCMA}}
	offer, err := Parse(l.Offer())
	if err != nil || offer.Version != "1" {
		t.Fatalf("offer %v: %v", offer, err)
	}
	ask := func(dir string) string {
		s, err := Parse([]byte("v=0\r\nc=IN IP4 1.2.3.4\r\nm=image 9 udptl t38\r\nm=audio 4000 RTP/AVP 8 96\r\na=rtpmap:96 telephone-event/8000\r\na=" + dir + "\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		m, _ := s.Sound()
		c, ok := m.Pick(l.Codecs)
		if !ok {
			t.Fatal("no codec")
		}
		return string(l.Answer(s, c))
	}
	first, again, hold := ask("sendrecv"), ask("sendrecv"), ask("sendonly")
	if first != again {
		t.Errorf("nothing changed, but:\n%s\n%s", first, again)
	}
	if !strings.Contains(first, "o=- 7 2 ") || !strings.Contains(hold, "o=- 7 3 ") {
		t.Errorf("versions:\n%s\n%s", first, hold)
	}
	for _, w := range []string{"m=image 0 udptl t38", "m=audio 20000 RTP/AVP 8 96", "a=recvonly"} {
		if !strings.Contains(hold, w) {
			t.Errorf("answer lacks %q:\n%s", w, hold)
		}
	}
	if strings.Contains(hold, " 13") {
		t.Error("comfort noise offered")
	}
}

func FuzzParse(f *testing.F) {
	l := &Local{Addr: netip.MustParseAddr("10.0.0.1"), Port: 20000, Codecs: []cti.Codec{cti.PCMU}}
	f.Add(l.Offer())
	f.Add([]byte("v=0\r\nc=IN IP6 ::1\r\nm=audio 4000/2 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:x\r\n"))
	f.Add([]byte("v=0\r\nc=IN IP4 1.2.3.4\r\nm=audio 4000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + cmKey + "|2^20|1:4 WSH=64\r\na=crypto:2 AEAD_AES_128_GCM inline:" + gcmKey + "\r\n"))
	f.Add([]byte("v=0\nm=\nm=audio\na=rtpmap\nc=\no=\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Parse(b)
		if err != nil {
			return
		}
		m, err := s.Sound()
		if err != nil {
			return
		}
		c, ok := m.Pick([]cti.Codec{cti.PCMU, cti.PCMA})
		if !ok {
			t.Fatal("a stream without a codec was taken")
		}
		back, err := Parse((&Local{Addr: l.Addr, Port: 9}).Answer(s, c))
		if err != nil {
			t.Fatalf("our own answer: %v", err)
		}
		if len(back.Media) != len(s.Media) {
			t.Fatalf("%d streams answered of %d", len(back.Media), len(s.Media))
		}
	})
}
