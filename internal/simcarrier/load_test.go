package simcarrier

import (
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"ringback/internal/audio"
	"ringback/internal/wire"
)

// A call over real sockets, and the ledger of a closed network.
func TestRealNetwork(t *testing.T) {
	c, err := New(Config{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetPerson("0100", Person{Does: "answers", Talk: 300 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	u := realPhone(t, c)
	defer u.close()
	u.invite()
	u.answered()
	h := u.listen(250 * time.Millisecond)
	u.expect("BYE")
	if h.packets < 3 || len(h.ssrcs) != 1 || h.gaps != 0 {
		t.Errorf("%d packets, %d gaps", h.packets, h.gaps)
	}
	if _, err := New(Config{Listen: c.Addr()}); err == nil {
		t.Error("a port in use was opened")
	}
	if _, err := New(Config{Listen: "127.0.0.1:0", Personality: "nice"}); err == nil {
		t.Error("a personality that is none was taken")
	}
	c.Close()
	if e := c.Ledger(); len(e) != 1 || e[0].ByeBy != "us" {
		t.Errorf("ledger %+v", e)
	}
}

func realPhone(t testing.TB, c *Carrier) *uac {
	u := &uac{t: t, inbox: make(chan *message, 10000), number: "+12025550100", callID: "x", toHead: "<sip:+12025550100@h>",
		to: net.UDPAddrFromAddrPort(netip.MustParseAddrPort(c.Addr()))}
	var err error
	if u.sip, err = (wire.Real{}).ListenPacket("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	if u.rtp, err = (wire.Real{}).ListenPacket("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	u.offer = u.sdp("0 8 101", "sendrecv")
	go u.read()
	return u
}

// BenchmarkSetup is one call up and down over loopback, the telephone of the test included.
func BenchmarkSetup(b *testing.B) {
	c, err := New(Config{Listen: "127.0.0.1:0"})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	if err := c.SetPerson("0100", Person{Does: "answers", Talk: time.Hour}); err != nil {
		b.Fatal(err)
	}
	u := realPhone(b, c)
	defer u.close()
	for i := 0; b.Loop(); i++ {
		u.callID, u.toHead, u.cseq = fmt.Sprint("call", i), "<sip:+12025550100@h>", 0
		u.invite()
		u.answered()
		u.bye()
	}
}

// BenchmarkSpeak and BenchmarkHear are one packet of a call's sound, without the socket.
func BenchmarkSpeak(b *testing.B) {
	m := &media{c: &Carrier{}, frame: 160, on: true, to: netip.MustParseAddrPort("127.0.0.1:9"), voice: 660}
	m.talk(100 * time.Millisecond)
	out := make([]byte, 500)
	b.ReportAllocs()
	for b.Loop() {
		m.start = time.Now()
		m.n = 0
		m.speak(out, m.start)
	}
}

func BenchmarkHear(b *testing.B) {
	known := append(append([]int{}, voices[:]...), network[:]...)
	var book soundBook
	e := ear{eventPT: -1, pace: 20 * time.Millisecond, known: func() []int { return known }, rec: &recording{}}
	u := &media{ear: e}
	u.ear.laws = map[int]audio.Law{0: audio.ULaw}
	loop := book.loop(sound{a: 660}, 0)
	pkt := make([]byte, 172)
	now := time.Now()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		packet{seq: uint16(i), ts: uint32(i * 160), ssrc: 1}.header(pkt, false)
		copy(pkt[12:], loop[i%50*160:])
		u.hear(pkt, now.Add(lasting(i*160)))
	}
}
