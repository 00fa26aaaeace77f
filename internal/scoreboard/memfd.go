//go:build linux

package scoreboard

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// What tells the memfds from others in /proc/PID/fd.
const (
	boardName = "prefork-scoreboard"
	rollName  = "prefork-roll"
)

// Create makes an empty board in a memfd that can be passed on to workers. The
// caller owns the file; the board stays valid after it is closed.
func Create() (*Board, *os.File, error) {
	return create(boardName, Size, Map)
}

// Map opens the board in the memfd fd, which the caller may close afterwards.
func Map(fd int) (*Board, error) {
	memory, err := mapped(fd, Size, unix.PROT_READ|unix.PROT_WRITE)
	if err != nil {
		return nil, err
	}
	return Over(memory)
}

// NewRoll makes an empty roll in a memfd, which no other process is to get. The
// caller owns the file; the roll stays valid after it is closed.
func NewRoll() (*Roll, *os.File, error) {
	return create(rollName, rollSize, OpenRoll)
}

// OpenRoll opens the roll in the memfd fd, for the master that is to write it. The
// caller may close fd afterwards.
func OpenRoll(fd int) (*Roll, error) {
	memory, err := mapped(fd, rollSize, unix.PROT_READ|unix.PROT_WRITE)
	if err != nil {
		return nil, err
	}
	return rollOver(memory, true)
}

// readRoll opens another process's roll.
func readRoll(fd int) (*Roll, error) {
	memory, err := mapped(fd, rollSize, unix.PROT_READ)
	if err != nil {
		return nil, err
	}
	return rollOver(memory, false)
}

// create makes a memfd that stays as long as it is: the mapping of a file that a
// worker has cut short would kill the master with SIGBUS at the next look.
func create[T any](name string, size int, open func(fd int) (T, error)) (made T, file *os.File, err error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return made, nil, fmt.Errorf("scoreboard: memfd_create: %w", err)
	}
	file = os.NewFile(uintptr(fd), name)
	if err = file.Truncate(int64(size)); err == nil {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL)
	}
	if err == nil {
		made, err = open(fd)
	}
	if err != nil {
		return made, nil, errors.Join(fmt.Errorf("scoreboard: %w", err), file.Close())
	}
	return made, file, nil
}

func mapped(fd, size, protection int) ([]byte, error) {
	memory, err := unix.Mmap(fd, 0, size, protection, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("scoreboard: mmap: %w", err)
	}
	return memory, nil
}
