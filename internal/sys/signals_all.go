//go:build linux

package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// BlockSignals blocks signals in every thread that there is, and returns what undoes
// that. It is for the moment before exec: a signal that another thread would have caught
// then would be gone with that thread. A thread that is started meanwhile blocks only
// what the Go runtime lets it.
//
// In a binary built with cgo, as for the race detector, only the calling thread is
// reached.
func BlockSignals(signals ...syscall.Signal) (undo func()) {
	var set unix.Sigset_t
	for _, s := range signals {
		set.Val[(s-1)/64] |= 1 << ((s - 1) % 64)
	}
	change := func(how int) {
		_, _, errno := syscall.AllThreadsSyscall6(unix.SYS_RT_SIGPROCMASK, uintptr(how), uintptr(unsafe.Pointer(&set)), 0, sigsetSize, 0, 0)
		if errno != 0 {
			_ = unix.PthreadSigmask(how, &set, nil)
		}
	}
	change(unix.SIG_BLOCK)
	return func() { change(unix.SIG_UNBLOCK) }
}
