package proc

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestReading(t *testing.T) {
	if got := cpuOf("12 (a ) b) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0"); got != 3*time.Second {
		t.Errorf("processor time %v", got)
	}
	if got := cpuOf("nonsense"); got != 0 {
		t.Errorf("of nonsense: %v", got)
	}
	// user nice system idle iowait irq softirq steal guest
	if got := busyOf("cpu  100 100 100 99999 99999 100 50 50 7 0\ncpu0 1\n"); got != 5*time.Second {
		t.Errorf("busy %v", got)
	}
	if got := kB("Rss:            1234 kB\nPss:             567 kB\n", "Pss:"); got != 567 {
		t.Errorf("%d kB", got)
	}
}

// This very process takes processor time and memory.
func TestThisProcess(t *testing.T) {
	m := MemoryOf(os.Getpid())
	if m.RSS < 1000 || m.PSS < 1000 || m.PSS > m.RSS {
		t.Errorf("%+v", m)
	}
	if Busy() < time.Second {
		t.Error("this machine has never done anything")
	}
	if !strings.Contains(Machine(), "cores") {
		t.Error(Machine())
	}
	for end := time.Now().Add(10 * time.Second); CPU(os.Getpid()) == 0; {
		if time.Now().After(end) {
			t.Fatal("ten seconds of work took no processor time")
		}
	}
	if f := Family(os.Getppid()); !slices.Contains(f, os.Getpid()) || Family(-1) != nil {
		t.Errorf("the family of %d without its child %d: %v", os.Getppid(), os.Getpid(), f)
	}
	if CPU(-1) != 0 || MemoryOf(-1) != (Memory{}) {
		t.Error("a process that is not there takes something")
	}
}
