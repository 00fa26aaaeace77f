//go:build linux

package sys

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// PinThread binds this thread to one of the processors that it may use, the nth
// in a ring of them, and returns what undoes that. Children inherit it.
func PinThread(n int) (undo func(), err error) {
	cpus, err := Processors()
	if err != nil {
		return nil, err
	}
	return PinThreadTo([]int{cpus[n%len(cpus)]})
}

// PinThreadTo binds this thread to some processors, and returns what undoes that. Children
// inherit it.
func PinThreadTo(cpus []int) (undo func(), err error) {
	before, err := usable(0)
	if err == nil {
		err = bind(0, cpus)
	}
	if err != nil {
		return nil, err
	}
	return func() { _ = unix.SchedSetaffinity(0, &before) }, nil
}

// Confine binds all threads of this process to some processors, and so those that it and
// they will make, and returns what undoes that.
func Confine(cpus []int) (undo func(), err error) {
	before := map[int]unix.CPUSet{}
	undo = func() {
		tids, _ := threadIDs()
		own := before[os.Getpid()]
		for _, tid := range tids {
			set, known := before[tid]
			if !known { // made since
				set = own
			}
			_ = unix.SchedSetaffinity(tid, &set)
		}
	}
	// A thread that is made meanwhile may be one's that had not been bound yet.
	for found := true; found; {
		tids, err := threadIDs()
		if err != nil {
			undo()
			return nil, err
		}
		found = false
		for _, tid := range tids {
			if _, done := before[tid]; done {
				continue
			}
			found = true
			set, err := usable(tid)
			if err == nil {
				before[tid] = set
				err = bind(tid, cpus)
			}
			if err != nil && !errors.Is(err, unix.ESRCH) {
				undo()
				return nil, err
			}
		}
	}
	return undo, nil
}

func threadIDs() (tids []int, err error) {
	entries, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return nil, fmt.Errorf("which threads there are: %w", err)
	}
	for _, entry := range entries {
		if tid, err := strconv.Atoi(entry.Name()); err == nil {
			tids = append(tids, tid)
		}
	}
	return tids, nil
}

// Processors are those that this thread may use, in their order.
func Processors() ([]int, error) { return ProcessorsOf(0) }

// ProcessorsOf are those that a thread may use, in their order; 0 is this thread.
func ProcessorsOf(tid int) ([]int, error) {
	set, err := usable(tid)
	return members(set), err
}

func bind(tid int, cpus []int) error {
	var set unix.CPUSet
	for _, cpu := range cpus {
		set.Set(cpu)
	}
	if err := unix.SchedSetaffinity(tid, &set); err != nil {
		return fmt.Errorf("bind to processors %v: %w", cpus, err)
	}
	return nil
}

func usable(tid int) (set unix.CPUSet, err error) {
	if err := unix.SchedGetaffinity(tid, &set); err != nil {
		return set, fmt.Errorf("which processors may be used: %w", err)
	}
	return set, nil
}

func members(set unix.CPUSet) (cpus []int) {
	for cpu := 0; len(cpus) < set.Count(); cpu++ {
		if set.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus
}
