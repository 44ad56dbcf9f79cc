package qr

import (
	"errors"
	"strings"
	"testing"
)

// TestRead reads codes of every size back, as a reader does: the format from its second place, the mask off, block by block.
func TestRead(t *testing.T) {
	for _, n := range []int{0, 1, 14, 15, 26, 42, 62, 84, 106, 122, 152, 180, 181, 213} {
		text := strings.Repeat("https://call.example.com/b/acme-main?", 6)[:n]
		c, err := New(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, c); got != text {
			t.Errorf("%d bytes are read as %q", n, got)
		}
	}
	if _, err := New(strings.Repeat("x", 214)); !errors.Is(err, ErrTooLong) {
		t.Errorf("too long: %v", err)
	}
}

func read(t *testing.T, c Code) string {
	t.Helper()
	n := len(c)
	v := versions[(n-17)/4-1]
	bits := 0
	for i := range 15 {
		x, y := n-1-i, 8
		if i >= 8 {
			x, y = 8, n-15+i
		}
		if c[y][x] {
			bits |= 1 << i
		}
	}
	bits ^= 0x5412
	if mask := bits >> 10; bch(mask, 10, 0x537) != bits {
		t.Fatalf("the format %015b is none", bits)
	}
	mask := masks[bits>>10]
	blank := v.patterns()
	blank.format(0)
	if v.n >= 7 {
		blank.version(v.n)
	}
	var words []byte
	count := 0
	for right := n - 1; right > 0; right -= 2 {
		if right == 6 {
			right = 5
		}
		for step := range n {
			y := step
			if (right+1)&2 == 0 {
				y = n - 1 - step
			}
			for x := right; x > right-2; x-- {
				if blank.fixed[y][x] {
					continue
				}
				if count%8 == 0 {
					words = append(words, 0)
				}
				words[count/8] <<= 1
				if c[y][x] != mask(x, y) {
					words[count/8] |= 1
				}
				count++
			}
		}
	}
	return v.text(t, words)
}

// text puts the blocks together again, each of which its own error correction must agree with.
func (v version) text(t *testing.T, words []byte) string {
	t.Helper()
	blocks := make([][]byte, len(v.blocks))
	for i := range v.blocks[len(v.blocks)-1] {
		for b, size := range v.blocks {
			if i < size {
				blocks[b], words = append(blocks[b], words[0]), words[1:]
			}
		}
	}
	var data []byte
	for b, block := range blocks {
		for i, want := range remainder(block, v.check) {
			if got := words[i*len(blocks)+b]; got != want {
				t.Fatalf("block %d: error correction %d is %d, want %d", b, i, got, want)
			}
		}
		data = append(data, block...)
	}
	at := 0
	take := func(n int) (value int) {
		for range n {
			value = value<<1 | int(data[at/8]>>(7-at%8)&1)
			at++
		}
		return value
	}
	if mode := take(4); mode != 4 {
		t.Fatalf("mode %d", mode)
	}
	out := make([]byte, take(v.countBits()))
	for i := range out {
		out[i] = byte(take(8))
	}
	return string(out)
}

// TestRemainder is the example of the standard's annex I: "01234567" at 1-M.
func TestRemainder(t *testing.T) {
	data := []byte{0x10, 0x20, 0x0c, 0x56, 0x61, 0x80, 0xec, 0x11, 0xec, 0x11, 0xec, 0x11, 0xec, 0x11, 0xec, 0x11}
	want := []byte{0xa5, 0x24, 0xd4, 0xc1, 0xed, 0x36, 0xc7, 0x87, 0x2c, 0x55}
	if got := remainder(data, 10); string(got) != string(want) {
		t.Errorf("%x, want %x", got, want)
	}
}

func TestPictures(t *testing.T) {
	c, err := New("https://call.example.com/b/acme-main")
	if err != nil {
		t.Fatal(err)
	}
	if s := c.SVG(); !strings.HasPrefix(s, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 37 37"`) || strings.Count(s, "h1v1h-1z") < 300 {
		t.Errorf("%.200s", s)
	}
	if lines := strings.Split(strings.TrimSuffix(c.Text(), "\n"), "\n"); len(lines) != 19 || lines[0] != strings.Repeat("█", 37) {
		t.Errorf("%d lines, the first %q", len(lines), lines[0])
	}
}

func FuzzNew(f *testing.F) {
	f.Add("https://call.example.com/b/acme-main")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := New(s)
		if (err != nil) != (len(s) > 213) {
			t.Fatalf("%d bytes: %v", len(s), err)
		}
		if err == nil && read(t, c) != s {
			t.Errorf("%q is not read back", s)
		}
	})
}
