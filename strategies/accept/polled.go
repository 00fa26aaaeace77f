//go:build linux

package accept

import (
	"errors"
	"fmt"
	"net"

	"golang.org/x/sys/unix"

	"prefork/internal/sys"
)

// Polled is a Source for a process that waits by itself: in one epoll, for connections
// and for what its connections say. Its methods but Drain and Close belong to one
// goroutine. It closes neither the inherited file nor the epoll.
type Polled struct {
	*source
	watched  watched
	ep       int
	watching bool
}

// watched is a taker that can wait in an epoll of others.
type watched interface {
	taker
	// watch has an epoll tell when poll may return a connection. What it tells of is
	// named by a descriptor that is no connection's.
	watch(ep int) error
	unwatch(stays bool) error // stays: the process goes on
	// tell says what the epoll has told of that descriptor.
	tell(fd int, events uint32)
	// poll is as try, for one who goes on to wait: more says that there may be
	// another one, of which the epoll will not tell.
	poll() (conn int, more bool, err error)
}

// InheritPolled is Inherit for a process that waits in ep, which it owns.
func InheritPolled(ep int) (*Polled, error) {
	mode, fds, err := claim()
	if err != nil {
		return nil, err
	}
	w, err := mode.watched(fds)
	if err != nil {
		return nil, err
	}
	return &Polled{source: newSource(w, drainTime()), watched: w, ep: ep}, nil
}

// Watch has the epoll tell of connections from now on; not any more once this is to end.
func (p *Polled) Watch() error {
	if p.watching || p.ended || p.leaving.Load() != nil {
		return nil
	}
	p.watching = true
	return p.watched.watch(p.ep)
}

// Unwatch has it not tell any more: who takes none is not to be woken in another's place.
func (p *Polled) Unwatch() error { return p.unwatch(true) }

func (p *Polled) unwatch(stays bool) error {
	if !p.watching {
		return nil
	}
	p.watching = false
	return p.watched.unwatch(stays)
}

// Told is to be called when the epoll has told of a descriptor that is no connection's.
// Then there is something to be had from Next.
func (p *Polled) Told(fd int, events uint32) {
	p.waits.Add(1)
	p.watched.tell(fd, events)
}

// Completed is nil, or says that a ring has completed what the epoll has not told yet.
// That ends its wait with EINTR: see sys.Pace.
func (p *Polled) Completed() func() bool {
	if ring, ok := p.watched.(interface{ completed() bool }); ok {
		return ring.completed
	}
	return nil
}

// Next is as Source.Next, without waiting: EAGAIN says that there is none, or that another
// process was faster. more says that there may be another one, of which the epoll will
// not tell.
func (p *Polled) Next() (conn int, more bool, err error) {
	if p.ended {
		return -1, false, net.ErrClosed
	}
	if until := p.leaving.Load(); until != nil {
		if err := p.unwatch(false); err != nil {
			return -1, false, err
		}
		conn, err := p.leave(*until)
		return conn, err == nil, err
	}
	conn, more, err = p.watched.poll()
	switch {
	case errors.Is(err, unix.EINVAL): // as in Source.Next
		return -1, false, errors.Join(p.unwatch(false), p.end())
	case err != nil && emptyHanded(err):
		return -1, more, unix.EAGAIN
	}
	return conn, more, err
}

// watch has ep tell of events on fd.
func watch(ep, fd int, events uint32) error {
	if errno := sys.EpollAdd(ep, fd, events); errno != 0 {
		return fmt.Errorf("epoll_ctl: %w", errno)
	}
	return nil
}

func unwatch(ep, fd int) error {
	if errno := sys.EpollRemove(ep, fd); errno != 0 {
		return fmt.Errorf("epoll_ctl: %w", errno)
	}
	return nil
}
