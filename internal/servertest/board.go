//go:build linux

package servertest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"prefork/internal/scoreboard"
)

// openBoard maps the scoreboard of a running master: a memfd, or memory of the
// kernel's under steering by a program.
func openBoard(t testing.TB, pid int) *scoreboard.Board {
	t.Helper()
	links, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, link := range links {
		target, _ := os.Readlink(link)
		fd, err := strconv.Atoi(filepath.Base(link))
		if err != nil || !strings.Contains(target, "prefork-scoreboard") && !isBoardMap(pid, fd) {
			continue
		}
		own, err := copyFD(pid, fd)
		if err != nil {
			t.Fatal(err)
		}
		board, err := scoreboard.Map(own)
		if err := errors.Join(err, unix.Close(own)); err != nil {
			t.Fatal(err)
		}
		return board
	}
	t.Fatalf("process %d has no scoreboard", pid)
	return nil
}

// isBoardMap reports whether a descriptor is that of the one map with a value for
// the board's header and for every line.
func isBoardMap(pid, fd int) bool {
	const lines = 1 + scoreboard.MaxSlots*scoreboard.Seats
	info, _ := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%d", pid, fd))
	return strings.Contains(string(info), fmt.Sprintf("\nmax_entries:\t%d\n", lines))
}

// copyFD copies a descriptor out of another process; the file of a map cannot be
// opened by way of /proc.
func copyFD(pid, fd int) (int, error) {
	process, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return -1, err
	}
	defer unix.Close(process)
	own, err := unix.PidfdGetfd(process, fd, 0)
	if err != nil {
		return -1, fmt.Errorf("copy descriptor %d of process %d: %w", fd, pid, err)
	}
	return own, nil
}
