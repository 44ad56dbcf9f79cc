package recording

import (
	"bytes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"ringback/internal/audio"
)

// ErrDamaged is a file that is no recording, or not one of this key.
var ErrDamaged = errors.New("recording: the file is damaged, or it was written with another key")

// Reader gives a file as WAV (u-law, two channels, RFC 2361), from any place on: it decrypts only the chunks that are
// asked for. It shows what was there when it was opened.
type Reader struct {
	file  *os.File
	aead  cipher.AEAD
	head  []byte
	wav   []byte // head of the WAV
	sound int64  // bytes of sound
	full  int64  // chunks that are not the last
	at    int64

	have  int64 // number of the chunk in text plus one; 0 = none
	text  []byte
	block []byte
}

// Open opens a file to be read, whether it is still being written or not.
func Open(path string, key []byte) (*Reader, error) {
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r := &Reader{file: f, aead: aead, head: head(), block: make([]byte, chunk+tagLen)}
	if err := r.measure(); err != nil {
		f.Close()
		return nil, err
	}
	return r, nil
}

// measure finds out how much sound there is.
func (r *Reader) measure() error {
	begin := make([]byte, headLen)
	if _, err := io.ReadFull(r.file, begin); err != nil || !bytes.Equal(begin, r.head) {
		return ErrDamaged
	}
	info, err := r.file.Stat()
	if err != nil {
		return err
	}
	body := info.Size() - headLen
	r.full = body / (chunk + tagLen)
	r.sound = r.full * chunk
	if rest := body % (chunk + tagLen); rest > tagLen { // the last one of a file that was closed, or a torn one
		if text, err := r.open(r.full, int(rest)); err == nil {
			r.sound += int64(len(text))
		}
	}
	r.have = 0
	if r.full > 0 {
		if _, err := r.open(0, chunk+tagLen); err != nil {
			return err
		}
	}
	r.wav = wavHead(r.sound)
	return nil
}

// open decrypts a chunk of so many bytes. A short one is the last.
func (r *Reader) open(n int64, size int) ([]byte, error) {
	if r.have == n+1 {
		return r.text, nil
	}
	b := r.block[:size]
	if _, err := r.file.ReadAt(b, headLen+n*(chunk+tagLen)); err != nil {
		return nil, err
	}
	text, err := r.aead.Open(r.text[:0], nonce(n, size < chunk+tagLen), b, r.head)
	if err != nil {
		r.have = 0
		return nil, fmt.Errorf("%w: chunk %d", ErrDamaged, n)
	}
	r.text, r.have = text, n+1
	return text, nil
}

// Size is the length of the WAV.
func (r *Reader) Size() int64 { return int64(len(r.wav)) + r.sound }

// Length is how long it sounds.
func (r *Reader) Length() time.Duration {
	return time.Duration(r.sound/Channels) * time.Second / audio.Rate
}

// Read reads on.
func (r *Reader) Read(b []byte) (int, error) {
	if r.at >= r.Size() {
		return 0, io.EOF
	}
	if r.at < int64(len(r.wav)) {
		n := copy(b, r.wav[r.at:])
		r.at += int64(n)
		return n, nil
	}
	place := r.at - int64(len(r.wav))
	n, size := place/chunk, chunk+tagLen
	if n == r.full {
		size = int(r.sound-n*chunk) + tagLen
	}
	text, err := r.open(n, size)
	if err != nil {
		return 0, err
	}
	got := copy(b, text[place%chunk:])
	r.at += int64(got)
	return got, nil
}

// Seek goes to a place of the WAV.
func (r *Reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.Size()
	}
	if offset < 0 {
		return 0, errors.New("recording: a place before the beginning")
	}
	r.at = offset
	return offset, nil
}

// Close ends the reading.
func (r *Reader) Close() error { return r.file.Close() }

// wavHead is the head of a RIFF file of u-law.
func wavHead(sound int64) []byte {
	le := binary.LittleEndian
	b := append(make([]byte, 0, 58), "RIFF"...)
	b = le.AppendUint32(b, uint32(50+sound))
	b = append(b, "WAVEfmt "...)
	b = le.AppendUint32(b, 18)
	b = le.AppendUint16(b, 7) // u-law
	b = le.AppendUint16(b, Channels)
	b = le.AppendUint32(b, audio.Rate)
	b = le.AppendUint32(b, audio.Rate*Channels)
	b = le.AppendUint16(b, Channels)
	b = le.AppendUint16(b, 8)
	b = le.AppendUint16(b, 0)
	b = append(b, "fact"...)
	b = le.AppendUint32(b, 4)
	b = le.AppendUint32(b, uint32(sound/Channels))
	b = append(b, "data"...)
	return le.AppendUint32(b, uint32(sound))
}

var _ io.ReadSeekCloser = (*Reader)(nil)
