//go:build linux

package worker

import (
	"errors"
	"net"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/sys"
	"prefork/strategies/accept"
)

// serveOne is the classic pre-fork loop: one connection at a time, on the thread
// that accepts.
func (w *worker) serveOne() error {
	a := &alone{service: newService(w.app, w.spec, &w.leaving), wake: w.wake}
	var c conn
	for {
		fd, err := w.next()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		if w.spec.Unix {
			_ = sys.Interruptible(fd) // those of TCP have inherited it from the listener
		}
		a.serve(&c, fd)
		w.tally.ended()
	}
}

// next is the source's, counted, and patient where descriptors have run out.
func (w *worker) next() (int, error) {
	for {
		fd, err := w.source.Next()
		if !accept.Exhausted(err) {
			w.shortage.over()
			if err == nil {
				w.began()
			}
			return fd, err
		}
		w.shortage.begins(err)
		time.Sleep(exhaustedPause)
	}
}

// alone has one connection at a time, on which it may wait. Reading waits raw for as
// long as one time slice of the runtime, which covers a client that is about to send;
// only then does the scheduler hear of it.
type alone struct {
	*service
	wake sys.Waker // of the worker that is to leave
}

// serve serves a connection to its end.
func (a *alone) serve(c *conn, fd int) {
	if !a.app.Greets {
		a.tick()
	}
	a.begin(c, fd)
	for c.phase != over {
		switch {
		case c.phase == pausing:
			nap(c.pause)
			a.tick()
			a.send(c, c.out)
		case c.phase == reading && a.read(c, true):
		case a.await(c):
			a.look(c)
		default:
			a.expire(c)
		}
	}
}

// look is for a connection that can go on.
func (a *alone) look(c *conn) {
	switch c.phase {
	case writing:
		a.send(c, c.out)
	case lingering:
		a.linger(c)
	}
}

// await parks until a connection can go on; it reports false if its deadline has passed
// before that.
func (a *alone) await(c *conn) bool {
	fds := []unix.PollFd{{Fd: int32(c.fd), Events: unix.POLLIN}, {Fd: int32(a.wake.FD), Events: unix.POLLIN}}
	if c.phase == writing {
		fds[0].Events = unix.POLLOUT
	}
	if a.leaving.Load() {
		fds[1].Fd = -1 // poll(2) passes over it
	}
	limit := time.Duration(-1)
	a.tick()
	at, ok := a.deadline(c)
	if ok {
		limit = max(0, at-a.now)
	}
	_, err := sys.PollAny(fds, limit)
	a.tick()
	if err != nil && !errors.Is(err, unix.EINTR) {
		a.close(c)
		return true
	}
	if at, ok = a.deadline(c); ok && at <= a.now {
		return fds[0].Revents != 0
	}
	return true
}
