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
	if err != nil {
		return nil, err
	}
	want := setOf(cpus)
	if err := unix.SchedSetaffinity(0, &want); err != nil {
		return nil, fmt.Errorf("bind to processors %v: %w", cpus, err)
	}
	return func() { _ = unix.SchedSetaffinity(0, &before) }, nil
}

// Confine binds all threads of this process to some processors, and so those that it and
// they will make, and returns what undoes that.
func Confine(cpus []int) (undo func(), err error) {
	own, err := usable(os.Getpid())
	if err != nil {
		return nil, err
	}
	before, want := map[int]unix.CPUSet{}, setOf(cpus)
	undo = func() {
		_ = bindAll(func(tid int) unix.CPUSet {
			if set, known := before[tid]; known {
				return set
			}
			return own // of one that was made since
		})
	}
	err = bindAll(func(tid int) unix.CPUSet {
		if _, known := before[tid]; !known {
			if set, err := usable(tid); err == nil {
				before[tid] = set
			}
		}
		return want
	})
	if err != nil {
		undo()
		return nil, err
	}
	return undo, nil
}

// mostPasses ends what would never: the kernel gives a thread fewer processors than it is told
// where a cpuset has become smaller.
const mostPasses = 50

// bindAll binds each thread of this process to the processors that it should have. A thread
// may be made meanwhile by one that had not been bound yet, so it looks until it has twice
// found nothing to do.
func bindAll(should func(tid int) unix.CPUSet) error {
	for idle, passes := 0, 0; idle < 2 && passes < mostPasses; idle, passes = idle+1, passes+1 {
		tids, err := threadIDs()
		if err != nil {
			return err
		}
		for _, tid := range tids {
			want := should(tid)
			if is, err := usable(tid); err != nil || is == want {
				continue // it has ended, or is where it should be
			}
			if err := unix.SchedSetaffinity(tid, &want); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("bind to processors %v: %w", members(want), err)
			}
			idle = -1
		}
	}
	return nil
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

func setOf(cpus []int) (set unix.CPUSet) {
	for _, cpu := range cpus {
		set.Set(cpu)
	}
	return set
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
