//go:build linux

package sys

import (
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// DropCapabilities gives capabilities up for good, on every thread (with cgo, as the
// race detector needs it, on the calling one). They are dropped from the bounding set
// too, where that is permitted, so that root does not get them back by exec: then the
// capabilities would grow, and whenever they do the kernel forgets the death signal
// (commit_creds in kernel/cred.c).
func DropCapabilities(capabilities ...int) error {
	for _, c := range capabilities {
		// Who may not do this is not root, and gets nothing back.
		_ = onEveryThread(unix.SYS_PRCTL, unix.PR_CAPBSET_DROP, uintptr(c))
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var has [2]unix.CapUserData
	if err := unix.Capget(&header, &has[0]); err != nil {
		return fmt.Errorf("read capabilities: %w", err)
	}
	keeps := has
	for _, c := range capabilities {
		data, bit := &keeps[c/32], uint32(1)<<(c%32)
		data.Effective &^= bit
		data.Permitted &^= bit
		data.Inheritable &^= bit // and with it the ambient one
	}
	if keeps == has {
		return nil
	}
	if err := onEveryThread(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&keeps[0]))); err != nil {
		return fmt.Errorf("drop capabilities: %w", err)
	}
	return nil
}

// NoNewPrivileges has nothing that this process executes gain a privilege by it, on every
// thread, as DropCapabilities does.
func NoNewPrivileges() error {
	if err := onEveryThread(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1); err != nil {
		return fmt.Errorf("set no_new_privs: %w", err)
	}
	return nil
}

// onEveryThread is a system call that concerns one thread, made on all of them.
//
//go:uintptrescapes
func onEveryThread(trap, a1, a2 uintptr) error {
	_, _, errno := syscall.AllThreadsSyscall(trap, a1, a2, 0)
	if errno == unix.ENOTSUP { // with cgo
		_, _, errno = syscall.RawSyscall(trap, a1, a2, 0)
	}
	if errno != 0 {
		return errno
	}
	return nil
}
