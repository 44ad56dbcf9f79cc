package turn

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

const (
	headStun    = 20
	headChannel = 4
	frameMost   = 1600 // bytes: more than any packet of speech, and any request
)

var (
	errFrame = errors.New("turn: neither STUN nor channel data")
	errLong  = errors.New("turn: too long")
)

// frames reads a stream of STUN messages and channel data (RFC 8656 section 12.5), one at a time.
type frames struct {
	r    *bufio.Reader
	used int // bytes of the one before
}

func newFrames(r io.Reader) *frames { return &frames{r: bufio.NewReaderSize(r, 2*frameMost)} }

// next returns the next one, which is good until the one after it is read.
func (f *frames) next() ([]byte, error) {
	f.r.Discard(f.used) // it is in the buffer
	f.used = 0
	b, err := f.r.Peek(headChannel)
	if err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	switch {
	case b[0] < 4 && n%4 == 0:
		n += headStun
	case channel(b):
		n = headChannel + (n+3)&^3
	default:
		return nil, errFrame
	}
	if n > frameMost {
		return nil, errLong
	}
	if b, err = f.r.Peek(n); err != nil {
		return nil, err
	}
	f.used = n
	return b, nil
}

// channel says whether a frame is channel data: its number is 0x4000 to 0x7fff.
func channel(b []byte) bool { return b[0]>>6 == 1 }
