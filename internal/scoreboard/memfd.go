//go:build linux

package scoreboard

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// memfdName tells the board's memfd from others.
const memfdName = "prefork-scoreboard"

// Create makes an empty board in a memfd that can be passed on to workers. The
// caller owns the file; the board stays valid after it is closed.
func Create() (*Board, *os.File, error) {
	fd, err := unix.MemfdCreate(memfdName, unix.MFD_CLOEXEC)
	if err != nil {
		return nil, nil, fmt.Errorf("scoreboard: memfd_create: %w", err)
	}
	file := os.NewFile(uintptr(fd), "scoreboard")
	if err := file.Truncate(Size); err != nil {
		_ = file.Close()
		return nil, nil, fmt.Errorf("scoreboard: %w", err)
	}
	board, err := Map(fd)
	if err != nil {
		_ = file.Close()
		return nil, nil, err
	}
	return board, file, nil
}

// Map opens the board in the memfd fd, which the caller may close afterwards.
func Map(fd int) (*Board, error) {
	memory, err := unix.Mmap(fd, 0, Size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("scoreboard: mmap: %w", err)
	}
	return Over(memory)
}
