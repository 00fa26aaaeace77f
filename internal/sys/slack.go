//go:build linux

package sys

import (
	"time"

	"golang.org/x/sys/unix"
)

// DefaultTimerSlack is what a thread has unless something else was set
// (init_task in the kernel).
const DefaultTimerSlack = 50 * time.Microsecond

// SetTimerSlack sets how late the kernel may wake the calling thread from timed
// waits, so that it can wake several threads at once (PR_SET_TIMERSLACK in
// prctl(2)). Threads and processes that it starts inherit the value. It returns
// the value before.
func SetTimerSlack(slack time.Duration) (before time.Duration) {
	was, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	if err != nil {
		return DefaultTimerSlack
	}
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(slack), 0, 0, 0)
	return time.Duration(was)
}
