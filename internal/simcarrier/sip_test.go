package simcarrier

import (
	"bufio"
	"net/netip"
	"strings"
	"testing"
	"time"
)

const sample = "INVITE sip:+12025550100@10.0.0.1;user=phone SIP/2.0\r\nv: SIP/2.0/UDP 10.0.0.2:5080;branch=z9hG4bK1;rport, SIP/2.0/UDP 10.0.0.3;branch=z9hG4bK0\r\n" +
	"f: \"A; B\" <sip:+12025550190@us;x=y>;tag=ours\r\nt: <sip:+12025550100@10.0.0.1>\r\ni: id1\r\nCSeq: 7\r\n INVITE\r\nl: 3\r\n\r\nabcdef"

func TestParse(t *testing.T) {
	m, err := parse(sample)
	if err != nil {
		t.Fatal(err)
	}
	if m.method != "INVITE" || m.callID != "id1" || m.cseq != 7 || m.cseqMethod != "INVITE" || m.fromTag != "ours" || m.toTag != "" || m.body != "abc" {
		t.Errorf("read %+v", m)
	}
	if m.via.host != "10.0.0.2" || m.via.port != 5080 || m.via.branch != "z9hG4bK1" || !m.via.rport {
		t.Errorf("Via %+v", m.via)
	}
	src := netip.MustParseAddrPort("192.0.2.9:1234")
	if got := m.via.answered(src); got != "SIP/2.0/UDP 10.0.0.2:5080;branch=z9hG4bK1;rport=1234;received=192.0.2.9" {
		t.Errorf("answered Via %q", got)
	}
	if m.via.replyTo(hop{addr: src}).addr != src {
		t.Error("rport is not obeyed")
	}
	m.via.rport = false
	if got := m.via.replyTo(hop{addr: src}).addr; got.String() != "192.0.2.9:5080" {
		t.Errorf("without rport it goes to %v", got)
	}
}

func TestParseRefuses(t *testing.T) {
	for name, change := range map[string][2]string{
		"no end":       {"\r\n\r\nabcdef", ""},
		"version":      {" SIP/2.0\r\nv", " SIP/7.0\r\nv"},
		"short body":   {"l: 3", "l: 30"},
		"no Call-ID":   {"i: id1", "x: id1"},
		"other method": {"CSeq: 7\r\n INVITE", "CSeq: 7 BYE"},
		"CSeq":         {"CSeq: 7", "CSeq: x"},
		"negative":     {"l: 3", "l: -3"},
		"header":       {"i: id1", "i id1"},
		"Via":          {"v: SIP/2.0/UDP 10.0.0.2:5080", "v: HTTP/1 10.0.0.2:5080"},
		"port":         {"10.0.0.2:5080", "10.0.0.2:99999"},
	} {
		if m, err := parse(strings.Replace(sample, change[0], change[1], 1)); err == nil {
			t.Errorf("%s was read: %+v", name, m)
		}
	}
}

func TestNumber(t *testing.T) {
	for user, want := range map[string]string{
		"+12025550100": "+12025550100", "12025550100": "+12025550100", "2025550100": "+12025550100", "0012025550100": "+12025550100",
		"0301234567": "0301234567", "ann": "ann", "0100": "0100", "": "",
	} {
		if got := number(user); got != want {
			t.Errorf("number(%q) = %q, want %q", user, got, want)
		}
	}
	for uri, want := range map[string]string{"sip:ann@h": "ann", "sip:h": "", "tel:+1202;ext=1": "+1202", "sip:ann:pw@h": "ann", "sip:+1;x=y@h": "+1", "junk": ""} {
		if got := uriUser(uri); got != want {
			t.Errorf("uriUser(%q) = %q, want %q", uri, got, want)
		}
	}
}

const offer = "v=0\r\no=- 1 2 IN IP4 10.0.0.2\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 111 8 0 100\r\nc=IN IP4 10.0.0.2\r\n" +
	"a=rtpmap:111 opus/48000/2\r\na=rtpmap:100 telephone-event/8000\r\na=ptime:20\r\na=sendonly\r\nm=video 5000 RTP/AVP 96\r\na=inactive\r\n"

