package recording

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ringback/internal/audio"
)

func key(n byte) []byte { return bytes.Repeat([]byte{n}, KeySize) }

func sound(n int) []byte {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func written(t *testing.T, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rec")
	w, err := Create(path, key(1))
	if err != nil {
		t.Fatal(err)
	}
	for rest := b; len(rest) > 0; {
		n := min(len(rest), 1+len(rest)/3)
		if _, err := w.Write(rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func all(t *testing.T, path string) []byte {
	t.Helper()
	r, err := Open(path, key(1))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(b)) != r.Size() {
		t.Fatalf("%d bytes, and it said %d", len(b), r.Size())
	}
	return b
}

// What is written is read again, whatever its length, and the file shows nothing of it.
func TestRoundTrip(t *testing.T) {
	for _, n := range []int{0, 2, chunk - 2, chunk, chunk + 2, 3 * chunk, 3*chunk + 1000} {
		b := sound(n)
		path := written(t, b)
		got := all(t, path)
		if !bytes.Equal(got[58:], b) {
			t.Errorf("%d bytes came back as %d others", n, len(got)-58)
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if n > 64 && bytes.Contains(raw, b[:32]) {
			t.Error("the sound can be read in the file")
		}
		if n%2 == 0 && n > 0 {
			if s, err := audio.ReadWAV(got); err != nil || len(s) != n/2 {
				t.Errorf("as WAV: %d samples, %v", len(s), err)
			}
		}
	}
}

// A file that a dying machine left behind is heard up to the last whole chunk, wherever it was torn.
func TestTorn(t *testing.T) {
	b := sound(2*chunk + 500)
	path := written(t, b)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, cut := range []int{headLen, headLen + 1, headLen + tagLen, headLen + chunk + tagLen - 1, headLen + chunk + tagLen, headLen + chunk + tagLen + 300, len(whole) - 1, len(whole)} {
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		want := (cut - headLen) / (chunk + tagLen) * chunk
		if cut == len(whole) {
			want = len(b)
		}
		if got := all(t, path); !bytes.Equal(got[58:], b[:want]) {
			t.Errorf("cut at %d: %d bytes of sound, want %d", cut, len(got)-58, want)
		}
	}
}

// Chunks that were changed, exchanged or written with another key are no sound.
func TestDamaged(t *testing.T) {
	path := written(t, sound(3*chunk))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, key(2)); !errors.Is(err, ErrDamaged) {
		t.Errorf("another key: %v", err)
	}
	size := chunk + tagLen
	swapped := bytes.Clone(whole)
	copy(swapped[headLen+size:], whole[headLen+2*size:])
	copy(swapped[headLen+2*size:], whole[headLen+size:headLen+2*size])
	flipped := bytes.Clone(whole)
	flipped[headLen+size+9] ^= 1
	for name, b := range map[string][]byte{"swapped": swapped, "flipped": flipped} {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Open(path, key(1))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(r); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
		r.Close()
	}
}

func TestSeek(t *testing.T) {
	b := sound(4*chunk + 10)
	path := written(t, b)
	whole := all(t, path)
	r, err := Open(path, key(1))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if want := time.Duration(len(b)/2) * time.Second / audio.Rate; r.Length() != want {
		t.Errorf("it sounds %v, want %v", r.Length(), want)
	}
	for _, at := range []int64{0, 30, 58, 59, chunk + 57, chunk + 58, int64(len(whole)) - 3, 2*chunk + 1} {
		if _, err := r.Seek(at, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(io.LimitReader(r, 5000))
		if err != nil || !bytes.Equal(got, whole[at:min(len(whole), int(at)+5000)]) {
			t.Errorf("from %d: %d bytes, %v", at, len(got), err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte(magic))
	f.Add(append(head(), sound(200)...))
	f.Add(append(head(), sound(chunk+tagLen+40)...))
	path := filepath.Join(f.TempDir(), "rec")
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Open(path, key(1))
		if err != nil {
			return
		}
		defer r.Close()
		io.Copy(io.Discard, r)
	})
}
