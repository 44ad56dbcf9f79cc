// Package proc reads what processes take of this machine, from /proc.
package proc

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// ticks a second, of the times in /proc/PID/stat: USER_HZ, 100 on every Linux.
const ticks = 100

// CPU is the processor time that a process has taken; 0 when it is gone.
func CPU(pid int) time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	return cpuOf(string(b))
}

// cpuOf adds user and system time, the 14th and 15th field; the name before them may hold anything.
func cpuOf(stat string) time.Duration {
	_, rest, ok := strings.Cut(stat[max(0, strings.LastIndexByte(stat, ')')):], " ")
	f := strings.Fields(rest)
	if !ok || len(f) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(f[11], 10, 64)
	system, _ := strconv.ParseInt(f[12], 10, 64)
	return time.Duration(user+system) * time.Second / ticks
}

// Family is a process and its children; none when it is gone.
func Family(pid int) []int {
	if _, err := os.Stat(fmt.Sprintf("/proc/%d", pid)); pid <= 0 || err != nil {
		return nil
	}
	all := []int{pid}
	dirs, err := os.ReadDir("/proc")
	if err != nil {
		return all
	}
	for _, d := range dirs {
		n, err := strconv.Atoi(d.Name())
		if err != nil {
			continue
		}
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", n))
		if err == nil && parentOf(string(b)) == pid {
			all = append(all, n)
		}
	}
	return all
}

// parentOf is the 4th field.
func parentOf(stat string) int {
	f := strings.Fields(stat[max(0, strings.LastIndexByte(stat, ')')):])
	if len(f) < 3 {
		return 0
	}
	n, _ := strconv.Atoi(f[2])
	return n
}

// Busy is the processor time that everything on this machine has taken.
func Busy() time.Duration {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	return busyOf(string(b))
}

// busyOf adds the first line's fields but idle and iowait; guest time is in user time already.
func busyOf(stat string) time.Duration {
	line, _, _ := strings.Cut(stat, "\n")
	f := strings.Fields(line)
	if len(f) < 9 {
		return 0
	}
	var sum int64
	for i, v := range f[1:9] {
		if i == 3 || i == 4 {
			continue
		}
		n, _ := strconv.ParseInt(v, 10, 64)
		sum += n
	}
	return time.Duration(sum) * time.Second / ticks
}

// Memory is what a process holds in memory: resident, and proportional (shared pages divided), in kB.
type Memory struct{ RSS, PSS int }

// MemoryOf reads it; zero when the process is gone.
func MemoryOf(pid int) Memory {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return Memory{}
	}
	return Memory{RSS: kB(string(b), "Rss:"), PSS: kB(string(b), "Pss:")}
}

func kB(text, name string) int {
	for line := range strings.SplitSeq(text, "\n") {
		if rest, ok := strings.CutPrefix(line, name); ok {
			n, _ := strconv.Atoi(strings.Fields(rest + " 0")[0])
			return n
		}
	}
	return 0
}

// Machine describes this one in a line.
func Machine() string {
	model := "unknown processor"
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.SplitSeq(string(b), "\n") {
			if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == "model name" {
				model = strings.TrimSpace(v)
				break
			}
		}
	}
	kernel := "?"
	if b, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		kernel = strings.TrimSpace(string(b))
	}
	memory := 0
	if b, err := os.ReadFile("/proc/meminfo"); err == nil {
		memory = kB(string(b), "MemTotal:") >> 20
	}
	return fmt.Sprintf("%s, %d cores, %d GB, Linux %s, %s", model, runtime.NumCPU(), memory, kernel, runtime.Version())
}
