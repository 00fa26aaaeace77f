//go:build linux

package accept

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"prefork/internal/sys"
)

// epoll waits for the listening sockets in epoll_wait, and then accepts from the one
// that it was woken for: the kernel has woken nobody else for that connection.
type epoll struct {
	listening // of the first socket
	ep        int
	events    uint32
	// rotate re-adds the socket after each accept, which puts this worker
	// behind all others in the order in which the kernel looks for one to wake.
	rotate  bool
	sockets []waitedOn
	leaving bool
}

// waitedOn is one of the sockets.
type waitedOn struct {
	fd   int
	left int  // how many more to take from it, once leaving
	gone bool // shut down by the master
}

// openEpoll asks the kernel to wake everyone: the thundering herd.
func openEpoll(fds []int, hot bool) (taker, error) { return newEpoll(fds, hot, 0, false) }

// openExclusive asks for one to be woken. The kernel walks the waiters from the
// first that was added and stops at the first it can wake, so the order is one of
// fixed priority (EPOLLEXCLUSIVE in epoll_ctl(2); __wake_up_common). One that is busy,
// or stopped, is not in epoll_wait and cannot be woken (ep_poll_callback): the kernel goes
// on to the next, and tells the busy one when it comes back.
func openExclusive(fds []int, hot bool) (taker, error) {
	return newEpoll(fds, hot, unix.EPOLLEXCLUSIVE, false)
}

func openRotate(fds []int, hot bool) (taker, error) {
	return newEpoll(fds, hot, unix.EPOLLEXCLUSIVE, true)
}

func newEpoll(fds []int, hot bool, flags uint32, rotate bool) (taker, error) {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create: %w", err)
	}
	e := &epoll{listening: listening{fd: fds[0], pace: sys.Pace{Hot: hot}}, ep: ep, events: unix.EPOLLIN | flags, rotate: rotate}
	for _, fd := range fds {
		e.sockets = append(e.sockets, waitedOn{fd: fd})
		if err := e.add(fd); err != nil {
			return nil, errors.Join(err, unix.Close(ep))
		}
	}
	return e, nil
}

func (e *epoll) add(fd int) error {
	if err := unix.EpollCtl(e.ep, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: e.events, Fd: int32(fd)}); err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	return nil
}

func (e *epoll) remove(fd int) error {
	if err := unix.EpollCtl(e.ep, unix.EPOLL_CTL_DEL, fd, nil); err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	return nil
}

func (e *epoll) take() (int, error) {
	got := unix.EpollEvent{Fd: int32(e.fd)}
	if _, errno := sys.EpollWait(&e.pace, e.ep, &got); errno != 0 {
		return -1, errno
	}
	conn, err := e.accept(int(got.Fd))
	if err == unix.EAGAIN && got.Events&unix.EPOLLHUP != 0 {
		return -1, e.forget(int(got.Fd)) // for ever empty, and ready
	}
	return conn, err
}

func (e *epoll) accept(fd int) (int, error) {
	conn, errno := sys.TryAccept(fd, 0)
	if errno == unix.EINVAL {
		return -1, e.forget(fd)
	}
	if errno != 0 {
		return -1, errno
	}
	if e.rotate {
		if err := errors.Join(e.remove(fd), e.add(fd)); err != nil {
			sys.Close(conn)
			return -1, err
		}
	}
	return conn, nil
}

// forget waits no more on a socket that the master has shut down. The error is EINVAL if
// none is left.
func (e *epoll) forget(fd int) error {
	others := false
	for i := range e.sockets {
		s := &e.sockets[i]
		s.gone = s.gone || s.fd == fd
		others = others || !s.gone
	}
	if !others {
		return unix.EINVAL
	}
	if err := e.remove(fd); err != nil {
		return err
	}
	return unix.EAGAIN
}

// try takes from the first socket that still has something to be taken.
func (e *epoll) try() (int, error) {
	for i := range e.sockets {
		for s := &e.sockets[i]; s.left > 0; {
			s.left--
			conn, err := e.accept(s.fd)
			if err == nil {
				return conn, nil
			}
			if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINVAL) {
				s.left = 0
			} else if !emptyHanded(err) {
				return -1, err
			}
		}
	}
	return -1, unix.EAGAIN
}

// depth looks once, and how much is to be taken counts for each socket by itself: what
// comes to one of them meanwhile is not to stand in for what waits at another.
func (e *epoll) depth() (received, queued int) {
	for i := range e.sockets {
		s := &e.sockets[i]
		if !e.leaving {
			s.left = sys.Queued(s.fd)
		}
		queued += s.left
	}
	e.leaving = true
	return 0, queued
}

func (e *epoll) release() error { return unix.Close(e.ep) }
