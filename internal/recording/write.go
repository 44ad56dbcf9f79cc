// Package recording is the file of a recorded talk: two channels of u-law, each side its own, encrypted with a key that no
// other file has.
//
// The file is a head and chunks. A chunk is half a second of both channels under AES-256-GCM; its nonce is its number,
// which no other chunk under this key has, and its text is bound to the head. Chunks are written whole and one after
// the other, so whatever had been written when a machine died can be heard; a torn one at the end is left out. The last
// chunk of a file that was closed may be shorter, and says that it is the last.
package recording

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"io"
	"os"

	"ringback/internal/audio"
)

const (
	// KeySize is the length of a file's key.
	KeySize = 32
	// Channels of every recording: the side that was called first, then the other.
	Channels = 2

	magic   = "RBREC\x00\x01\x00"
	headLen = 16
	tagLen  = 16
	chunk   = Channels * audio.Rate / 2 // bytes of sound
)

// head is what every file begins with.
func head() []byte {
	b := append(make([]byte, 0, headLen), magic...)
	b = binary.LittleEndian.AppendUint32(b, chunk)
	b = binary.LittleEndian.AppendUint16(b, Channels)
	return binary.LittleEndian.AppendUint16(b, audio.Rate)
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("recording: the key is %d bytes long; it has to be %d", len(key), KeySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// nonce of a chunk; the last one of a file has a bit of its own.
func nonce(n int64, last bool) []byte {
	var b [12]byte
	binary.LittleEndian.PutUint64(b[:], uint64(n))
	if last {
		b[11] = 1
	}
	return b[:]
}

// Writer writes a file. It is used by one goroutine.
type Writer struct {
	file   *os.File
	aead   cipher.AEAD
	head   []byte
	wait   []byte // sound of a chunk that is not full
	out    []byte // a chunk as it is written
	chunks int64
	err    error // the first one; nothing is written after it
}

// Create begins a file that must not exist yet: a key is used for one.
func Create(path string, key []byte) (*Writer, error) {
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	w := &Writer{file: f, aead: aead, head: head(), wait: make([]byte, 0, chunk), out: make([]byte, 0, chunk+tagLen)}
	if _, err := f.Write(w.head); err != nil {
		f.Close()
		return nil, err
	}
	return w, nil
}

// Write takes sound: u-law, the two channels in turn. The first error stays.
func (w *Writer) Write(b []byte) (int, error) {
	all := len(b)
	for len(b) > 0 && w.err == nil {
		n := min(len(b), chunk-len(w.wait))
		w.wait, b = append(w.wait, b[:n]...), b[n:]
		if len(w.wait) == chunk {
			w.seal(false)
		}
	}
	return all - len(b), w.err
}

func (w *Writer) seal(last bool) {
	w.out = w.aead.Seal(w.out[:0], nonce(w.chunks, last), w.wait, w.head)
	if _, w.err = w.file.Write(w.out); w.err != nil {
		return
	}
	w.chunks++
	w.wait = w.wait[:0]
}

// Close writes what waits and brings all of it to the disk.
func (w *Writer) Close() error {
	if w.err == nil && len(w.wait) > 0 {
		w.seal(true)
	}
	err := w.err
	if err == nil {
		err = w.file.Sync()
	}
	if closed := w.file.Close(); err == nil {
		err = closed
	}
	return err
}

var _ io.WriteCloser = (*Writer)(nil)
