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
	listening      // of the first socket
	ep        int  // where it waits
	own       bool // ep is its own
	watching  bool
	events    uint32
	// rotate re-adds the socket after each accept, which puts this worker
	// behind all others in the order in which the kernel looks for one to wake.
	rotate  bool
	sockets []waitedOn
	next    int // where poll begins to look: sockets have their turn
	leaving bool
}

// waitedOn is one of the sockets.
type waitedOn struct {
	fd   int
	told bool // ep has told of it, and it has not been found empty since
	shut bool // so has it that the master has shut it down: what is there is all
	left int  // how many more to take from it, once leaving
	owed int  // and how many of them even if the rest is left to others
	gone bool // shut down by the master
}

// What a socket is registered with.
const (
	// herd asks the kernel to wake everyone: the thundering herd.
	herd = unix.EPOLLIN
	// exclusive asks for one to be woken. The kernel walks the waiters from the
	// first that was added and stops at the first it can wake, so the order is one of
	// fixed priority (EPOLLEXCLUSIVE in epoll_ctl(2); __wake_up_common). One that is busy,
	// or stopped, is not in epoll_wait and cannot be woken (ep_poll_callback): the kernel
	// goes on to the next, and tells the busy one when it comes back.
	exclusive = unix.EPOLLIN | unix.EPOLLEXCLUSIVE
	// asNetpoll is what the Go runtime's poller asks for (netpollopen in
	// runtime/netpoll_epoll.go): everyone, and once.
	asNetpoll = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | edge
	edge      = unix.EPOLLET & 0xffffffff
)

func openEpoll(fds []int, hot bool) (taker, error)     { return openOwn(pollEpoll(fds), hot) }
func openExclusive(fds []int, hot bool) (taker, error) { return openOwn(pollExclusive(fds), hot) }
func openRotate(fds []int, hot bool) (taker, error)    { return openOwn(pollRotate(fds), hot) }

func pollEpoll(fds []int) *epoll     { return newEpoll(fds, herd, false) }
func pollExclusive(fds []int) *epoll { return newEpoll(fds, exclusive, false) }
func pollRotate(fds []int) *epoll    { return newEpoll(fds, exclusive, true) }
func pollNetpoll(fds []int) *epoll   { return newEpoll(fds, asNetpoll, false) }

func newEpoll(fds []int, events uint32, rotate bool) *epoll {
	e := &epoll{listening: listening{fd: fds[0]}, events: events, rotate: rotate}
	for _, fd := range fds {
		e.sockets = append(e.sockets, waitedOn{fd: fd})
	}
	return e
}

// openOwn has it wait in an epoll of its own.
func openOwn(e *epoll, hot bool) (taker, error) {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create: %w", err)
	}
	e.own, e.pace.Hot = true, hot
	if err := e.watch(ep); err != nil {
		return nil, errors.Join(err, unix.Close(ep))
	}
	return e, nil
}

func (e *epoll) watch(ep int) error {
	e.ep, e.watching = ep, true
	return e.each(e.add)
}

func (e *epoll) unwatch(bool) error {
	e.watching = false
	return e.each(e.remove)
}

// each does something to each socket that has not gone.
func (e *epoll) each(do func(fd int) error) error {
	for _, s := range e.sockets {
		if s.gone {
			continue
		}
		if err := do(s.fd); err != nil {
			return err
		}
	}
	return nil
}

func (e *epoll) add(fd int) error    { return watch(e.ep, fd, e.events) }
func (e *epoll) remove(fd int) error { return unwatch(e.ep, fd) }

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
	if e.rotate && e.watching {
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
	if e.watching {
		if err := e.remove(fd); err != nil {
			return err
		}
	}
	return unix.EAGAIN
}

func (e *epoll) tell(fd int, events uint32) {
	for i := range e.sockets {
		if s := &e.sockets[i]; s.fd == fd {
			s.told, s.shut = true, events&unix.EPOLLHUP != 0
		}
	}
}

// poll takes from a socket of which the epoll has told. Of what is left there it will
// tell again, unless it was asked to tell once.
func (e *epoll) poll() (conn int, more bool, err error) {
	for i := range e.sockets {
		at := (e.next + i) % len(e.sockets)
		s := &e.sockets[at]
		if !s.told || s.gone {
			continue
		}
		conn, err := e.accept(s.fd)
		if err == unix.EAGAIN && s.shut {
			err = e.forget(s.fd)
		}
		if s.told = err != unix.EAGAIN; s.told {
			e.next = at + 1
			return conn, e.events&edge != 0, err
		}
	}
	return -1, false, unix.EAGAIN
}

// try takes what is owed first, and then from the first socket that still has something to
// be taken.
func (e *epoll) try() (int, error) {
	conn, err := e.tryWhere(func(s *waitedOn) bool { return s.owed > 0 })
	if err == unix.EAGAIN {
		conn, err = e.tryWhere(func(s *waitedOn) bool { return s.left > 0 })
	}
	return conn, err
}

func (e *epoll) tryWhere(due func(*waitedOn) bool) (int, error) {
	for i := range e.sockets {
		for s := &e.sockets[i]; due(s); {
			s.left--
			s.owed = max(0, s.owed-1)
			conn, err := e.accept(s.fd)
			if err == nil {
				return conn, nil
			}
			if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINVAL) {
				s.left, s.owed = 0, 0
			} else if !emptyHanded(err) {
				return -1, err
			}
		}
	}
	return -1, unix.EAGAIN
}

// depth looks once, and how much is to be taken counts for each socket by itself: what
// comes to one of them meanwhile is not to stand in for what waits at another.
//
// One who waits in an epoll of others' may have been woken for a connection and be told in
// the same breath to leave. Nobody else was woken for it, so it takes one from each socket,
// also where it leaves the rest. One who waits in its own has always accepted by then.
func (e *epoll) depth() (received, queued int) {
	for i := range e.sockets {
		s := &e.sockets[i]
		if !e.leaving {
			s.left = sys.Queued(s.fd)
			if !e.own {
				s.owed = min(1, s.left)
			}
		}
		received += s.owed
		queued += s.left - s.owed
	}
	e.leaving = true
	return received, queued
}

func (e *epoll) release() error {
	if !e.own {
		return nil
	}
	return unix.Close(e.ep)
}
