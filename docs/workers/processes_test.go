//go:build linux

package workers_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func signalAll(pids []int, sig syscall.Signal) {
	for _, pid := range pids {
		_ = unix.Kill(pid, sig)
	}
}

// paused reports whether every thread of a process has stopped. One that has
// not yet may still take a connection, and then keep it.
func paused(pid int) bool {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	for _, task := range tasks {
		if !strings.HasPrefix(field(task, "State"), "T") {
			return false
		}
	}
	return true
}

// pending reports whether a signal waits for a paused process.
func pending(t *testing.T, pid int, sig syscall.Signal) bool {
	t.Helper()
	var set uint64
	if _, err := fmt.Sscanf(field(process(pid), "ShdPnd"), "%x", &set); err != nil {
		t.Fatalf("worker %d: pending signals: %v", pid, err)
	}
	return set&(1<<(sig-1)) != 0
}

// gone reports whether a process has ended, reaped or not.
func gone(pid int) bool {
	state := field(process(pid), "State")
	return state == "" || strings.HasPrefix(state, "Z") || strings.HasPrefix(state, "X")
}

func process(pid int) string { return fmt.Sprintf("/proc/%d", pid) }

// field is a line of the status of a process or thread, "" if there is none.
func field(directory, name string) string {
	text, _ := os.ReadFile(filepath.Join(directory, "status"))
	_, rest, _ := strings.Cut("\n"+string(text), "\n"+name+":")
	value, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(value)
}

func openFiles(t *testing.T, pid int) int {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(process(pid), "fd"))
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
