//go:build linux

package load

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// target is where to connect, as the kernel reads it.
type target struct {
	family int
	addr   [110]byte // a sockaddr_in or sockaddr_un
	length uintptr
}

func parseTarget(address string) (*target, error) {
	t := &target{}
	if strings.HasPrefix(address, "/") {
		t.family = unix.AF_UNIX
		t.length = uintptr(2 + copy(t.addr[2:109], address) + 1)
	} else {
		ap, err := netip.ParseAddrPort(address)
		if err != nil || !ap.Addr().Is4() {
			return nil, fmt.Errorf("address %q: want an IPv4 address and a port, or a path", address)
		}
		t.family = unix.AF_INET
		ip := ap.Addr().As4()
		binary.BigEndian.PutUint16(t.addr[2:], ap.Port())
		copy(t.addr[4:], ip[:])
		t.length = unix.SizeofSockaddrInet4
	}
	binary.NativeEndian.PutUint16(t.addr[:], uint16(t.family))
	return t, nil
}

// dial begins a connection without waiting for it. reset has the socket end with
// RST, which leaves no port behind in TIME_WAIT.
func (t *target) dial(reset bool) (int, syscall.Errno) {
	fd, _, errno := syscall.RawSyscall(unix.SYS_SOCKET, uintptr(t.family), unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if errno != 0 {
		return -1, errno
	}
	if reset && t.family == unix.AF_INET {
		linger := unix.Linger{Onoff: 1, Linger: 0}
		_, _, errno = syscall.RawSyscall6(unix.SYS_SETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_LINGER,
			uintptr(unsafe.Pointer(&linger)), unsafe.Sizeof(linger), 0)
	}
	if errno == 0 {
		_, _, errno = syscall.RawSyscall(unix.SYS_CONNECT, fd, uintptr(unsafe.Pointer(&t.addr)), t.length)
	}
	if errno != 0 && errno != unix.EINPROGRESS {
		_, _, _ = syscall.RawSyscall(unix.SYS_CLOSE, fd, 0, 0)
		return -1, errno
	}
	return int(fd), 0
}

// kindOf sorts an error of a connection.
func kindOf(errno syscall.Errno) string {
	switch errno {
	case unix.ECONNREFUSED, unix.ENOENT:
		return Refused
	case unix.ECONNRESET, unix.EPIPE:
		return Reset
	case unix.ETIMEDOUT:
		return Late
	}
	return Local
}
