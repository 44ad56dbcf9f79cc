package wire

import (
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// Both networks carry a packet and know a closed socket and a passed deadline.
func TestNet(t *testing.T) {
	for name, n := range map[string]Net{"real": Real{}, "simulated": NewSimulated(1)} {
		t.Run(name, func(t *testing.T) {
			a, err := n.ListenPacket("127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			b, err := n.ListenPacket("127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			if _, err := a.WriteTo([]byte("hello"), b.LocalAddr()); err != nil {
				t.Fatal(err)
			}
			buf := make([]byte, 99)
			k, from, err := b.ReadFrom(buf)
			if err != nil || string(buf[:k]) != "hello" || from.String() != a.LocalAddr().String() {
				t.Fatalf("read %q from %v, %v", buf[:k], from, err)
			}
			b.SetReadDeadline(time.Now().Add(-time.Second))
			if _, _, err := b.ReadFrom(buf); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("past its deadline: %v", err)
			}
			if _, err := n.ListenPacket(a.LocalAddr().String()); err == nil {
				t.Error("an address in use was opened twice")
			}
			a.Close()
			if _, _, err := a.ReadFrom(buf); !errors.Is(err, net.ErrClosed) {
				t.Errorf("closed: %v", err)
			}
		})
	}
}

func TestSimulatedFate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewSimulated(7)
		n.Fate = func(_, _ netip.AddrPort, p []byte, _ *rand.Rand) Fate {
			switch string(p) {
			case "lost":
				return nil
			case "twice":
				return Fate{time.Second, 2 * time.Second}
			}
			return Fate{0}
		}
		a, _ := n.ListenPacket("10.0.0.1:1")
		b, _ := n.ListenPacket("10.0.0.2:2")
		for _, p := range []string{"lost", "twice", "now"} {
			a.WriteTo([]byte(p), b.LocalAddr())
		}
		start := time.Now()
		buf := make([]byte, 9)
		for _, want := range []struct {
			p  string
			at time.Duration
		}{{"now", 0}, {"twice", time.Second}, {"twice", 2 * time.Second}} {
			k, _, err := b.ReadFrom(buf)
			if err != nil || string(buf[:k]) != want.p || time.Since(start) != want.at {
				t.Errorf("read %q after %v, %v; want %q after %v", buf[:k], time.Since(start), err, want.p, want.at)
			}
		}
	})
}
