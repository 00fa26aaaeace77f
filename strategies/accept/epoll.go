//go:build linux

package accept

import (
	"fmt"

	"golang.org/x/sys/unix"

	"prefork/internal/sys"
)

// epoll waits for the listening socket in epoll_wait and then accepts.
type epoll struct {
	listening
	ep    int // owned
	event unix.EpollEvent
	// rotate re-adds the socket after each accept, which puts this worker
	// behind all others in the order in which the kernel looks for one to wake.
	rotate bool
}

// openEpoll asks the kernel to wake everyone: the thundering herd.
func openEpoll(fd int, hot bool) (taker, error) { return newEpoll(fd, hot, 0, false) }

// openExclusive asks for one to be woken. The kernel walks the waiters from the
// first that was added and stops at the first it can wake, so the order is one of
// fixed priority (EPOLLEXCLUSIVE in epoll_ctl(2); __wake_up_common).
func openExclusive(fd int, hot bool) (taker, error) {
	return newEpoll(fd, hot, unix.EPOLLEXCLUSIVE, false)
}

func openRotate(fd int, hot bool) (taker, error) {
	return newEpoll(fd, hot, unix.EPOLLEXCLUSIVE, true)
}

func newEpoll(fd int, hot bool, flags uint32, rotate bool) (taker, error) {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create: %w", err)
	}
	e := &epoll{listening: listening{fd: fd, pace: sys.Pace{Hot: hot}}, ep: ep, rotate: rotate}
	e.event = unix.EpollEvent{Events: unix.EPOLLIN | flags}
	if err := unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, fd, &e.event); err != nil {
		_ = unix.Close(ep)
		return nil, fmt.Errorf("epoll_ctl: %w", err)
	}
	return e, nil
}

func (e *epoll) take() (int, error) {
	var got unix.EpollEvent
	if _, errno := sys.EpollWait(&e.pace, e.ep, &got); errno != 0 {
		return -1, errno
	}
	return e.try()
}

func (e *epoll) try() (int, error) {
	conn, errno := sys.TryAccept(e.fd, 0)
	if errno != 0 {
		return -1, errno
	}
	if e.rotate {
		if err := e.goToTheEnd(); err != nil {
			sys.Close(conn)
			return -1, err
		}
	}
	return conn, nil
}

func (e *epoll) goToTheEnd() error {
	if err := unix.EpollCtl(e.ep, unix.EPOLL_CTL_DEL, e.fd, nil); err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	if err := unix.EpollCtl(e.ep, unix.EPOLL_CTL_ADD, e.fd, &e.event); err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	return nil
}

func (e *epoll) release() error { return unix.Close(e.ep) }
