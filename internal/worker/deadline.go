//go:build linux

package worker

import "time"

// deadline is until when a connection may be in its phase; ok is false if that is for as
// long as it likes. A worker that leaves lets those go first who ask for nothing.
func (s *service) deadline(c *conn) (at time.Duration, ok bool) {
	switch {
	case c.phase == pausing:
		return c.since + c.pause, true
	case c.phase == lingering:
		return c.since + lingerFor, true
	case c.phase == reading && !c.within && s.leaving.Load():
		return c.since + min(justNow, s.patience), true
	case c.phase == reading && s.app.Patient:
		return 0, false
	}
	return c.since + s.patience, true
}

// expire is for a connection whose deadline is over. Time has passed, but perhaps for
// this process alone: it may have been stopped. So it looks once more.
func (s *service) expire(c *conn) {
	switch c.phase {
	case pausing:
		s.send(c, c.out)
	case reading:
		s.read(c, false)
	case writing:
		s.send(c, c.out)
	case lingering:
		s.close(c)
	}
	if at, ok := s.deadline(c); c.phase == over || !ok || at > s.now {
		return
	}
	if c.phase == reading && c.within {
		s.late(c)
		return
	}
	s.close(c) // nothing is wrong with a client that asks for nothing
}

// late has the app answer who has taken too long for a request.
func (s *service) late(c *conn) {
	x := &s.exchange
	*x = Exchange{In: c.rest, Late: true, Now: s.now, Leaving: s.leaving.Load(), Out: s.out[:0]}
	c.handler(x)
	s.out = x.Out[:0]
	c.ending, c.linger = true, x.Refused
	if len(x.Out) == 0 {
		s.finish(c)
		return
	}
	s.send(c, x.Out)
}
