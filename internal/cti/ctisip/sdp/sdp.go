// Package sdp is what two telephones say about sound (RFC 8866, RFC 3264): one audio stream of G.711 or G.722 and key events.
// What else a far end offers is refused by its port 0.
package sdp

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"ringback/internal/cti"
)

// Direction of a stream, seen from who wrote it.
type Direction string

const (
	SendRecv Direction = "sendrecv"
	SendOnly Direction = "sendonly"
	RecvOnly Direction = "recvonly"
	Inactive Direction = "inactive"
)

// Answer returns our direction for what the far end offered: who only sends is only heard.
func (d Direction) Answer() Direction {
	switch d {
	case SendOnly:
		return RecvOnly
	case RecvOnly:
		return SendOnly
	}
	return d
}

// Payload types we announce. 101 is what nearly everybody uses for key events.
const (
	PTU     = 0
	PTA     = 8
	PTWide  = 9 // G.722; its clock is written 8000 by an old mistake (RFC 3551 section 4.5.2)
	PTEvent = 101
)

// Media is one m= line.
type Media struct {
	Kind  string // audio, image, video
	Proto string
	Port  int
	Fmt   []string
	// For audio over RTP/AVP:
	Addr      netip.Addr        // c= of the media or of the session
	Direction Direction         // with c=0.0.0.0 (RFC 2543 hold) what of it is left
	Codecs    []Codec           // PCMU, PCMA and G722 in the order of the line
	EventPT   int               // payload type of telephone-event at 8000, -1 = none
	Ptime     int               // 0 = not said
	Zero      bool              // c=0.0.0.0
	RTCP      int               // port of RTCP (RFC 3605), 0 = the one after Port
	Mux       bool              // RTCP on Port (RFC 5761)
	Crypto    []Crypto          // how it may be encrypted, best first
	attr      map[string]string // rtpmap by payload type
}

// Codec is G.711 under the number that the far end gave it.
type Codec struct {
	Name cti.Codec
	PT   uint8
}

// Session is a parsed description.
type Session struct {
	User    string // o= user, session id and version, to tell whether anything changed
	Version string
	Media   []Media
	Audio   int // index of the stream that can be taken, -1 = none
}

// What Parse refuses.
var (
	ErrNoSDP   = errors.New("sdp: this is no session description")
	ErrNoAudio = errors.New("sdp: no G.711 audio stream")
)

// maxMedia bounds the m= lines that are kept; nobody honest sends more.
const maxMedia = 16

// Parse reads a description. It is lenient: unknown lines and attributes are skipped, bare LF ends a line too.
func Parse(b []byte) (*Session, error) {
	if len(b) > 16<<10 {
		return nil, fmt.Errorf("%w: %d bytes", ErrNoSDP, len(b))
	}
	s := &Session{Audio: -1}
	var addr netip.Addr // session level
	zero, dir := false, SendRecv
	began := false
	for line := range strings.SplitSeq(string(b), "\n") {
		line = strings.TrimRight(line, "\r")
		if len(line) < 2 || line[1] != '=' {
			continue
		}
		v := strings.TrimSpace(line[2:])
		var m *Media
		if len(s.Media) > 0 {
			m = &s.Media[len(s.Media)-1]
		}
		switch line[0] {
		case 'v':
			began = true
		case 'o':
			s.origin(v)
		case 'c':
			a, z := connection(v)
			if m != nil {
				m.Addr, m.Zero = a, z
			} else {
				addr, zero = a, z
			}
		case 'm':
			if len(s.Media) == maxMedia {
				return nil, fmt.Errorf("%w: too many streams", ErrNoSDP)
			}
			n := media(v)
			n.Addr, n.Zero, n.Direction = addr, zero, dir
			s.Media = append(s.Media, n)
		case 'a':
			if d := Direction(v); d == SendRecv || d == SendOnly || d == RecvOnly || d == Inactive {
				if m != nil {
					m.Direction = d
				} else {
					dir = d
				}
			} else if m != nil {
				m.attribute(v)
			}
		}
	}
	if !began {
		return nil, ErrNoSDP
	}
	for i := range s.Media {
		if s.Media[i].finish() && s.Audio < 0 {
			s.Audio = i
		}
	}
	return s, nil
}

