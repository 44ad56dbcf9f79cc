package ladder

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ringback/internal/id"
)

var (
	local = netip.MustParseAddrPort("10.0.0.9:5060")
	far   = netip.MustParseAddrPort("10.0.0.1:5060")
	far6  = netip.MustParseAddrPort("[2001:db8::1]:5060")
)

func message(callID string) []byte {
	return []byte("INVITE sip:+12025550100@10.0.0.1 SIP/2.0\r\nCall-ID: " + callID + "\r\nCSeq: 1 INVITE\r\n\r\n")
}

func opened(t *testing.T, c Config) *Store {
	t.Helper()
	s, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func read(t *testing.T, dir string, cb id.Callback) []Entry {
	t.Helper()
	all, err := Read(dir, cb, time.Time{}, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Messages of named calls are kept, also over a restart; those of others are not; a torn line is left out.
func TestStore(t *testing.T) {
	dir := t.TempDir()
	for n := range 2 {
		s := opened(t, Config{Dir: dir})
		s.Name("a", Leg{"cb_1", "leg_1", "visitor"})
		s.Name("b", Leg{"cb_2", "leg_2", "agent"})
		for _, c := range []string{"a", "b", "stranger"} {
			s.Message(Entry{At: time.Now(), Out: true, Proto: "udp", Local: local, Far: far}, message(c))
		}
		s.Add(Entry{At: time.Now(), Kind: Plays, Callback: "cb_1", Leg: "leg_1", Party: "visitor", Text: "wait"})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s.Add(Entry{Callback: "cb_1"}) // too late: it is counted
		if s.Dropped() != 1 {
			t.Errorf("%d dropped", s.Dropped())
		}
		if got := read(t, dir, "cb_1"); len(got) != 2*(n+1) || got[0].Leg != "leg_1" || got[0].Far != far || !strings.Contains(got[0].Text, "+xxxxxxxx100@") {
			t.Fatalf("start %d: %+v", n, got)
		}
	}
	all := files(dir)
	f, err := os.OpenFile(all[len(all)-1].path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(f, "1 sip cb_1 leg_1 visitor a out udp - - 500\nINVITE")
	f.Close()
	if got := read(t, dir, "cb_1"); len(got) != 4 {
		t.Errorf("with a torn line: %d entries", len(got))
	}
	if got := read(t, dir, "cb_3"); len(got) != 0 {
		t.Errorf("of nobody: %+v", got)
	}
	if i, err := os.Stat(all[0].path); err != nil || i.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", i.Mode(), err)
	}
}

// A store without a folder of its own takes everything and keeps nothing.
func TestNoStore(t *testing.T) {
	var s *Store
	s.Name("a", Leg{})
	s.Message(Entry{}, message("a"))
	s.Add(Entry{})
	s.Over("a", time.Now())
	if s.Dropped() != 0 || s.Close() != nil {
		t.Error("a store that is none does something")
	}
}

// The folder stays below its size and its age, whatever is told; nobody waits for the disk.
func TestBounds(t *testing.T) {
	dir := t.TempDir()
	old := filepath.Join(dir, time.Now().Add(-10*24*time.Hour).UTC().Format(stamp)+suffix)
	if err := os.WriteFile(old, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(old, time.Now().Add(-9*24*time.Hour), time.Now().Add(-9*24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	const most = 200 << 10
	for range 20 {
		s := opened(t, Config{Dir: dir, Most: most, File: 10 << 10})
		for range 100 {
			s.Add(Entry{At: time.Now(), Kind: Plays, Callback: "cb_1", Text: strings.Repeat("x", 500)})
		}
		s.Close()
	}
	var sum int64
	for _, f := range files(dir) {
		sum += f.size
	}
	if sum > most+100<<10 || sum == 0 { // the newest may not have been counted yet
		t.Errorf("%d bytes", sum)
	}
	if _, err := os.Stat(old); !os.IsNotExist(err) {
		t.Errorf("the old one: %v", err)
	}
	s := opened(t, Config{Dir: t.TempDir(), Waiting: 10})
	defer s.Close()
	for range 100000 {
		s.Add(Entry{At: time.Now(), Text: "x"})
	}
	if s.Dropped() == 0 {
		t.Error("nothing was dropped")
	}
}

// A folder that cannot be written to costs the ladder, not the call.
func TestNoFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	s := opened(t, Config{Dir: dir})
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	s.Add(Entry{At: time.Now(), Text: "x"})
	if err := s.Close(); err != nil || s.Dropped() != 1 {
		t.Errorf("%v, %d dropped", err, s.Dropped())
	}
}

func steps() []Entry {
	at := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	return []Entry{
		{At: at, Kind: Decision, Text: "visitor requested  queued"},
		{At: at.Add(time.Millisecond), Kind: SIP, Leg: "leg_1", Party: "visitor", Out: true, Proto: "udp", Local: local, Far: far, Text: string(Clean(message("a")))},
		{At: at.Add(2 * time.Millisecond), Kind: SIP, Leg: "leg_1", Party: "visitor", Proto: "tls", Local: local, Far: far6, Text: "SIP/2.0 180 Ringing\r\nCall-ID: a\r\nCSeq: 1 INVITE\r\n\r\n"},
		{At: at.Add(3 * time.Millisecond), Kind: Media, Leg: "leg_1", Party: "visitor", Text: "hears the other"},
	}
}

// A file for Wireshark: its blocks, the addresses, checksums that fit, comments.
func TestPCAPNG(t *testing.T) {
	var out bytes.Buffer
	if err := PCAPNG(&out, steps()); err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	var packets [][]byte
	for b := out.Bytes(); len(b) > 0; {
		n := int(le.Uint32(b[4:]))
		if n%4 != 0 || n > len(b) || le.Uint32(b[n-4:]) != uint32(n) {
			t.Fatalf("a block of %d bytes", n)
		}
		if le.Uint32(b) == blockPacket {
			packets = append(packets, b[28:28+le.Uint32(b[20:])])
		}
		b = b[n:]
	}
	if len(packets) != 2 {
		t.Fatalf("%d packets", len(packets))
	}
	for _, want := range []string{"visitor requested", "hears the other", "over tls"} {
		if !bytes.Contains(out.Bytes(), []byte(want)) {
			t.Errorf("%q is no comment", want)
		}
	}
	first := packets[0]
	if first[0] != 0x45 || checksum(first[:20]) != 0 || !bytes.Equal(first[12:20], []byte{10, 0, 0, 9, 10, 0, 0, 1}) || !bytes.HasPrefix(first[28:], []byte("INVITE")) {
		t.Errorf("% x", first[:28])
	}
	second := packets[1]
	if second[0] != 0x60 || second[6] != udp || !bytes.HasPrefix(second[48:], []byte("SIP/2.0 180")) {
		t.Errorf("% x", second[:48])
	}
	sum := append(append([]byte{}, second[8:40]...), 0, 0, 0, 0, 0, 0, 0, udp)
	binary.BigEndian.PutUint32(sum[32:], uint32(len(second)-40))
	if checksum(append(sum, second[40:]...)) != 0 {
		t.Error("the checksum of UDP over IPv6 is wrong")
	}
}

// What reads such files reads this one.
func TestTcpdumpReadsIt(t *testing.T) {
	program, err := exec.LookPath("tcpdump")
	if err != nil {
		t.Skip("NOT RUN: there is no tcpdump")
	}
	path := filepath.Join(t.TempDir(), "call.pcapng")
	var out bytes.Buffer
	if err := PCAPNG(&out, steps()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	said, err := exec.Command(program, "-n", "-vvv", "-r", path).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	for _, want := range []string{"10.0.0.9.5060 > 10.0.0.1.5060", "INVITE sip:+xxxxxxxx100@10.0.0.1", "2001:db8::1.5060 > ", "180 Ringing"} {
		if !strings.Contains(string(said), want) {
			t.Errorf("tcpdump does not say %q:\n%s", want, said)
		}
	}
	if strings.Contains(string(said), "bad udp cksum") || strings.Contains(string(said), "bad cksum") {
		t.Errorf("a checksum is wrong:\n%s", said)
	}
}

func TestText(t *testing.T) {
	var out bytes.Buffer
	all := steps()
	if err := Text(&out, all[0].At, all); err != nil {
		t.Fatal(err)
	}
	want := `  seconds  agent                      ringback                   visitor
    0.000  * visitor requested  queued
    0.001  |                          |----------INVITE--------->|
    0.002  |                          |<------180 Ringing--------|  tls
    0.003    ~ visitor: hears the other
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func FuzzRecord(f *testing.F) {
	for _, e := range steps() {
		f.Add(e.record(nil))
	}
	f.Add([]byte("1 sip - - - - - - - - -5"))
	f.Add([]byte("0   \r       0"))
	f.Fuzz(func(t *testing.T, b []byte) {
		line, text, _ := bytes.Cut(b, []byte("\n"))
		e, n, err := parse(line)
		if err != nil || n > len(text) {
			return
		}
		e.Kind, e.Text = Plays, string(text[:n])
		again, m, err := parse(bytes.SplitN(e.record(nil), []byte("\n"), 2)[0])
		if again.Text = e.Text; err != nil || m != n || again != e {
			t.Errorf("%+v became %+v, %v", e, again, err)
		}
	})
}

// What a call costs: a message is looked at, copied, cleaned and written.
func BenchmarkMessage(b *testing.B) {
	s, err := Open(Config{Dir: b.TempDir(), Waiting: 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	s.Name("12345678901234567890", Leg{"cb_01jd0000000000000000000000", "leg_01jd0000000000000000000000", "visitor"})
	b.ReportAllocs()
	for b.Loop() {
		s.Message(Entry{At: time.Now(), Proto: "udp", Local: local, Far: far}, []byte(full))
	}
	s.Close()
}
