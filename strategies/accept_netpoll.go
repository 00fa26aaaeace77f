//go:build linux

package strategies

import (
	"fmt"
	"net"
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
	listener deadliner
	raw      syscall.RawConn
}

type deadliner interface {
	net.Listener
	syscall.Conn
	SetDeadline(time.Time) error
}

func openNetpoll(fd int, _ bool) (Source, error) {
	// FileListener works on a copy. The file it is given is in the poller too
	// for as long as it is open, so that must be a copy as well, closed at once.
	own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("copy descriptor %d: %w", fd, err)
	}
	file := os.NewFile(uintptr(own), "listener")
	l, err := net.FileListener(file)
	_ = file.Close()
	if err != nil {
		return nil, fmt.Errorf("listen on descriptor %d: %w", fd, err)
	}
	n := &netpoll{listening: listening{fd: fd}, listener: l.(deadliner)}
	if n.raw, err = n.listener.SyscallConn(); err != nil {
		return nil, err
	}
	return newSource(n), nil
}

func (n *netpoll) take() (int, error) {
	conn, errno := -1, syscall.Errno(0)
	err := n.raw.Read(func(fd uintptr) bool {
		conn, errno = sys.TryAccept(int(fd), 0)
		return errno != unix.EAGAIN
	})
	if err != nil {
		return -1, unix.EINTR // the deadline that unblock sets
	}
	return conn, errnoOrNil(errno)
}

func (n *netpoll) try() (int, error) {
	conn, errno := sys.TryAccept(n.fd, 0)
	return conn, errnoOrNil(errno)
}

func (n *netpoll) unblock()       { _ = n.listener.SetDeadline(time.Unix(1, 0)) }
func (n *netpoll) release() error { return n.listener.Close() }
