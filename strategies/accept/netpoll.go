//go:build linux

package accept

import (
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/sys"
)

// netpoll waits as net.Listener does, in the poller of the Go runtime: edge-
// triggered epoll without EPOLLEXCLUSIVE, so that all workers wake.
type netpoll struct {
	listening
	file *os.File // a descriptor of its own, registered with the poller
	raw  syscall.RawConn
}

func openNetpoll(fd int, _ bool) (taker, error) {
	own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("copy descriptor %d: %w", fd, err)
	}
	n := &netpoll{listening: listening{fd: fd}, file: os.NewFile(uintptr(own), "listener")}
	if n.raw, err = n.file.SyscallConn(); err != nil {
		return nil, err
	}
	return n, nil
}

func (n *netpoll) take() (int, error) {
	conn, errno := -1, syscall.Errno(0)
	err := n.raw.Read(func(fd uintptr) bool {
		conn, errno = sys.TryAccept(int(fd), 0)
		return errno != unix.EAGAIN
	})
	if os.IsTimeout(err) {
		return -1, unix.EINTR // the deadline that unblock sets
	}
	if err != nil {
		return -1, fmt.Errorf("wait for a connection: %w", err)
	}
	return conn, errnoOrNil(errno)
}

func (n *netpoll) try() (int, error) {
	conn, errno := sys.TryAccept(n.fd, 0)
	return conn, errnoOrNil(errno)
}

func (n *netpoll) unblock()       { _ = n.file.SetReadDeadline(time.Unix(1, 0)) }
func (n *netpoll) release() error { return n.file.Close() }
