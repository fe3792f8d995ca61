package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// clockTick is what /proc counts processor time in: USER_HZ, which is 100 on every architecture Go runs Linux on.
const clockTick = 10 * time.Millisecond

// cpuTime is the user and system time a process has used.
func cpuTime(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	return parseStat(string(text))
}

// parseStat reads fields 14 and 15 of proc_pid_stat(5). The name, field 2, is in parentheses and may hold anything.
func parseStat(text string) (time.Duration, error) {
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/PID/stat: %q", text)
	}
	user, err := strconv.ParseInt(fields[11], 10, 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * clockTick, err
}

// residentMemory is VmRSS of a process in octets.
func residentMemory(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, ok := strings.Cut(string(text), "VmRSS:")
	fields := strings.Fields(rest)
	if !ok || len(fields) == 0 {
		return 0, fmt.Errorf("/proc/%d/status has no VmRSS", pid)
	}
	kilobytes, err := strconv.ParseInt(fields[0], 10, 64)
	return kilobytes << 10, err
}

// machine is how the whole machine's time was spent, in ticks.
type machine struct{ total, idle, steal int64 }

func machineTime() (m machine) {
	text, _ := os.ReadFile("/proc/stat")
	first, _, _ := strings.Cut(string(text), "\n")
	for i, field := range strings.Fields(first) {
		n, _ := strconv.ParseInt(field, 10, 64)
		switch i {
		case 0, 9, 10: // the name; guest time is part of user time
			continue
		case 4, 5:
			m.idle += n
		case 8:
			m.steal += n
		}
		m.total += n
	}
	return m
}

// since is the share of time that was idle and stolen after before, in per cent.
func (m machine) since(before machine) (idle, steal float64) {
	total := float64(max(1, m.total-before.total))
	return 100 * float64(m.idle-before.idle) / total, 100 * float64(m.steal-before.steal) / total
}

// pressure is how long something on the machine has waited for a core, at least one at a time, since it was booted
// (Documentation/accounting/psi.rst: "some … total" in microseconds); 0 where the kernel does not tell.
func pressure() time.Duration {
	text, _ := os.ReadFile("/proc/pressure/cpu")
	return parsePressure(string(text))
}

func parsePressure(text string) time.Duration {
	first, _, _ := strings.Cut(text, "\n")
	_, total, _ := strings.Cut(first, "total=")
	n, _ := strconv.ParseInt(strings.TrimSpace(total), 10, 64)
	return time.Duration(n) * time.Microsecond
}
