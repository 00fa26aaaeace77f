//go:build linux

package sys

import (
	"fmt"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// eventBatch is how many events one wait brings at most.
	eventBatch = 256
	// millisecond is the resolution of epoll_pwait, which is good enough for waits that
	// are many times as long.
	millisecond = time.Millisecond
	manyTimes   = 64
)

// Epoll is an epoll instance (epoll(7)). It belongs to one goroutine.
type Epoll struct {
	FD   int // owned by the Epoll
	Pace Pace

	old    bool                        // the kernel has no epoll_pwait2: before Linux 5.11
	limit  unix.Timespec               // here, since the stack may move while the kernel looks
	events [eventBatch]unix.EpollEvent //
}

// NewEpoll opens one, close-on-exec.
func NewEpoll() (*Epoll, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create: %w", err)
	}
	return &Epoll{FD: fd}, nil
}

// Add has it tell of events on a descriptor, until that is closed.
func (e *Epoll) Add(fd int, events uint32) syscall.Errno { return EpollAdd(e.FD, fd, events) }

// EpollAdd has the epoll instance ep tell of events on a descriptor, by its number in
// EpollEvent.Fd.
func EpollAdd(ep, fd int, events uint32) syscall.Errno {
	event := unix.EpollEvent{Events: events, Fd: int32(fd)}
	_, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(ep), unix.EPOLL_CTL_ADD, uintptr(fd), uintptr(unsafe.Pointer(&event)), 0, 0)
	return errno
}

// EpollRemove has it not tell of them any more.
func EpollRemove(ep, fd int) syscall.Errno {
	_, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(ep), unix.EPOLL_CTL_DEL, uintptr(fd), 0, 0, 0)
	return errno
}

// Wait waits for events until limit is over: below zero, as long as it takes; at 0 it
// only looks. The events are good until the next call. EINTR is no error.
func (e *Epoll) Wait(limit time.Duration) ([]unix.EpollEvent, error) {
	n, errno := e.wait(limit)
	switch errno {
	case 0:
		return e.events[:n], nil
	case unix.EINTR:
		return nil, nil
	}
	return nil, fmt.Errorf("epoll_wait: %w", errno)
}

func (e *Epoll) wait(limit time.Duration) (n uintptr, errno syscall.Errno) {
	ep, first := uintptr(e.FD), uintptr(unsafe.Pointer(&e.events))
	if limit == 0 {
		n, _, errno = syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, ep, first, eventBatch, 0, 0, 0)
		return n, errno
	}
	if limit > 0 && limit < manyTimes*millisecond && !e.old {
		SetTimerSlack(DefaultTimerSlack) // this thread's may be long
		e.limit = unix.NsecToTimespec(int64(limit))
		n, errno = e.Pace.Call(unix.SYS_EPOLL_PWAIT2, ep, first, eventBatch, uintptr(unsafe.Pointer(&e.limit)), 0, 0)
		if e.old = errno == unix.ENOSYS; !e.old {
			return n, errno
		}
	}
	const forever = ^uintptr(0)
	timeout := forever
	if limit > 0 {
		timeout = uintptr(min((limit+millisecond-1)/millisecond, 1<<30))
	}
	return e.Pace.Call(unix.SYS_EPOLL_PWAIT, ep, first, eventBatch, timeout, 0, 0)
}

// Close closes it.
func (e *Epoll) Close() error { return unix.Close(e.FD) }
