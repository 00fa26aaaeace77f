//go:build linux

package kernel

import (
	"errors"
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
)

// State is the letter that the kernel has for what a process does: T if it is stopped, Z
// if it is dead and nobody has asked yet; the others are in proc_pid_stat(5). One that
// is not there is ErrGone.
func State(pid int) (byte, error) {
	s, err := readStat(path(pid, "stat"))
	if err != nil {
		return 0, about(pid, err)
	}
	return s.state(), nil
}

// Gone reports whether a process has ended, reaped or not. It is false where that cannot
// be known.
func Gone(pid int) bool {
	state, err := State(pid)
	return errors.Is(err, ErrGone) || state == 'Z' || state == 'X'
}

// Stopped reports whether no thread of a process can run, as after SIGSTOP.
func Stopped(pid int) bool {
	threads, err := threadIDs(pid)
	for _, thread := range threads {
		if s, err := readStat(taskPath(pid, thread, "stat")); err == nil && s.state() != 'T' {
			return false
		}
	}
	return err == nil
}

// Ignores reports whether a process ignores a signal. One that ignores SIGCHLD waits for
// none of its children.
func Ignores(pid int, signal unix.Signal) (bool, error) {
	text, err := readFile(path(pid, "status"))
	if err != nil {
		return false, about(pid, err)
	}
	ignored, err := strconv.ParseUint(field(text, "SigIgn"), 16, 64)
	if err != nil {
		return false, fmt.Errorf("process %d: signals that it ignores: %w", pid, err)
	}
	return ignored&(1<<(signal-1)) != 0, nil
}
