package turn

import (
	"net"
	"net/netip"
	"testing"

	"github.com/pion/stun/v4"
)

// BenchmarkRelay is a packet of speech to us and one back.
func BenchmarkRelay(b *testing.B) {
	speech, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	defer speech.Close()
	s := &Server{c: Config{Ways: []Way{{Name: publicName, To: netip.MustParseAddrPort(speech.LocalAddr().String())}}}, keys: newKeys(),
		callers: map[*caller]struct{}{}, fresh: map[netip.Addr]int{}, held: map[string]int{}}
	came := heard{came: make(chan struct{}, 1)}
	c := newCaller(s, came, netip.MustParseAddrPort("192.0.2.1:1"))
	s.hold(c, "ann")
	if c.relay, err = openRelay(c, "ann", false); err != nil {
		b.Fatal(err)
	}
	m := stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodChannelBind, stun.ClassRequest), number(0x4000), address{stun.AttrXORPeerAddress, publicName})
	if refused := c.bind(m); refused != 0 {
		b.Fatal(refused)
	}
	packet := make([]byte, headChannel+184)
	copy(packet, []byte{0x40, 0, 0, 184})
	back := make([]byte, 2000)
	b.ReportAllocs()
	for b.Loop() {
		c.take(packet)
		n, from, err := speech.ReadFromUDPAddrPort(back)
		if err != nil {
			b.Fatal(err)
		}
		speech.WriteToUDPAddrPort(back[:n], from)
		<-came.came
	}
	c.end()
}

// heard is a connection that tells of what is written.
type heard struct {
	silent
	came chan struct{}
}

func (h heard) Write(b []byte) (int, error) { h.came <- struct{}{}; return len(b), nil }
