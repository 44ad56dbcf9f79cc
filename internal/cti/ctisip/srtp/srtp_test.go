package srtp

import (
	"bytes"
	"crypto/aes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// RFC 3711 section B.3.
func TestDerive(t *testing.T) {
	key, salt := unhex(t, "e1f97a0d3e018be0d64fa32c06de4139"), unhex(t, "0ec675ad498afeebb6960b3aabe6")
	for label, want := range map[byte]string{
		labelCipher: "c61e7a93744f39ee10734afe3ff7a087",
		labelSalt:   "30cbbc08863d8c85d49db34a9ae1",
		labelAuth:   "cebe321f6ff7716b6fd4ab49af256a156d38baa4",
	} {
		got, err := derive(key, salt, label, len(want)/2)
		if err != nil || hex.EncodeToString(got) != want {
			t.Errorf("label %d: %x, %v", label, got, err)
		}
	}
}

// RFC 3711 section B.2: the key stream of a session key and salt.
func TestKeyStream(t *testing.T) {
	k := cmKeys{}
	copy(k.salt[:], unhex(t, "f0f1f2f3f4f5f6f7f8f9fafbfcfd"))
	var err error
	if k.block, err = aes.NewCipher(unhex(t, "2b7e151628aed2a6abf7158809cf4f3c")); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 44)
	k.xor(b, 0, 0, 0)
	if got := hex.EncodeToString(b); got != "e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab41e95b3bb0a2e8dd477901e4" {
		t.Errorf("key stream %s", got)
	}
}

// vectors were made by github.com/pion/srtp/v3 v3.1.3: master key and salt are the bytes 3, 10, 17 …; the packet below has
// rollover counter 5, the report index 1.
var vectors = []struct {
	suite     Suite
	rtp, rtcp string
}{
	{CM80, "80801234decafbadcafebabe8271529aed76814796bb8d50c9933ec5fb795ef752de4631999a3b736b1d78", "81c8000bcafebabe9ce0f4d627d81f6c4ef5125b5ed5f10c80000001e64cf991256fef697042"},
	{CM32, "80801234decafbadcafebabe8271529aed76814796bb8d50c9933ec5fb795ef752de463199", "81c8000bcafebabe9ce0f4d627d81f6c4ef5125b5ed5f10c80000001e64cf991256fef697042"},
	{GCM128, "80801234decafbadcafebabef9832566e1ea85061055623f4c7bab4c02f26959a8a28c4d497014daa2c87f7df6992c35fd", "81c8000bcafebabe4ed32effd6febc765dba00ec58b1544562470d4f016fb644ebf914fcfbe48b2480000001"},
	{GCM256, "80801234decafbadcafebabe555ed9a4abb172ec61b50f70b72fd1266e1101ed6a91d6c4dd06f945779497cdbf6cc5bea2", "81c8000bcafebabeafdbe98eba628224f6e2057715de48f6e48bc3f6caf171ef6a4157dd768d141080000001"},
}

const (
	plainRTP  = "80801234decafbadcafebabeabababababababababababababababab0102030405"
	plainRTCP = "81c8000bcafebabeabababababababababababababababab"
)

func keyOf(s Suite) Key {
	k := make(Key, s.KeyLen())
	for i := range k {
		k[i] = byte(i*7 + 3)
	}
	return k
}

func ends(t testing.TB, s Suite) (*Sender, *Receiver) {
	t.Helper()
	out, err := NewSender(s, keyOf(s))
	if err != nil {
		t.Fatal(err)
	}
	in, err := NewReceiver(s, keyOf(s))
	if err != nil {
		t.Fatal(err)
	}
	return out, in
}

