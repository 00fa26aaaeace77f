//go:build linux

package workers_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"prefork/internal/kernel"
)

func signalAll(pids []int, sig syscall.Signal) {
	for _, pid := range pids {
		_ = unix.Kill(pid, sig)
	}
}

// pending reports whether a signal waits for a paused process.
func pending(t *testing.T, pid int, sig syscall.Signal) bool {
	t.Helper()
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := strings.Cut(string(status), "\nShdPnd:")
	var set uint64
	if _, err := fmt.Sscanf(rest, "%x", &set); err != nil {
		t.Fatalf("worker %d: pending signals: %v", pid, err)
	}
	return set&(1<<(sig-1)) != 0
}

func openFiles(t *testing.T, pid int) int {
	t.Helper()
	files, err := kernel.Descriptors(pid)
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}
