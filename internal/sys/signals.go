//go:build linux

package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// UnblockSignals lets the calling thread have all signals. A master runs with some
// blocked, since it reads them from a descriptor, and a child's first thread begins
// with the mask of the thread that started it. Programs that this thread becomes by
// exec keep its mask.
func UnblockSignals() {
	var none unix.Sigset_t
	_, _, _ = syscall.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, uintptr(unsafe.Pointer(&none)), 0, sigsetSize, 0, 0)
}

// SignalSet is a set of signals, as the kernel takes it.
func SignalSet(signals ...syscall.Signal) (set unix.Sigset_t) {
	for _, s := range signals {
		set.Val[(s-1)/64] |= 1 << ((s - 1) % 64)
	}
	return set
}

// BlockSignals blocks signals in every thread that there is, and returns what undoes
// that. It is for the moment before exec: a signal that another thread would have caught
// then would be gone with that thread. A thread that is started meanwhile blocks only
// what the Go runtime lets it.
//
// In a binary built with cgo, as for the race detector, only the calling thread is
// reached.
func BlockSignals(signals ...syscall.Signal) (undo func()) {
	set := SignalSet(signals...)
	change := func(how int) {
		_, _, errno := syscall.AllThreadsSyscall6(unix.SYS_RT_SIGPROCMASK, uintptr(how), uintptr(unsafe.Pointer(&set)), 0, sigsetSize, 0, 0)
		if errno != 0 {
			_ = unix.PthreadSigmask(how, &set, nil)
		}
	}
	change(unix.SIG_BLOCK)
	return func() { change(unix.SIG_UNBLOCK) }
}
