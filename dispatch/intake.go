//go:build linux

package dispatch

import (
	"syscall"

	"golang.org/x/sys/unix"

	"prefork/internal/sys"
)

// intake is the listening sockets of a Pump, from which it takes in turn.
type intake struct {
	fds  []int // the caller's of New
	at   int   // the next one
	left []int // how many more to take from each; nil is no bound
}

// bound has no more taken from each socket than is queued there by now.
func (in *intake) bound() {
	for _, fd := range in.fds {
		in.left = append(in.left, sys.Queued(fd))
	}
}

// rest is how many are to be taken yet, once bound.
func (in *intake) rest() (n int) {
	for _, left := range in.left {
		n += left
	}
	return n
}

// accept takes a connection from the next socket, without waiting: EAGAIN says that there
// is none, or none any more to be taken.
func (in *intake) accept() (conn int, errno syscall.Errno) {
	at := in.at
	if in.at++; in.at == len(in.fds) {
		in.at = 0
	}
	if in.left != nil && in.left[at] == 0 {
		return -1, unix.EAGAIN
	}
	conn, errno = sys.TryAccept(in.fds[at], 0)
	switch {
	case in.left == nil:
	case errno == 0:
		in.left[at]--
	case errno == unix.EAGAIN:
		in.left[at] = 0
	}
	return conn, errno
}

// polled are the sockets and one descriptor more, the last, to be waited for.
func (in *intake) polled(further int) (fds []unix.PollFd) {
	for _, fd := range in.fds {
		fds = append(fds, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
	}
	return append(fds, unix.PollFd{Fd: int32(further), Events: unix.POLLIN})
}
