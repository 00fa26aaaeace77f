//go:build linux

package accept

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/sys"
)

// Source is where a worker's next connection comes from. Its methods but Next may be
// called from any goroutine. None closes the inherited file.
type Source interface {
	// Next waits for a connection and returns its socket, which the caller owns.
	// The error is net.ErrClosed once the Source is closed, or drained. It is for
	// one goroutine.
	Next() (conn int, err error)
	// Waits is how often Next has come back from waiting, with a connection or
	// without one.
	Waits() uint64
	// Drain lets Next return what is queued by now and then end: sooner, if that
	// takes longer than the master allows. What is left then stays queued for
	// whoever has the file next.
	Drain()
	// Close lets Next end, and leaves the queue to whoever has the file next. What
	// the master has passed on and this process received is still returned.
	Close()
}

// taker is what differs between the ways of waiting.
type taker interface {
	// take waits for a connection. Coming back without one is no error but
	// EAGAIN or EINTR.
	take() (conn int, err error)
	// try is take without waiting; EAGAIN says there is none.
	try() (conn int, err error)
	// depth is how many connections try would return that nobody else can take
	// any more, and how many others wait.
	depth() (received, queued int)
	// unblock makes a take that waits, or is about to, come back. It is called
	// again until it does.
	unblock()
	// release frees what the taker opened itself.
	release() error
}

// source makes a Source of a taker: the loop, the counting and the closing are
// the same for all of them.
type source struct {
	taker
	limit   time.Duration // of a drain
	waits   atomic.Uint64
	leaving atomic.Pointer[time.Time] // when a drain is to end; nil before Drain or Close
	waiting atomic.Bool               // within take
	left    int                       // how many more to hand out when leaving; negative: not yet known
	ended   bool                      // and the taker released
}

func newSource(t taker, limit time.Duration) *source {
	return &source{taker: t, limit: limit, left: -1}
}

func (s *source) Waits() uint64 { return s.waits.Load() }

func (s *source) Next() (int, error) {
	for {
		if s.ended {
			return -1, net.ErrClosed
		}
		s.waiting.Store(true)
		if until := s.leaving.Load(); until != nil {
			s.waiting.Store(false)
			return s.leave(*until)
		}
		conn, err := s.take()
		s.waiting.Store(false)
		s.waits.Add(1)
		if err == nil {
			return conn, nil
		}
		if errors.Is(err, unix.EINVAL) {
			// The master has shut its Unix-domain listener down, and the queue is
			// empty: nothing will come any more.
			return -1, s.end()
		}
		if !emptyHanded(err) {
			return -1, err
		}
	}
}

// leave hands out what was queued when it was first called. Bounded by that count it
// ends under any load; what came later is for the workers that stay.
func (s *source) leave(until time.Time) (int, error) {
	received, queued := s.depth()
	if s.left < 0 {
		s.left = received + queued
	}
	if !time.Now().Before(until) {
		s.left = min(s.left, received)
	}
	for s.left > 0 {
		s.left--
		conn, err := s.try()
		if err == nil {
			sys.AdmitAnyTTL(conn)
			return conn, nil
		}
		if errors.Is(err, unix.EAGAIN) || !emptyHanded(err) {
			break
		}
	}
	return -1, s.end()
}

// end releases the taker, once, and is the error that says so.
func (s *source) end() error {
	if s.ended {
		return net.ErrClosed
	}
	s.ended = true
	return errors.Join(net.ErrClosed, s.release())
}

func (s *source) Drain() { s.leaveBy(time.Now().Add(s.limit)) }
func (s *source) Close() { s.leaveBy(time.Now()) }

// leaveBy has Next leave; it may be called again to have it leave sooner.
func (s *source) leaveBy(until time.Time) {
	for {
		before := s.leaving.Load()
		if before != nil && !until.Before(*before) || s.leaving.CompareAndSwap(before, &until) {
			break
		}
	}
	// Next raises waiting before it looks at leaving: either it sees leaving, or
	// it is seen waiting here.
	for s.waiting.Load() {
		s.unblock()
		time.Sleep(time.Millisecond)
	}
}

// emptyHanded says that a wait ended without a connection and without anything
// wrong with the socket waited on.
func emptyHanded(err error) bool {
	var errno syscall.Errno
	return errors.As(err, &errno) && (errno == unix.EINTR || errno == unix.EAGAIN || sys.Transient(errno))
}

// Exhausted reports whether err says that the process or the system has run out
// of descriptors or memory: worth waiting for, and worth telling.
func Exhausted(err error) bool {
	var errno syscall.Errno
	return errors.As(err, &errno) && sys.Exhausted(errno)
}

// listening is what takers on a listening socket have in common.
type listening struct {
	fd   int
	pace sys.Pace
}

func (l *listening) depth() (received, queued int) { return 0, sys.Queued(l.fd) }
func (l *listening) unblock()                      { sys.Interrupt(os.Getpid()) }
func (l *listening) release() error                { return nil }

// errnoOrNil avoids the non-nil error that a zero Errno would be.
func errnoOrNil(errno syscall.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}
