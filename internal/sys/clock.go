//go:build linux

package sys

import (
	"time"

	"golang.org/x/sys/unix"
)

// Monotonic is CLOCK_MONOTONIC: the same for all processes, and for programs in the
// kernel (bpf_ktime_get_ns), from some moment in the past.
func Monotonic() time.Duration {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) // which exists
	return time.Duration(now.Nano())
}
