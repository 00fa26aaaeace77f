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
