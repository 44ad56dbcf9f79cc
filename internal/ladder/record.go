package ladder

import (
	"bytes"
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"ringback/internal/id"
)

// A record in a file is a line of words, one space between, "-" for an empty one, then the text, of which the last word is
// the length, and a line end. What holds a space or a line end is no word: it is left out.

// words of a record's line.
const (
	wordAt = iota // unix nanoseconds
	wordKind
	wordCallback
	wordLeg
	wordParty
	wordCallID
	wordWay // out, in
	wordProto
	wordLocal
	wordFar
	wordLength
	wordCount
)

// record appends an entry as it is kept: messages are cleaned.
func (e *Entry) record(b []byte) []byte {
	text := []byte(e.Text)
	if e.Kind == SIP {
		text = Clean(text)
	}
	b = strconv.AppendInt(b, e.At.UnixNano(), 10)
	way := "in"
	if e.Out {
		way = "out"
	}
	for _, w := range [...]string{string(e.Kind), string(e.Callback), string(e.Leg), e.Party, e.CallID, way, e.Proto} {
		b = word(b, w)
	}
	for _, a := range [...]netip.AddrPort{e.Local, e.Far} {
		if b = append(b, ' '); a.IsValid() {
			b = a.AppendTo(b)
		} else {
			b = append(b, '-')
		}
	}
	b = append(b, ' ')
	b = strconv.AppendInt(b, int64(len(text)), 10)
	b = append(b, '\n')
	return append(append(b, text...), '\n')
}

func word(b []byte, w string) []byte {
	if w == "" || strings.ContainsAny(w, " \r\n") {
		w = "-"
	}
	return append(append(b, ' '), w...)
}

var errTorn = errors.New("ladder: a record is torn")

// parse reads the line of a record, without its end; the text is to follow.
func parse(line []byte) (e Entry, length int, err error) {
	var words [wordCount][]byte
	n := 0
	for w := range bytes.SplitSeq(line, []byte(" ")) {
		if n == wordCount {
			return e, 0, errTorn
		}
		words[n] = w
		n++
	}
	at, bad := strconv.ParseInt(string(words[wordAt]), 10, 64)
	length, worse := strconv.Atoi(string(words[wordLength]))
	if n != wordCount || bytes.IndexByte(line, '\r') >= 0 || bad != nil || worse != nil || length < 0 || length > maxText {
		return e, 0, errTorn
	}
	text := func(w int) string {
		if s := string(words[w]); s != "-" {
			return s
		}
		return ""
	}
	e = Entry{At: time.Unix(0, at).UTC(), Kind: Kind(text(wordKind)), Callback: id.Callback(text(wordCallback)), Leg: id.Leg(text(wordLeg)),
		Party: text(wordParty), CallID: text(wordCallID), Out: text(wordWay) == "out", Proto: text(wordProto)}
	e.Local, _ = netip.ParseAddrPort(text(wordLocal)) // not known is not valid
	e.Far, _ = netip.ParseAddrPort(text(wordFar))
	return e, length, nil
}

// maxText bounds a record's text: no message is longer than 64 kB by much.
const maxText = 1 << 20
