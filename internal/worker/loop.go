//go:build linux

package worker

import (
	"math/bits"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/sys"
	"prefork/internal/wheel"
)

// loop is the event loop of a worker that serves many connections at once, all on one
// thread. All it waits for is in one epoll: what connections say, further ones (door.go),
// and the word to leave.
//
// Epoll tells of a connection once for each change (EPOLLET), and of reading and writing
// alike, so that one system call registers it for good. What is left unread has to be
// remembered then: see resume.
type loop struct {
	*service
	worker *worker
	ep     *sys.Epoll
	door   door
	timers wheel.Wheel[*conn]

	conns []*conn // by descriptor; nil where there is none
	free  []*conn // without a connection
	again []*conn // to be come back to in the next turn, without being told
	later []*conn // in this one: the two take turns
}

// interest is what epoll tells of a connection.
const interest = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET&0xffffffff

// serveMany serves up to Concurrency connections at once.
func (w *worker) serveMany() error {
	if err := sys.StartPoller(); err != nil {
		return err
	}
	l := &loop{
		service: newService(w.app, w.spec, &w.leaving), ep: w.ep,
		door: door{source: w.polled, places: w.spec.Concurrency, batch: w.spec.AcceptBatch}, worker: w,
	}
	if errno := l.ep.Add(w.wake.FD, unix.EPOLLIN); errno != 0 {
		return errno
	}
	return l.run()
}

// run goes round until the door is closed and everybody has gone.
func (l *loop) run() error {
	for {
		if err := l.admit(); err != nil {
			return err
		}
		if l.door.closed && l.door.open == 0 {
			return nil
		}
		if err := l.turn(); err != nil {
			return err
		}
	}
}

// turn waits until something happens, and sees to that.
func (l *loop) turn() error {
	events, err := l.ep.Wait(l.limit())
	if err != nil {
		return err
	}
	l.tick()
	l.again, l.later = l.later, l.again
	// First of all, since what else is done here may close what epoll tells of.
	for i := range events {
		l.hear(int(events[i].Fd), events[i].Events)
	}
	l.resume()
	for c, ok := l.timers.Due(l.now); ok; c, ok = l.timers.Due(l.now) {
		l.expire(c)
		l.settle(c)
	}
	return nil
}

// limit is for how long there is nothing to do if nothing happens.
func (l *loop) limit() time.Duration {
	if len(l.again) > 0 || l.door.busy() {
		return 0
	}
	at, ok := l.timers.Next()
	if retry := l.door.retry; retry > 0 && (!ok || retry < at) {
		at, ok = retry, true
	}
	if !ok {
		return -1
	}
	l.tick()
	return max(0, at-l.now)
}

// hear is what epoll tells of a descriptor.
func (l *loop) hear(fd int, events uint32) {
	if fd >= len(l.conns) || l.conns[fd] == nil {
		l.hearOther(fd, events)
		return
	}
	c := l.conns[fd]
	if events&^unix.EPOLLOUT != 0 {
		c.unread = true
		c.hungUp = c.hungUp || events&unix.EPOLLRDHUP != 0
	}
	l.advance(c)
}

// hearOther is what it tells of the rest of the world.
func (l *loop) hearOther(fd int, events uint32) {
	if fd != l.worker.wake.FD {
		l.door.told = true
		l.door.source.Told(fd, events)
		return
	}
	l.worker.wake.Rest()
	l.door.more = true
	for _, c := range l.conns {
		if c != nil {
			l.settle(c) // who asks for nothing may stay for less time now
		}
	}
}

// resume goes on with those who had sent more than is read at a time: everybody gets one
// read in a turn.
func (l *loop) resume() {
	for _, c := range l.later {
		c.again = false
		if c.phase != over {
			l.advance(c)
		}
	}
	l.later = l.later[:0]
}

// advance takes a connection a step on, if what it waits for is there.
func (l *loop) advance(c *conn) {
	switch {
	case c.phase == writing:
		l.send(c, c.out)
	case c.phase == reading && c.unread:
		l.read(c, false)
	case c.phase == lingering && c.unread:
		l.linger(c)
	}
	l.settle(c)
}

// settle sees to it that a connection is come back to, or lets it go.
func (l *loop) settle(c *conn) {
	if c.phase == over {
		l.release(c)
		return
	}
	if at, ok := l.deadline(c); ok {
		l.timers.Set(&c.timer, l.roughly(c, at))
	} else {
		l.timers.Stop(&c.timer)
	}
	if c.unread && !c.again && (c.phase == reading || c.phase == lingering) {
		c.again = true
		l.again = append(l.again, c)
	}
}

// roughly is a little later than a deadline, at a round number, so that many are due at
// once, and an idle worker is not woken for each. A pause is as long as it is to be.
func (l *loop) roughly(c *conn, at time.Duration) time.Duration {
	const share = 16 // of the time that is left
	if c.phase == pausing || at-l.now < share {
		return at
	}
	grain := time.Duration(1) << (bits.Len64(uint64(at-l.now)/share) - 1)
	return (at + grain - 1) &^ (grain - 1)
}

// welcome takes over a connection that was just taken. Whoever accepts at once does so
// before the request is there: a look for it would be in vain.
func (l *loop) welcome(fd int) {
	l.worker.began()
	l.door.open++
	c := l.place(fd)
	l.begin(c, fd)
	c.unread = false
	if c.phase != over && l.ep.Add(fd, interest) != 0 {
		l.close(c)
	}
	l.settle(c)
}

// place is a conn for a descriptor.
func (l *loop) place(fd int) (c *conn) {
	if last := len(l.free) - 1; last >= 0 {
		c, l.free = l.free[last], l.free[:last]
	} else {
		c = &conn{}
		c.timer.Owner = c
	}
	for fd >= len(l.conns) {
		l.conns = append(l.conns, nil)
	}
	l.conns[fd] = c
	return c
}

// release is for a connection that is closed.
func (l *loop) release(c *conn) {
	l.timers.Stop(&c.timer)
	l.conns[c.fd] = nil
	l.free = append(l.free, c)
	l.door.open--
	l.worker.tally.ended()
}
