package ctisip

import (
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"

	"ringback/internal/cti"
	"ringback/internal/wire"
)

// six is a switch with both families; its IPv6 address is ours6.
func six(t *testing.T, ours6, public6 string, f func(b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, wire.NewSimulated(1))
		b.simulated()
		b.with = func(c *Config) {
			c.RTPOther, c.PublicIP6 = netip.MustParseAddr(ours6), public6
		}
		b.start("udp://"+ours, "udp://["+ours6+"]:5060")
		defer b.stop()
		f(b)
	})
}

// A trunk of each family: the description is of the family of the trunk, also after the call went over to the other one.
func TestFamilies(t *testing.T) {
	six(t, "2001:db8::1", "", func(b *bench) {
		far6 := b.far("[2001:db8::2]:5060", func(f *far, m *msg) {
			if m.method == "INVITE" {
				f.reply(m, 503, "")
			}
		})
		far4 := b.far(trunkAddr, picksUp(0, 0))
		first := trunk("a", "[2001:db8::2]:5060")
		second := trunk("b", trunkAddr)
		second.Priority = 2
		b.trunks(first, second)
		b.call(order("v"))
		b.await("v", cti.LegConfirmed)
		for f, want := range map[*far]string{far6: "c=IN IP6 2001:db8::1\r\n", far4: "c=IN IP4 10.0.0.1\r\n"} {
			m := f.wait("INVITE", 1)
			if !strings.Contains(m.body, want) || strings.Count(m.body, "IN IP") != 2 {
				t.Errorf("want %q in:\n%s", want, m.body)
			}
			if via := m.header("Via"); strings.Contains(via, "[2001:db8::1]:5060") != (f == far6) {
				t.Errorf("via %s", via)
			}
		}
	})
}

// A unique local address of ours is told within our network only; outside it is the public one, and without one nobody is
// called.
func TestLocalAddressesStayLocal(t *testing.T) {
	for _, c := range []struct{ far, public, want string }{
		{"fd00::2", "", "c=IN IP6 fd00::1\r\n"},
		{"2001:db8::2", "", ""},
		{"2001:db8::2", "2001:db8::7", "c=IN IP6 2001:db8::7\r\n"},
	} {
		six(t, "fd00::1", c.public, func(b *bench) {
			f := b.far("["+c.far+"]:5060", picksUp(0, 0))
			b.trunks(trunk("a", "["+c.far+"]:5060"))
			b.call(order("v"))
			if c.want == "" {
				b.await("v", cti.LegEnded)
				if n := len(f.count("INVITE")); n > 0 {
					t.Errorf("%s was called %d times", c.far, n)
				}
				return
			}
			b.await("v", cti.LegConfirmed)
			if m := f.wait("INVITE", 1); !strings.Contains(m.body, c.want) {
				t.Errorf("to %s, want %q in:\n%s", c.far, c.want, m.body)
			}
		})
	}
}
