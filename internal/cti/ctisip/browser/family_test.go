package browser

import (
	"net"
	"strings"
	"testing"
	"time"

	"ringback/internal/cti/ctitest"
)

// On [::] both families of addresses get through: the answer names both, and a page that has only one of them is heard.
func TestBothFamilies(t *testing.T) {
	d := newDoorAt(t, Config{Listen: "[::]:0", loopback: true})
	pages := map[string]*ctitest.Browser{"four": ctitest.NewBrowser(t, 600).OverIPv4(), "tcp": ctitest.NewBrowser(t, 800).OverTCP(-1)}
	want := []string{"127.0.0.1"}
	if six := globalIPv6(t); six != "" {
		want, pages["six"] = append(want, six), ctitest.NewBrowser(t, 700).OverIPv6()
	} else {
		t.Log("NOT RUN: a page over IPv6; this machine has no such address but ::1, which is no candidate")
	}
	answer, err := d.Connect(t.Context(), "both", offer(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, ip := range want {
		if !strings.Contains(answer, " udp 2130706431 "+ip+" ") {
			t.Errorf("no candidate %s in %s", ip, answer)
		}
	}
	for name, page := range pages {
		page.Connect(d.asks(name))
		d.until(name+" is up", 5*time.Second, func() bool { return d.Connected(name) })
		d.hears(name)
	}
}

// globalIPv6 is an IPv6 address of this machine that other machines may use.
func globalIPv6(t *testing.T) string {
	t.Helper()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() == nil && n.IP.IsGlobalUnicast() {
			return n.IP.String()
		}
	}
	return ""
}
