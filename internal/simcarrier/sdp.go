package simcarrier

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"ringback/internal/audio"
)

// session is what this network reads of an SDP: the first audio stream.
type session struct {
	addr    netip.AddrPort // where it wants to hear; invalid or 0.0.0.0 = held the old way
	pts     []int          // payload types in order
	laws    map[int]audio.Law
	eventPT int // telephone-event, -1 = none
	ptime   int // ms, 0 = not said
	dir     string
	version string         // of the o= line
	rtcp    netip.AddrPort // where it wants reports, invalid = the port beside the sound
	muxed   bool           // this line takes that up
	mux     bool           // reports may come to the port of the sound
	streams []stream
}

// stream is one m= line; the answer has as many, those we do not want with port 0.
type stream struct {
	kind, proto, formats string
	audio                bool // the one that was taken
}

var errSDP = errors.New("no audio in the SDP")

// parseSDP reads a session description (RFC 8866) as far as a telephone needs it.
func parseSDP(text string) (*session, error) {
	s := &session{eventPT: -1, dir: "sendrecv", laws: map[int]audio.Law{}}
	var host, audioHost string
	var port uint16
	in := 0 // 0 session part, 1 our stream, 2 another
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimRight(line, "\r")
		if len(line) < 2 || line[1] != '=' {
			continue
		}
		v := line[2:]
		switch line[0] {
		case 'o':
			if f := strings.Fields(v); len(f) > 2 {
				s.version = f[2]
			}
		case 'c':
			if f := strings.Fields(v); len(f) == 3 && in == 0 {
				host = f[2]
			} else if len(f) == 3 && in == 1 {
				audioHost = f[2]
			}
		case 'm':
			in = 2
			p, err := s.media(v)
			if err != nil {
				return nil, err
			}
			if st := &s.streams[len(s.streams)-1]; st.kind == "audio" && port == 0 && p != 0 && !s.taken() {
				in, port, st.audio = 1, p, true
				s.payloads(st.formats)
			}
		case 'a':
			if in < 2 {
				s.attribute(v)
			}
		}
	}
	if !s.taken() {
		return nil, errSDP
	}
	if audioHost != "" {
		host = audioHost
	}
	if a, err := netip.ParseAddr(host); err == nil {
		s.addr = netip.AddrPortFrom(a, port)
	}
	return s, nil
}

func (s *session) taken() bool {
	return slices.ContainsFunc(s.streams, func(t stream) bool { return t.audio })
}

func (s *session) media(v string) (port uint16, err error) {
	f := strings.SplitN(v, " ", 4)
	if len(f) < 4 || len(s.streams) > 15 {
		return 0, errSDP
	}
	p, _, _ := strings.Cut(f[1], "/")
	n, err := strconv.ParseUint(p, 10, 16)
	if err != nil {
		return 0, errSDP
	}
	s.streams = append(s.streams, stream{kind: f[0], proto: f[2], formats: f[3]})
	return uint16(n), nil
}

func (s *session) payloads(formats string) {
	for f := range strings.FieldsSeq(formats) {
		if n, err := strconv.Atoi(f); err == nil && n >= 0 && n < 128 {
			s.pts = append(s.pts, n)
			switch n {
			case 0:
				s.laws[0] = audio.ULaw
			case 8:
				s.laws[8] = audio.ALaw
			}
		}
	}
}

func (s *session) attribute(v string) {
	name, rest, _ := strings.Cut(v, ":")
	switch name {
	case "sendrecv", "sendonly", "recvonly", "inactive":
		s.dir = name
	case "rtcp-mux":
		s.mux = true
	case "rtcp":
		if n, err := strconv.ParseUint(strings.Fields(rest + " 0")[0], 10, 16); err == nil && n > 0 {
			s.rtcp = netip.AddrPortFrom(netip.IPv4Unspecified(), uint16(n))
		}
	case "ptime":
		if n, err := strconv.Atoi(strings.TrimSpace(rest)); err == nil && n >= 10 && n <= 60 {
			s.ptime = n
		}
	case "rtpmap":
		pt, codec, _ := strings.Cut(rest, " ")
		n, err := strconv.Atoi(pt)
		if err != nil || !slices.Contains(s.pts, n) {
			return
		}
		switch codec = strings.ToLower(strings.TrimSpace(codec)); {
		case strings.HasPrefix(codec, "pcmu/8000"):
			s.laws[n] = audio.ULaw
		case strings.HasPrefix(codec, "pcma/8000"):
			s.laws[n] = audio.ALaw
		case strings.HasPrefix(codec, "telephone-event/8000"):
			s.eventPT = n
		}
	}
}

