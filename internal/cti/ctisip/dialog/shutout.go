package dialog

import (
	"bytes"
	"net/netip"
	"sync"
	"time"
)

// shutOutMost bounds what strangers can make us look at: datagrams in a second.
const shutOutMost = 20

// shutOut looks at datagrams that were refused at the door: one with the Call-ID of a call of ours comes from a part of
// the far end that nobody has let in. It is refused all the same.
type shutOut struct {
	mu     sync.Mutex
	second int64
	looked int
}

// looks says whether one more may be looked at in this second.
func (s *shutOut) looks(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sec := now.Unix(); sec != s.second {
		s.second, s.looked = sec, 0
	}
	s.looked++
	return s.looked <= shutOutMost
}

// turnedAway tells of a request inside one of our calls.
func (s *Stack) turnedAway(b []byte, from netip.AddrPort) {
	if !s.shutOut.looks(time.Now()) {
		return
	}
	method, callID := requestOf(b)
	if callID != "" && s.call(callID) != nil {
		s.c.ShutOut(callID, method, from.Addr())
	}
}

// requestOf reads the method and the Call-ID of a request, as far as its first 2 kB show them; "" = it is none.
func requestOf(b []byte) (method, callID string) {
	b = b[:min(len(b), 2048)]
	line, rest, _ := bytes.Cut(b, []byte("\n"))
	word, _, ok := bytes.Cut(line, []byte(" "))
	if !ok || len(word) == 0 || len(word) > 16 || bytes.IndexByte(word, '/') >= 0 {
		return "", ""
	}
	for len(rest) > 0 {
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			return "", "" // the end of the headers
		}
		if name = bytes.TrimSpace(name); bytes.EqualFold(name, []byte("Call-ID")) || bytes.EqualFold(name, []byte("i")) {
			return string(word), string(bytes.TrimSpace(value))
		}
	}
	return "", ""
}
