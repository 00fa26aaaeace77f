//go:build linux

package kernel

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Processes are all that this user may see, by number.
func Processes() ([]int, error) {
	if err := Mounted(); err != nil {
		return nil, err
	}
	return numbers("/proc")
}

// Parent is the process that has started this one, or has taken it over since.
func Parent(pid int) (int, error) {
	s, err := readStat(path(pid, "stat"))
	if err != nil {
		return 0, about(pid, err)
	}
	return s.number(fieldParent), nil
}

// Children are the processes that this one has started and not reaped, by the kernel's
// lists of them for each of its threads. One that has gone has none.
func Children(pid int) (children []int, err error) {
	threads, err := threadIDs(pid)
	if errors.Is(err, ErrGone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, thread := range threads {
		text, err := readFile(taskPath(pid, thread, "children"))
		switch {
		case errors.Is(err, unix.ESRCH): // it has ended
			err = nil
		case errors.Is(err, fs.ErrNotExist):
			err = listless(pid, thread)
		}
		if err != nil {
			return nil, err
		}
		for field := range strings.FieldsSeq(string(text)) {
			if child, err := strconv.Atoi(field); err == nil {
				children = append(children, child)
			}
		}
	}
	return children, nil
}

// listless is why a thread has no list of its children: it has ended, which is no error,
// or the kernel keeps none.
func listless(pid, thread int) error {
	if _, err := os.Stat(taskPath(pid, thread, "stat")); err != nil {
		return nil
	}
	return fmt.Errorf("process %d: this kernel does not list the children of a process (CONFIG_PROC_CHILDREN)", pid)
}

// Family is a process and all below it. The process itself comes first, even if it has
// gone.
func Family(pid int) ([]int, error) {
	all := []int{pid}
	children, err := Children(pid)
	for _, child := range children {
		below, failed := Family(child)
		all, err = append(all, below...), errors.Join(err, failed)
	}
	return all, err
}
