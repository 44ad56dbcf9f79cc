package sdp

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"ringback/internal/cti"
)

// Local is our side of a session. The version is raised only when what we say has changed (RFC 3264 section 8).
type Local struct {
	ID      uint64 // o= session id
	Version uint64
	Addr    netip.Addr
	Port    uint16
	Codecs  []cti.Codec
	Mux     bool     // offer RTCP on the port of the sound
	Crypto  []Crypto // how our offers may be encrypted, best first; none = not at all
	Strict  bool     // they must be: RTP/SAVP. Else RTP/AVP with the lines beside it, which who knows SRTP takes (RFC 8643)
	Taken   Crypto   // the line of their offer that our answers take, with our key; Tag and Suite are theirs
	OnHold  bool     // we want to hear nothing: sendonly, or inactive where they hold us
	last    string   // what was written last, without the o= line
}

// Offer writes our description of a first INVITE.
func (l *Local) Offer() []byte {
	var b strings.Builder
	pts := []string{}
	for _, c := range l.Codecs {
		pts = append(pts, strconv.Itoa(int(number(c))))
	}
	proto := "RTP/AVP"
	if l.Strict {
		proto = "RTP/SAVP"
	}
	l.line(&b, proto, pts, strconv.Itoa(PTEvent))
	for _, c := range l.Crypto {
		fmt.Fprintf(&b, "a=crypto:%s\r\n", c)
	}
	for _, c := range l.Codecs {
		fmt.Fprintf(&b, "a=rtpmap:%d %s/8000\r\n", number(c), strings.ToUpper(string(c)))
	}
	l.tail(&b, PTEvent, l.direction(SendRecv), l.Mux)
	return l.sealed(b.String())
}

// Answer writes our description for an offer whose stream at s.Audio is taken with codec c first; what else is offered of
// ours stands behind it, all other streams are refused by port 0.
func (l *Local) Answer(s *Session, c Codec) []byte {
	var b strings.Builder
	for i := range s.Media {
		m := &s.Media[i]
		if i != s.Audio {
			fmts := strings.Join(m.Fmt, " ")
			if fmts == "" {
				fmts = "0"
			}
			fmt.Fprintf(&b, "m=%s 0 %s %s\r\n", m.Kind, m.Proto, fmts)
			continue
		}
		event := ""
		if m.EventPT >= 0 {
			event = strconv.Itoa(m.EventPT)
		}
		common := []Codec{c}
		for _, k := range m.Codecs {
			if k != c && slices.Contains(l.Codecs, k.Name) {
				common = append(common, k)
			}
		}
		var pts []string
		for _, k := range common {
			pts = append(pts, strconv.Itoa(int(k.PT)))
		}
		l.line(&b, m.Proto, pts, event)
		if l.Taken.Suite != "" {
			fmt.Fprintf(&b, "a=crypto:%s\r\n", l.Taken)
		}
		for _, k := range common {
			fmt.Fprintf(&b, "a=rtpmap:%d %s/8000\r\n", k.PT, strings.ToUpper(string(k.Name)))
		}
		l.tail(&b, m.EventPT, l.direction(m.Direction.Answer()), m.Mux)
	}
	return l.sealed(b.String())
}

// direction is what we say instead while they are on hold (RFC 3264 section 8.4).
func (l *Local) direction(d Direction) Direction {
	switch {
	case !l.OnHold:
		return d
	case d == SendRecv || d == SendOnly:
		return SendOnly
	}
	return Inactive
}

func (l *Local) line(b *strings.Builder, proto string, pts []string, event string) {
	if event != "" {
		pts = append(pts, event)
	}
	fmt.Fprintf(b, "m=audio %d %s %s\r\n", l.Port, proto, strings.Join(pts, " "))
}

func (l *Local) tail(b *strings.Builder, event int, d Direction, mux bool) {
	if event >= 0 {
		fmt.Fprintf(b, "a=rtpmap:%d telephone-event/8000\r\na=fmtp:%d 0-15\r\n", event, event)
	}
	if mux {
		b.WriteString("a=rtcp-mux\r\n")
	}
	fmt.Fprintf(b, "a=ptime:20\r\na=silenceSupp:off - - - -\r\na=%s\r\n", d)
}

// sealed puts the session lines in front, with a new version if the rest has changed.
func (l *Local) sealed(media string) []byte {
	family := "IP4"
	if l.Addr.Is6() {
		family = "IP6"
	}
	conn := fmt.Sprintf("c=IN %s %s\r\n", family, l.Addr)
	if rest := conn + media; rest != l.last {
		l.last = rest
		l.Version++
	}
	return fmt.Appendf(nil, "v=0\r\no=- %d %d IN %s %s\r\ns=-\r\n%st=0 0\r\n%s", l.ID, l.Version, family, l.Addr, conn, media)
}

func number(c cti.Codec) uint8 {
	switch c {
	case cti.PCMA:
		return PTA
	case cti.G722:
		return PTWide
	}
	return PTU
}
