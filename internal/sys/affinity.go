//go:build linux

package sys

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// PinThread binds this thread to one of the processors that it may use, the nth
// in a ring of them, and returns what undoes that. Children inherit it.
func PinThread(n int) (undo func(), err error) {
	allowed, err := usable()
	if err != nil {
		return nil, err
	}
	cpus := members(allowed)
	var one unix.CPUSet
	one.Set(cpus[n%len(cpus)])
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return nil, fmt.Errorf("bind to a processor: %w", err)
	}
	return func() { _ = unix.SchedSetaffinity(0, &allowed) }, nil
}

// Processors are those that this thread may use, in their order.
func Processors() ([]int, error) {
	set, err := usable()
	return members(set), err
}

func usable() (set unix.CPUSet, err error) {
	if err := unix.SchedGetaffinity(0, &set); err != nil {
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