func TestVectors(t *testing.T) {
	for _, v := range vectors {
		t.Run(string(v.suite), func(t *testing.T) {
			out, in := ends(t, v.suite)
			was := progress{ssrc: 0xcafebabe, began: true, roc: 5, high: 0x1233}
			out.p, out.next, in.streams[0], in.last = was, 1, was, 0
			got, err := out.Protect(unhex(t, plainRTP))
			if err != nil || hex.EncodeToString(got) != v.rtp {
				t.Errorf("rtp %x, %v", got, err)
			}
			if got, err = out.ProtectRTCP(unhex(t, plainRTCP)); err != nil || hex.EncodeToString(got) != v.rtcp {
				t.Errorf("rtcp %x, %v", got, err)
			}
			if got, err = in.Unprotect(unhex(t, v.rtp)); err != nil || hex.EncodeToString(got) != plainRTP {
				t.Errorf("back %x, %v", got, err)
			}
			if got, err = in.UnprotectRTCP(unhex(t, v.rtcp)); err != nil || hex.EncodeToString(got) != plainRTCP {
				t.Errorf("rtcp back %x, %v", got, err)
			}
			if _, err = in.Unprotect(unhex(t, v.rtp)); !errors.Is(err, ErrReplay) {
				t.Errorf("again: %v", err)
			}
			if _, err = in.UnprotectRTCP(unhex(t, v.rtcp)); !errors.Is(err, ErrReplay) {
				t.Errorf("rtcp again: %v", err)
			}
		})
	}
}

// packet is RTP of 20 ms with an extension.
func packet(seq uint16, ssrc uint32) []byte {
	b := make([]byte, 172+8)
	b[0], b[1] = 0x90, 0
	binary.BigEndian.PutUint16(b[2:], seq)
	binary.BigEndian.PutUint32(b[8:], ssrc)
	b[15] = 1
	for i := 20; i < len(b); i++ {
		b[i] = byte(i) ^ byte(seq)
	}
	return b
}

// No bit of a packet may be changed.
func TestTampered(t *testing.T) {
	for _, v := range vectors {
		for _, rtcp := range []bool{false, true} {
			out, in := ends(t, v.suite)
			whole, err := out.Protect(packet(7, 1))
			open := in.Unprotect
			if rtcp {
				whole, err = out.ProtectRTCP(unhex(t, plainRTCP))
				open = in.UnprotectRTCP
			}
			if err != nil {
				t.Fatal(err)
			}
			for i := range whole {
				b := bytes.Clone(whole)
				b[i] ^= 0x10
				if _, err := open(b); err == nil {
					t.Errorf("%s: byte %d of a packet (rtcp %v) was changed unseen", v.suite, i, rtcp)
				}
				if _, err := open(bytes.Clone(whole[:i])); err == nil {
					t.Errorf("%s: a packet (rtcp %v) was cut to %d bytes unseen", v.suite, rtcp, i)
				}
			}
			if _, err := open(bytes.Clone(whole)); err != nil {
				t.Errorf("%s: unchanged: %v", v.suite, err)
			}
		}
	}
}

// The sequence number turns many times, packets are lost, late and doubled, the far end changes its SSRC and comes back.
func TestTurns(t *testing.T) {
	for _, v := range vectors {
		out, in := ends(t, v.suite)
		take := func(b []byte, want error) {
			t.Helper()
			p, err := in.Unprotect(b)
			if !errors.Is(err, want) || err == nil && !bytes.Equal(p, packet(seqOf(p), ssrcOf(p))) {
				t.Fatalf("%s: packet %d of %x: %v, want %v", v.suite, seqOf(b), ssrcOf(b), err, want)
			}
		}
		protect := func(seq uint16, ssrc uint32) []byte {
			t.Helper()
			b, err := out.Protect(packet(seq, ssrc))
			if err != nil {
				t.Fatal(err)
			}
			return bytes.Clone(b)
		}
		seq := uint16(65500)
		for n := range 3 * 65536 / 40 {
			first, second, third := protect(seq, 1), protect(seq+1, 1), protect(seq+39, 1)
			if n%3 == 0 {
				first, second = second, first
			}
			take(first, nil)
			take(third, nil)
			take(second, nil)
			if n%100 == 0 {
				take(third, ErrReplay)
			}
			seq += 40
		}
		if out.p.roc < 2 || in.streams[in.last].roc != out.p.roc {
			t.Errorf("%s: turns %d and %d", v.suite, out.p.roc, in.streams[in.last].roc)
		}
		if _, err := out.Protect(packet(seq-40, 1)); !errors.Is(err, ErrReplay) {
			t.Errorf("%s: a sequence number was used twice: %v", v.suite, err)
		}
		late := protect(seq-38, 1)
		if other, _ := ends(t, v.suite); true { // another SSRC with its own counter, beside the first
			b, err := other.Protect(packet(9, 2))
			if err != nil {
				t.Fatal(err)
			}
			take(bytes.Clone(b), nil)
		}
		take(late, nil)
		take(protect(seq, 1), nil)
	}
}