func TestSDP(t *testing.T) {
	s, err := parseSDP(offer)
	if err != nil {
		t.Fatal(err)
	}
	if s.addr.String() != "10.0.0.2:4000" || s.eventPT != 100 || s.dir != "sendonly" || !s.held() || s.ptime != 20 || s.version != "2" {
		t.Errorf("read %+v", s)
	}
	w, _ := mannerOf("")
	l, err := w.answerTo(s)
	if err != nil {
		t.Fatal(err)
	}
	l.addr = netip.MustParseAddrPort("10.0.0.1:9")
	want := "m=audio 9 RTP/AVP 8 100\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:100 telephone-event/8000\r\na=fmtp:100 0-16\r\na=ptime:20\r\na=recvonly\r\nm=video 0 RTP/AVP 96\r\n"
	if got := l.text(s); !strings.HasSuffix(got, want) {
		t.Errorf("answer\n%s", got)
	}
	for _, bad := range []string{"", "v=0\r\nm=video 1 RTP/AVP 0\r\n", "m=audio x RTP/AVP 0\r\n", "m=audio 0 RTP/AVP 0\r\n", "m=audio 1\r\n"} {
		if _, err := parseSDP(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
	if s, _ := parseSDP(strings.ReplaceAll(offer, "10.0.0.2\r\na", "0.0.0.0\r\na")); s == nil || !s.held() {
		t.Error("c=0.0.0.0 is hold")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(sample)
	f.Add("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 BYE\r\n\r\n")
	f.Add("X sip:a SIP/2.0\r\n\r\n")
	src := netip.MustParseAddrPort("192.0.2.9:1234")
	c := &Carrier{sources: newSources(1)}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := parse(text)
		if err != nil {
			return
		}
		uriUser(m.uri)
		uriAddr(addrURI(m.get("contact")))
		infoKey(m.body)
		digestParams(m.get("authorization"))
		if m.method == "" {
			return
		}
		back, err := parse(c.response(m, hop{addr: src}, 200, "OK", nil, "t", ""))
		if err != nil {
			t.Fatalf("the answer to it does not parse: %v", err)
		}
		if back.callID != m.callID || back.cseq != m.cseq || back.cseqMethod != m.method || back.toTag == "" && m.toTag != "" {
			t.Errorf("answered %+v to %+v", back, m)
		}
	})
}

func FuzzSDP(f *testing.F) {
	f.Add(offer)
	f.Add("m=audio 1 RTP/AVP 0 8 101\na=rtpmap:101 telephone-event/8000\n")
	w, _ := mannerOf("")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseSDP(text)
		if err != nil {
			return
		}
		s.held()
		l, err := w.answerTo(s)
		if err != nil {
			return
		}
		l.addr = netip.MustParseAddrPort("10.0.0.1:9")
		back, err := parseSDP(l.text(s))
		if err != nil || len(back.streams) != len(s.streams) || back.dir != mirror(s.dir) {
			t.Errorf("answered %q to %q: %v", l.text(s), text, err)
		}
	})
}

func FuzzRTP(f *testing.F) {
	f.Add([]byte{0x80, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 9, 9})
	f.Add([]byte{0xB1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2})
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, ok := parseRTP(b); ok && len(p.payload) > len(b)-12 {
			t.Errorf("a payload of %d bytes in a packet of %d", len(p.payload), len(b))
		}
	})
}

// Nothing that comes as RTCP, and nothing that comes over a stream, brings the network down.
func FuzzControl(f *testing.F) {
	f.Add([]byte{0x80, 200, 0, 6, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{0x81, 201, 0, 7, 0, 0, 0, 9, 0, 0, 0, 1, 64, 0, 0, 3, 0, 0, 1, 0, 0, 0, 0, 80, 1, 2, 3, 4, 0, 0, 0, 0, 0x81, 202, 0, 2, 0, 0, 0, 9, 1, 9, 'x', 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		m := &media{control: &control{}, ssrc: 1}
		m.hearControl(b, time.Unix(1e9, 0))
		if m.control.Heard != 1 {
			t.Error("not counted")
		}
	})
}

func FuzzStream(f *testing.F) {
	f.Add("\r\n\r\nOPTIONS sip:x SIP/2.0\r\nl: 3\r\n\r\nabc\r\n", true)
	f.Add("\r\nSIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", false)
	f.Fuzz(func(t *testing.T, text string, pinged bool) {
		r := bufio.NewReader(strings.NewReader(text))
		for range 1000 {
			m, err := nextMessage(r, pinged)
			if err != nil {
				return
			}
			if len(m) > 3*maxMessage {
				t.Fatal("a message without bounds")
			}
		}
	})
}

func FuzzActs(f *testing.F) {
	f.Add("2s press 9, 2.2s press 9, 5s hold, 15s unhold, 20s refer +12025550105")
	f.Fuzz(func(t *testing.T, s string) {
		list, err := parseActs(s)
		for _, a := range list {
			if err == nil && (acts()[a.verb] == nil || a.at < 0) {
				t.Errorf("took %+v", a)
			}
		}
	})
}
