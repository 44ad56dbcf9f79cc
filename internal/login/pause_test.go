package login

import (
	"fmt"
	"testing"
	"time"
)

var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// One stranger is held back soon and longer each time; she whose name he tries is not, for long.
func TestPauses(t *testing.T) {
	var p pauses
	now := noon
	total := time.Duration(0)
	for n := range 20 {
		wait := p.begin("ann", "192.0.2.1", now)
		if n < 5 && wait != 0 {
			t.Fatalf("try %d waits %v", n, wait)
		}
		now, total = now.Add(wait), total+wait
		if wait > 0 && p.begin("ann", "192.0.2.1", now) != 0 {
			t.Fatalf("after %v it is still held back", wait)
		}
	}
	if total < time.Hour || total > 5*time.Hour {
		t.Errorf("20 tries take %v", total)
	}
	if wait := p.begin("ann", "192.0.2.2", now); wait > nameRule.longest {
		t.Errorf("ann herself waits %v", wait)
	}
}

// A hundred who come at once get no more tries than one after the other.
func TestPausesAtOnce(t *testing.T) {
	var p pauses
	free := 0
	for range 100 {
		if p.begin("ann", "192.0.2.1", noon) == 0 {
			free++
		}
	}
	if free != pairRule.free+1 {
		t.Errorf("%d tries at once", free)
	}
}

func TestPausesForget(t *testing.T) {
	var p pauses
	for range 5 {
		p.begin("ann", "192.0.2.1", noon)
	}
	p.succeeded("ann", "192.0.2.1")
	for range 5 {
		if wait := p.begin("ann", "192.0.2.1", noon); wait != 0 {
			t.Fatalf("after a success: %v", wait)
		}
	}
	if wait := p.begin("ann", "192.0.2.1", noon.Add(forgotten+time.Minute)); wait != 0 {
		t.Errorf("after an hour: %v", wait)
	}
}

// Names and addresses without end take no memory without end.
func TestPausesAreBounded(t *testing.T) {
	var p pauses
	for n := range 4 * mostPauses {
		p.begin(fmt.Sprintf("name %d", n), fmt.Sprintf("address %d", n), noon.Add(time.Duration(n)*time.Millisecond))
	}
	if len(p.on) > mostPauses+3 {
		t.Errorf("%d are remembered", len(p.on))
	}
}
