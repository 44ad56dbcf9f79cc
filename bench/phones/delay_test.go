package phones

import (
	"net"
	"net/netip"
	"testing"
	"time"
)

func TestDelays(t *testing.T) {
	var d Delays
	if d.Quantile(.99) != 0 {
		t.Error("nothing has a delay")
	}
	for i := range 99 {
		d.Add(time.Duration(i+1) * 100 * time.Microsecond)
	}
	d.Add(time.Second)
	for p, want := range map[float64]time.Duration{.5: 5010 * time.Microsecond, .99: 9910 * time.Microsecond, 1: time.Second} {
		if got := d.Quantile(p); got != want {
			t.Errorf("%g of them: %v, want %v", p, got, want)
		}
	}
	d.Reset()
	if d.Quantile(1) != 0 {
		t.Error("it was not begun anew")
	}
}

func addrPort(a net.Addr) netip.AddrPort { return a.(*net.UDPAddr).AddrPort() }

// Two telephones that send to each other hear all of it.
func TestConnect(t *testing.T) {
	p, err := New(Options{Media: true})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	v, a := p.phone[visitor].rtp.LocalAddr(), p.phone[agent].rtp.LocalAddr()
	p.Connect(p.NewCall(), addrPort(a), addrPort(v))
	end := time.NewTimer(10 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if got := p.Since(); got.Heard >= 20 && got.Sent >= 20 {
			return
		}
		select {
		case <-tick.C:
		case <-end.C:
			t.Fatalf("after 10 s: %+v", p.Since())
		}
	}
}
