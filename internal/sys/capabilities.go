//go:build linux

package sys

import (
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// DropCapabilities gives capabilities up for good, on every thread. A program that
// root runs in its place gets root's again.
func DropCapabilities(capabilities ...int) error {
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
	_, _, errno := syscall.AllThreadsSyscall(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&keeps[0])), 0)
	err := error(errno)
	switch errno {
	case 0:
		return nil
	case unix.ENOTSUP: // with cgo, as the race detector needs it: then on this thread
		if err = unix.Capset(&header, &keeps[0]); err == nil {
			return nil
		}
	}
	return fmt.Errorf("drop capabilities: %w", err)
}