// Sound returns the audio stream that can be taken, or ErrNoAudio.
func (s *Session) Sound() (*Media, error) {
	if s.Audio < 0 {
		return nil, ErrNoAudio
	}
	return &s.Media[s.Audio], nil
}

func (s *Session) origin(v string) {
	if f := strings.Fields(v); len(f) >= 3 {
		s.User, s.Version = f[0]+" "+f[1], f[2]
	}
}

func connection(v string) (netip.Addr, bool) {
	f := strings.Fields(v)
	if len(f) < 3 {
		return netip.Addr{}, false
	}
	host, _, _ := strings.Cut(f[2], "/")
	a, err := netip.ParseAddr(host)
	if err != nil || a.Zone() != "" {
		return netip.Addr{}, false
	}
	a = a.Unmap()
	return a, a.IsUnspecified()
}

func media(v string) Media {
	f := strings.Fields(v)
	m := Media{EventPT: -1}
	if len(f) < 3 {
		return m
	}
	port, _, _ := strings.Cut(f[1], "/")
	m.Kind, m.Proto, m.Fmt = strings.ToLower(f[0]), f[2], f[3:]
	if n, err := strconv.ParseUint(port, 10, 16); err == nil {
		m.Port = int(n)
	}
	return m
}

func (m *Media) attribute(v string) {
	name, val, _ := strings.Cut(v, ":")
	switch strings.ToLower(name) {
	case "rtpmap":
		pt, enc, ok := strings.Cut(strings.TrimSpace(val), " ")
		if ok {
			if m.attr == nil {
				m.attr = map[string]string{}
			}
			m.attr[pt] = strings.ToLower(strings.TrimSpace(enc))
		}
	case "rtcp":
		port, _, _ := strings.Cut(strings.TrimSpace(val), " ")
		if n, err := strconv.ParseUint(port, 10, 16); err == nil {
			m.RTCP = int(n)
		}
	case "rtcp-mux":
		m.Mux = true
	case "crypto":
		if c, ok := crypto(val); ok && len(m.Crypto) < maxCrypto {
			m.Crypto = append(m.Crypto, c)
		}
	case "ptime":
		if n, err := strconv.Atoi(strings.TrimSpace(val)); err == nil && n >= 10 && n <= 60 {
			m.Ptime = n
		}
	}
}

// finish reads the payload types and says whether the stream can be taken.
func (m *Media) finish() bool {
	for _, f := range m.Fmt {
		n, err := strconv.ParseUint(f, 10, 7)
		if err != nil {
			continue
		}
		enc, rate, _ := strings.Cut(m.attr[f], "/")
		switch {
		case m.attr[f] == "" && n == PTU:
			enc, rate = "pcmu", "8000"
		case m.attr[f] == "" && n == PTA:
			enc, rate = "pcma", "8000"
		case m.attr[f] == "" && n == PTWide:
			enc, rate = "g722", "8000"
		}
		rate, _, _ = strings.Cut(rate, "/")
		if rate != "8000" {
			continue
		}
		switch enc {
		case "pcmu", "pcma", "g722":
			m.Codecs = append(m.Codecs, Codec{cti.Codec(enc), uint8(n)})
		case "telephone-event":
			m.EventPT = int(n)
		}
	}
	m.attr = nil
	if m.Zero && m.Direction != Inactive { // hold as of RFC 2543: it wants to hear nothing
		m.Direction = map[Direction]Direction{SendRecv: SendOnly, SendOnly: SendOnly, RecvOnly: Inactive}[m.Direction]
	}
	plain := strings.HasPrefix(m.Proto, "RTP/AVP")
	return m.Kind == "audio" && m.Port != 0 && (plain || m.Secure() && len(m.Crypto) > 0) && len(m.Codecs) > 0 && m.Addr.IsValid()
}

// Pick returns the first of their codecs that we want, in their order; an answer names what it will send first.
func (m *Media) Pick(want []cti.Codec) (Codec, bool) {
	for _, c := range m.Codecs {
		if slices.Contains(want, c.Name) {
			return c, true
		}
	}
	return Codec{}, false
}
