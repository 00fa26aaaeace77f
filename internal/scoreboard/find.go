//go:build linux

package scoreboard

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Of maps the board and the roll of a running master. The board is a memfd, or
// memory of the kernel's under steering by a program. Both are good after the
// master's death too. Who asks must be allowed to trace the master, as its parent
// and the same user is.
func Of(pid int) (Scores, error) {
	dir := fmt.Sprintf("/proc/%d/fd/", pid)
	links, err := os.ReadDir(dir)
	if err != nil {
		return Scores{}, fmt.Errorf("scoreboard: %w", err)
	}
	var found Scores
	for _, link := range links {
		target, _ := os.Readlink(dir + link.Name())
		fd, err := strconv.Atoi(link.Name())
		switch {
		case err != nil:
		case found.Roll == nil && strings.Contains(target, rollName):
			found.Roll, err = take(pid, fd, readRoll)
		case found.Board == nil && (strings.Contains(target, boardName) || isMap(pid, fd)):
			found.Board, err = take(pid, fd, Map)
		}
		if err != nil {
			return Scores{}, err
		}
	}
	if found.Board == nil || found.Roll == nil {
		return Scores{}, fmt.Errorf("process %d has no scoreboard: it is no prefork of this version", pid)
	}
	return found, nil
}

// isMap reports whether a descriptor is that of the one map with a value for the
// board's header and for every line.
func isMap(pid, fd int) bool {
	const lines = 1 + MaxSlots*Seats
	info, _ := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%d", pid, fd))
	return strings.Contains(string(info), fmt.Sprintf("\nmax_entries:\t%d\n", lines))
}

// take opens what is behind another process's descriptor. The file of a map cannot
// be opened by way of /proc, so the descriptor is copied.
func take[T any](pid, fd int, open func(fd int) (T, error)) (taken T, err error) {
	process, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return taken, fmt.Errorf("scoreboard: process %d: %w", pid, err)
	}
	defer unix.Close(process)
	own, err := unix.PidfdGetfd(process, fd, 0)
	if err != nil {
		return taken, fmt.Errorf("scoreboard: copy descriptor %d of process %d: %w", fd, pid, err)
	}
	taken, err = open(own)
	return taken, errors.Join(err, unix.Close(own))
}