// held says that the other side does not want to hear us.
func (s *session) held() bool {
	return s.dir == "sendonly" || s.dir == "inactive" || !s.addr.IsValid() || s.addr.Addr().IsUnspecified()
}

// control is where the other side wants our reports; where it may go with the sound, there.
func (s *session) control() netip.AddrPort {
	switch {
	case !s.addr.IsValid():
		return s.addr
	case s.mux && s.muxed:
		return s.addr
	case s.rtcp.IsValid():
		return netip.AddrPortFrom(s.addr.Addr(), s.rtcp.Port())
	}
	return netip.AddrPortFrom(s.addr.Addr(), s.addr.Port()+1)
}

// mirror is the direction that answers dir (RFC 3264 section 6.1).
func mirror(dir string) string {
	switch dir {
	case "sendonly":
		return "recvonly"
	case "recvonly":
		return "sendonly"
	}
	return dir
}

// local is our side of the session: what we write into SDP.
type local struct {
	id, version uint64
	addr        netip.AddrPort // as told; asymmetric people send from another
	pts         []int          // audio payload types in order of preference
	laws        map[int]audio.Law
	eventPT     int // -1 = none
	ptime       int
	dir         string
	mux         bool // RTCP on the port of the sound
	zero        bool // held the old way: c=0.0.0.0 (RFC 2543)
}

// text writes the session; as an answer it has the streams of the offer (nil = it is an offer itself).
func (l local) text(offer *session) string {
	family := "IP4"
	if l.addr.Addr().Is6() {
		family = "IP6"
	}
	var b strings.Builder
	at := l.addr.Addr().String()
	fmt.Fprintf(&b, "v=0\r\no=carrier %d %d IN %s %s\r\ns=-\r\n", l.id, l.version, family, at)
	if l.zero {
		at = map[string]string{"IP4": "0.0.0.0", "IP6": "::"}[family]
	}
	fmt.Fprintf(&b, "c=IN %s %s\r\nt=0 0\r\n", family, at)
	streams := []stream{{proto: "RTP/AVP", audio: true}}
	if offer != nil {
		streams = offer.streams
	}
	for _, s := range streams {
		if !s.audio {
			fmt.Fprintf(&b, "m=%s 0 %s %s\r\n", s.kind, s.proto, s.formats)
			continue
		}
		fmt.Fprintf(&b, "m=audio %d %s", l.addr.Port(), s.proto)
		for _, pt := range l.pts {
			fmt.Fprintf(&b, " %d", pt)
		}
		if l.eventPT >= 0 {
			fmt.Fprintf(&b, " %d", l.eventPT)
		}
		b.WriteString("\r\n")
		for _, pt := range l.pts {
			fmt.Fprintf(&b, "a=rtpmap:%d %s/8000\r\n", pt, [...]string{"PCMU", "PCMA"}[l.laws[pt]])
		}
		if l.eventPT >= 0 {
			fmt.Fprintf(&b, "a=rtpmap:%d telephone-event/8000\r\na=fmtp:%[1]d 0-16\r\n", l.eventPT)
		}
		if l.mux && (offer == nil || offer.mux) {
			b.WriteString("a=rtcp-mux\r\n")
		}
		fmt.Fprintf(&b, "a=ptime:%d\r\na=%s\r\n", l.ptime, l.dir)
	}
	return b.String()
}

// codec names what we speak.
func codec(l local) string {
	if len(l.pts) == 0 {
		return ""
	}
	return [...]string{"pcmu", "pcma"}[l.laws[l.pts[0]]]
}
