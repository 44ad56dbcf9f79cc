package media

import "testing"

// Whatever comes, the body lies within the packet and behind the room for a new header.
func FuzzHeader(f *testing.F) {
	plain := make([]byte, 172)
	putHeader(plain, 0, true, 7, 160, 99)
	f.Add(plain)
	f.Add([]byte{0xB1, 0x80, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4, 0xBE, 0xDE, 0, 1, 1, 2, 3, 4, 5, 6, 7, 2})
	f.Add([]byte{0x80, 200, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1})
	f.Add([]byte{0x8F, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 9})
	f.Fuzz(func(t *testing.T, b []byte) {
		h, ok := parse(b)
		isRTCP(b)
		if ok && (h.body < headerLen || h.body > h.end || h.end > len(b)) {
			t.Errorf("%x: body %d to %d of %d", b, h.body, h.end, len(b))
		}
	})
}

func TestHeader(t *testing.T) {
	b := make([]byte, 14)
	putHeader(b, 8, true, 65535, 1<<31, 0xDEADBEEF)
	if h, ok := parse(b); !ok || h != (header{65535, 1 << 31, 0xDEADBEEF, 8, true, 12, 14}) {
		t.Errorf("read back %+v, %v", h, ok)
	}
	full := []byte{0xB1, 0x80, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4, 0xBE, 0xDE, 0, 1, 1, 2, 3, 4, 5, 6, 7, 2}
	if h, ok := parse(full); !ok || string(full[h.body:h.end]) != "\x05\x06" {
		t.Errorf("with CSRC, extension and padding: %+v, %v", h, ok)
	}
}
