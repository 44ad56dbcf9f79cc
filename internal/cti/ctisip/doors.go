package ctisip

import (
	"net/netip"
	"sync"
)

// doors are the sources whose messages are let in: trunks always, a registered telephone while it is, a dialled one for
// the life of its call.
type doors struct {
	mu     sync.RWMutex
	phones map[netip.Addr]int
	trunks map[netip.Addr]bool
	nets   []netip.Prefix
	calls  map[netip.Addr]int
}

// Allow says whether a message from a is let in.
func (d *doors) Allow(a netip.Addr) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.trunks[a] || d.phones[a] > 0 || d.calls[a] > 0 {
		return true
	}
	for _, n := range d.nets {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// set replaces the trunks' sources.
func (d *doors) set(trunks map[netip.Addr]bool, nets []netip.Prefix) {
	d.mu.Lock()
	d.trunks, d.nets = trunks, nets
	d.mu.Unlock()
}

// open lets in a for a call; each open has its close.
func (d *doors) open(a netip.Addr) {
	d.mu.Lock()
	if d.calls == nil {
		d.calls = map[netip.Addr]int{}
	}
	d.calls[a]++
	d.mu.Unlock()
}

func (d *doors) close(a netip.Addr) {
	d.mu.Lock()
	if d.calls[a]--; d.calls[a] <= 0 {
		delete(d.calls, a)
	}
	d.mu.Unlock()
}

// registered opens or shuts the door for one telephone at a.
func (d *doors) registered(a netip.Addr, on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.phones == nil {
		d.phones = map[netip.Addr]int{}
	}
	if on {
		d.phones[a]++
	} else if d.phones[a]--; d.phones[a] <= 0 {
		delete(d.phones, a)
	}
}