// A new key in the middle of a call: a far end that goes on counting turns and one that begins again are both understood,
// and what was heard under the old key is no excuse.
func TestContinue(t *testing.T) {
	for _, v := range vectors {
		for _, goesOn := range []bool{true, false} {
			out, in := ends(t, v.suite)
			for seq := uint16(65530); seq != 20; seq++ {
				b, err := out.Protect(packet(seq, 1))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := in.Unprotect(bytes.Clone(b)); err != nil {
					t.Fatal(err)
				}
			}
			key := keyOf(v.suite)
			key[0]++
			out2, err := NewSender(v.suite, key)
			if err != nil {
				t.Fatal(err)
			}
			in2, err := NewReceiver(v.suite, key)
			if err != nil {
				t.Fatal(err)
			}
			if goesOn {
				out2.Continue(out)
				if out2.p.roc != 1 {
					t.Errorf("%s: a new key of ours begins in turn %d of the sequence, want 1", v.suite, out2.p.roc)
				}
			}
			in2.Continue(in)
			old, err := out.Protect(packet(20, 1))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := in2.Unprotect(bytes.Clone(old)); !errors.Is(err, ErrAuth) {
				t.Errorf("%s: a packet of the old key: %v", v.suite, err)
			}
			for seq := uint16(20); seq < 30; seq++ {
				b, err := out2.Protect(packet(seq, 1))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := in2.Unprotect(bytes.Clone(b)); err != nil {
					t.Fatalf("%s, goes on %v: %v", v.suite, goesOn, err)
				}
			}
		}
	}
}

func TestKeysMustFit(t *testing.T) {
	for _, v := range vectors {
		if _, err := NewSender(v.suite, keyOf(v.suite)[1:]); !errors.Is(err, ErrKey) {
			t.Errorf("%s: a short key: %v", v.suite, err)
		}
	}
	if _, err := NewReceiver("AES_CM_256_HMAC_SHA1_80", make(Key, 46)); !errors.Is(err, ErrKey) {
		t.Errorf("an unknown suite: %v", err)
	}
}

// A packet costs no allocation, either way.
func TestNoAllocation(t *testing.T) {
	for _, v := range vectors {
		out, in := ends(t, v.suite)
		p, room, seq := packet(0, 1), make([]byte, 0, 300), uint16(0)
		if n := testing.AllocsPerRun(1000, func() {
			seq++
			binary.BigEndian.PutUint16(p[2:], seq)
			b, err := out.Protect(p)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := in.Unprotect(append(room, b...)); err != nil {
				t.Fatal(err)
			}
		}); n > 0 {
			t.Errorf("%s: %.0f allocations a packet", v.suite, n)
		}
	}
}

func FuzzUnprotect(f *testing.F) {
	for _, v := range vectors {
		f.Add(unhex(f, v.rtp))
		f.Add(unhex(f, v.rtcp))
	}
	f.Add([]byte{0x9f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, v := range vectors {
			_, in := ends(t, v.suite)
			in.Unprotect(bytes.Clone(b))
			in.UnprotectRTCP(bytes.Clone(b))
		}
	})
}

func BenchmarkPacket(b *testing.B) {
	for _, v := range vectors {
		b.Run(string(v.suite), func(b *testing.B) {
			out, in := ends(b, v.suite)
			p, room, seq := packet(0, 1), make([]byte, 0, 300), uint16(0)
			b.ReportAllocs()
			for b.Loop() {
				seq++
				binary.BigEndian.PutUint16(p[2:], seq)
				e, err := out.Protect(p)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := in.Unprotect(append(room, e...)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
