//go:build linux

package scoreboard

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Of maps the board of a running master: a memfd, or memory of the kernel's under
// steering by a program. It is good after the master's death too. Who asks must be
// allowed to trace the master, as its parent and the same user is.
func Of(pid int) (*Board, error) {
	links, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil {
		return nil, fmt.Errorf("scoreboard: %w", err)
	}
	for _, link := range links {
		target, _ := os.Readlink(link)
		fd, err := strconv.Atoi(filepath.Base(link))
		if err != nil || !strings.Contains(target, memfdName) && !isMap(pid, fd) {
			continue
		}
		own, err := copyFD(pid, fd)
		if err != nil {
			return nil, err
		}
		board, err := Map(own)
		return board, errors.Join(err, unix.Close(own))
	}
	return nil, fmt.Errorf("process %d has no scoreboard: it is no prefork", pid)
}

// isMap reports whether a descriptor is that of the one map with a value for the
// board's header and for every line.
func isMap(pid, fd int) bool {
	const lines = 1 + MaxSlots*Seats
	info, _ := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%d", pid, fd))
	return strings.Contains(string(info), fmt.Sprintf("\nmax_entries:\t%d\n", lines))
}

// copyFD copies a descriptor out of another process; the file of a map cannot be
// opened by way of /proc.
func copyFD(pid, fd int) (int, error) {
	process, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return -1, fmt.Errorf("scoreboard: process %d: %w", pid, err)
	}
	defer unix.Close(process)
	own, err := unix.PidfdGetfd(process, fd, 0)
	if err != nil {
		return -1, fmt.Errorf("scoreboard: copy descriptor %d of process %d: %w", fd, pid, err)
	}
	return own, nil
}
