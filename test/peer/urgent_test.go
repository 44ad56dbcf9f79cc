package peer_test

import (
	"os"
	"strconv"
	"syscall"
	"testing"
	"unsafe"
)

// Scheduling policies of Linux (sched(7)).
const (
	ordinaryPolicy = 0 // SCHED_OTHER
	urgentPolicy   = 2 // SCHED_RR
)

// urgent lets this process, and what it starts from now on, go before ordinary ones until the test ends: telephones do
// not wait for compilers, and what is measured is the program, not what else this machine does. Where this user may not,
// it stays as it is.
func urgent(t *testing.T) {
	if !schedule(urgentPolicy, 1) {
		t.Log("not root: measured with ordinary priority")
		return
	}
	t.Cleanup(func() { schedule(ordinaryPolicy, 0) })
}

// schedule sets the policy of every thread; new ones take it over. Threads that come and go meanwhile are caught by the
// second round.
func schedule(policy, priority int32) (all bool) {
	for range 2 {
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return false
		}
		for _, thread := range threads {
			tid, err := strconv.Atoi(thread.Name())
			if err != nil {
				continue
			}
			_, _, e := syscall.RawSyscall(syscall.SYS_SCHED_SETSCHEDULER, uintptr(tid), uintptr(policy), uintptr(unsafe.Pointer(&priority)))
			if e != 0 && e != syscall.ESRCH {
				return false
			}
		}
	}
	return true
}
