//go:build linux

package sys

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// Transient reports whether an error is that of one connection, which accept reports
// in its place; accept(2) says to treat it like EAGAIN.
func Transient(errno syscall.Errno) bool {
	switch errno {
	case unix.ECONNABORTED, unix.ENETDOWN, unix.EPROTO, unix.ENOPROTOOPT, unix.EHOSTDOWN,
		unix.ENONET, unix.EHOSTUNREACH, unix.EOPNOTSUPP, unix.ENETUNREACH, unix.EPERM:
		return true
	}
	return false
}

// Exhausted reports whether an error goes away when something else is given back:
// descriptors or memory.
func Exhausted(errno syscall.Errno) bool {
	switch errno {
	case unix.EMFILE, unix.ENFILE, unix.ENOBUFS, unix.ENOMEM:
		return true
	}
	return false
}
