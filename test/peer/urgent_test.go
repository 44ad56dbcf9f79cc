package peer_test

import (
	"os"
	"strconv"
	"syscall"
	"unsafe"
)

// urgent lets this process, and what it starts, go before ordinary ones (SCHED_RR of sched(7)): telephones do not wait
// for compilers, and what is tested is the program, not what else this machine does. False where this user may not.
// Threads that come meanwhile are caught by the second round; later ones take it over.
func urgent() bool {
	const roundRobin = 2
	priority := int32(1)
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
			_, _, e := syscall.RawSyscall(syscall.SYS_SCHED_SETSCHEDULER, uintptr(tid), roundRobin, uintptr(unsafe.Pointer(&priority)))
			if e != 0 && e != syscall.ESRCH {
				return false
			}
		}
	}
	return true
}
