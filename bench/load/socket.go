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

// target is where to connect, as the kernel reads it, and from where.
type target struct {
	family int
	addr   [110]byte // a sockaddr_in, sockaddr_in6 or sockaddr_un
	length uintptr
	reset  bool // sockets end with RST, which leaves no port behind in TIME_WAIT

	sources uint32 // 0: the kernel chooses
	source  uint32 // counts connections
	from    [unix.SizeofSockaddrInet4]byte
}

func parseTarget(o Order) (*target, error) {
	t := &target{}
	if strings.HasPrefix(o.Address, "/") {
		t.family = unix.AF_UNIX
		t.length = uintptr(2 + copy(t.addr[2:109], o.Address) + 1)
	} else {
		ap, err := netip.ParseAddrPort(o.Address)
		if err != nil || ap.Addr().Zone() != "" {
			return nil, fmt.Errorf("address %q: want an IP address without a zone and a port, or a path", o.Address)
		}
		t.internet(ap)
		t.reset = !o.FIN
		if ap.Addr().Is4() && ap.Addr().IsLoopback() {
			t.sources = uint32(o.Sources)
		}
	}
	binary.NativeEndian.PutUint16(t.addr[:], uint16(t.family))
	binary.NativeEndian.PutUint16(t.from[:], uint16(t.family))
	return t, nil
}

// internet is an address as struct sockaddr_in or sockaddr_in6 has it.
func (t *target) internet(ap netip.AddrPort) {
	binary.BigEndian.PutUint16(t.addr[2:], ap.Port())
	if ap.Addr().Is4() {
		ip := ap.Addr().As4()
		copy(t.addr[4:], ip[:])
		t.family, t.length = unix.AF_INET, unix.SizeofSockaddrInet4
		return
	}
	ip := ap.Addr().As16()
	copy(t.addr[8:], ip[:])
	t.family, t.length = unix.AF_INET6, unix.SizeofSockaddrInet6
}

// dial begins a connection without waiting for it. The caller owns the socket.
func (t *target) dial() (int, syscall.Errno) {
	fd, _, errno := syscall.RawSyscall(unix.SYS_SOCKET, uintptr(t.family), unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if errno != 0 {
		return -1, errno
	}
	if t.reset {
		linger := unix.Linger{Onoff: 1, Linger: 0}
		_, _, errno = syscall.RawSyscall6(unix.SYS_SETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_LINGER,
			uintptr(unsafe.Pointer(&linger)), unsafe.Sizeof(linger), 0)
	}
	if errno == 0 && t.sources > 0 {
		errno = t.bind(fd)
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

// bind takes the next source. The port is left to connect, which alone knows that
// one can be used again for another destination.
func (t *target) bind(fd uintptr) syscall.Errno {
	const loopback = 127<<24 + 1
	on := int32(1)
	_, _, errno := syscall.RawSyscall6(unix.SYS_SETSOCKOPT, fd, unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT,
		uintptr(unsafe.Pointer(&on)), unsafe.Sizeof(on), 0)
	if errno != 0 {
		return errno
	}
	t.source++
	binary.BigEndian.PutUint32(t.from[4:], loopback+t.source%t.sources)
	_, _, errno = syscall.RawSyscall(unix.SYS_BIND, fd, uintptr(unsafe.Pointer(&t.from)), uintptr(len(t.from)))
	return errno
}

// socketError takes the error that a socket has met.
func socketError(fd int32) syscall.Errno {
	code, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		return unix.EBADF
	}
	return syscall.Errno(code)
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
