//go:build linux

package kernel

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Usage is what a process has used since it began.
type Usage struct {
	CPU time.Duration // of its threads, those included that have ended
	// Switches are voluntary context switches: how often a thread has waited. Those that
	// have ended take theirs with them.
	Switches uint64
}

// Sub is what was used between two readings.
func (u Usage) Sub(before Usage) Usage {
	// Not below 0, by a thread that has ended in between.
	return Usage{CPU: max(0, u.CPU-before.CPU), Switches: u.Switches - min(u.Switches, before.Switches)}
}

// Add sums what several have used.
func (u Usage) Add(other Usage) Usage {
	return Usage{CPU: u.CPU + other.CPU, Switches: u.Switches + other.Switches}
}

// Used is what a process has used. A zombie has its processor time, and the switches of
// its first thread.
func Used(pid int) (u Usage, err error) {
	if u.CPU, err = ProcessCPU(pid); err != nil {
		return Usage{}, err
	}
	if u.Switches, err = Switches(pid); err != nil {
		return Usage{}, err
	}
	return u, nil
}

// ProcessCPU is the processor time, user and system, that all threads of a process have
// used since it began, in nanoseconds, by the kernel's clock of it
// (clock_getcpuclockid(3)). It costs one system call, needs neither /proc nor any right
// over the process, and goes on for those threads that have ended, whereas
// /proc/PID/task/TID/schedstat forgets them and /proc/PID/stat counts in ticks of 10 ms.
// What its children have used is not in it: see ReapedCPU.
func ProcessCPU(pid int) (time.Duration, error) {
	if pid <= 0 || pid > maxPID { // else it would be another clock
		return 0, fmt.Errorf("process %d: %w", pid, ErrGone)
	}
	const ofProcess, scheduler = 0 << 2, 2 // CPUCLOCK_PERTHREAD_MASK, CPUCLOCK_SCHED in linux/posix-timers.h
	clock := int32(^pid<<3 | ofProcess | scheduler)
	var now unix.Timespec
	switch err := unix.ClockGettime(clock, &now); err {
	case nil:
		return time.Duration(now.Nano()), nil
	case unix.EINVAL: // as for any number that is no clock
		return 0, fmt.Errorf("process %d: %w", pid, ErrGone)
	default:
		return 0, fmt.Errorf("process %d: its clock of processor time: %w", pid, err)
	}
}

// maxPID is PID_MAX_LIMIT in linux/threads.h.
const maxPID = 4 << 20

// tick is the unit of times in stat, 1/USER_HZ on every architecture of Go's.
const tick = 10 * time.Millisecond

// ReapedCPU is the processor time of those children of a process that have ended and
// that it has waited for, and of theirs: in whole ticks of 10 ms.
func ReapedCPU(pid int) (time.Duration, error) {
	s, err := readStat(path(pid, "stat"))
	if err != nil {
		return 0, about(pid, err)
	}
	return time.Duration(s.number(fieldCUTime)+s.number(fieldCSTime)) * tick, nil
}
