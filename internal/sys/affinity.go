//go:build linux

package sys

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// PinThread binds this thread to one of the processors that it may use, the nth
// in a ring of them, and returns what undoes that. Children inherit it.
func PinThread(n int) (undo func(), err error) {
	var allowed, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		return nil, fmt.Errorf("which processors may be used: %w", err)
	}
	one.Set(nth(allowed, n%allowed.Count()))
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return nil, fmt.Errorf("bind to a processor: %w", err)
	}
	return func() { _ = unix.SchedSetaffinity(0, &allowed) }, nil
}

// nth is the processor before which there are n in the set.
func nth(set unix.CPUSet, n int) int {
	for cpu := 0; ; cpu++ {
		if !set.IsSet(cpu) {
			continue
		}
		if n == 0 {
			return cpu
		}
		n--
	}
}
