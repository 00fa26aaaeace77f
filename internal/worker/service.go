//go:build linux

package worker

import (
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/sys"
)

const (
	// justNow is for how long a client that has come, or has been answered, is
	// believed to be sending: a worker that leaves waits for that and no longer.
	justNow = 100 * time.Millisecond

	// lingerFor is how long a worker waits for a client that may be sending to end its
	// side too. Closed before that, what the client sends would be answered by a reset,
	// which could overtake our answer.
	lingerFor = 500 * time.Millisecond

	// portion is how much is read at a time, and about how much is answered at a time
	// to who asks without waiting for answers.
	portion = 16 << 10
)

// service takes connections from phase to phase. It never waits, unless told to: alone.go
// and loop.go do. It belongs to one goroutine.
type service struct {
	app        App
	newHandler func() Handler
	patience   time.Duration // with a client that sends nothing, or takes nothing
	tcp        bool          // some connections are of TCP
	leaving    *atomic.Bool  // the worker is to finish and leave

	began    time.Time     // the zero of now
	now      time.Duration // as of the last wait
	in, out  []byte        // of the connection that is being seen to
	exchange Exchange
	buffers  buffers
}

func newService(app App, spec Spec, leaving *atomic.Bool) *service {
	return &service{
		app: app, newHandler: app.New(greeting()), patience: spec.ReadTimeout, tcp: spec.TCP, leaving: leaving,
		began: time.Now(), in: make([]byte, portion),
	}
}

// tick looks at the clock.
func (s *service) tick() { s.now = time.Since(s.began) }

// begin takes over a connection that was just taken.
func (s *service) begin(c *conn, fd int) {
	if c.handler == nil {
		c.handler = s.newHandler()
	}
	c.life = life{fd: fd, unread: true, since: s.now}
	if s.app.Greets {
		s.digest(c, nil)
	}
}

// read reads what has come, if anything has, and gives it to the app. Where it is to
// wait, it does so for one time slice of the runtime at most. It reports whether it has
// got anywhere.
func (s *service) read(c *conn, wait bool) bool {
	receive := sys.TryRecv
	if wait {
		receive = sys.Recv
	}
	had := copy(s.in, c.rest)
	n, errno := receive(c.fd, s.in[had:])
	switch errno {
	case 0:
	case unix.EAGAIN, unix.EINTR:
		c.unread = false
		return false
	default:
		s.close(c)
		return true
	}
	full := had+n == len(s.in)
	c.ended = n == 0 || c.hungUp && !full
	c.unread = full && n > 0
	if wait {
		s.tick()
	}
	s.digest(c, s.in[:had+n])
	return true
}

// digest gives the app what has come, and sends what it says to that.
func (s *service) digest(c *conn, in []byte) {
	x := &s.exchange
	*x = Exchange{In: in, First: !c.seen, Ended: c.ended, Now: s.now, Leaving: s.leaving.Load(), Out: s.out[:0]}
	c.seen = true
	c.more = s.talk(c.handler, x)
	s.out = x.Out[:0]
	within := x.Within || len(x.In) > 0 || !s.app.Keeps && (c.within || len(in) > 0)
	if within != c.within || len(x.Out) > 0 {
		c.since = s.now
	}
	c.within = within
	c.rest = s.buffers.keep(c.rest, x.In)
	c.ending, c.linger = x.Close || c.ended && !c.more, x.Refused
	switch {
	case x.Pause > 0:
		c.out = s.buffers.keep(c.out, x.Out)
		s.tick()
		c.phase, c.pause, c.since = pausing, x.Pause, s.now
	case len(x.Out) > 0:
		s.send(c, x.Out)
	case c.ending:
		s.finish(c)
	}
}

// talk calls a Handler until it has used all it can. It reports whether it could go on,
// but has much to send already.
func (s *service) talk(h Handler, x *Exchange) (more bool) {
	for {
		before := len(x.In)
		h(x)
		x.First = false
		if x.Close || x.Pause > 0 || len(x.In) == 0 || len(x.In) == before {
			return false
		}
		if len(x.Out) >= portion {
			return true
		}
	}
}

// send sends b, which may be what is in c.out.
func (s *service) send(c *conn, b []byte) {
	n, errno := sys.Send(c.fd, b)
	switch errno {
	case 0:
	case unix.EAGAIN, unix.EINTR:
		n = 0
	default:
		s.close(c)
		return
	}
	c.said = true
	if c.phase != writing || n > 0 {
		c.since = s.now
	}
	c.out = s.buffers.keep(c.out, b[n:])
	if len(c.out) > 0 {
		c.phase = writing
		return
	}
	s.sent(c)
}

// sent goes on when the client has all that was to be sent.
func (s *service) sent(c *conn) {
	if c.ending {
		s.finish(c)
		return
	}
	c.phase = reading
	if !c.kept && s.tcp { // of others it fails
		// The next answer is not to wait for the acknowledgement of this one.
		_ = unix.SetsockoptInt(c.fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	}
	c.kept = true
	if c.more {
		s.digest(c, c.rest)
	}
}

// finish ends a connection that has all that it is to get. A client that is to hear that
// and may be sending is left the time to read it.
func (s *service) finish(c *conn) {
	if c.ended || !c.linger && !(s.app.Keeps && c.said && s.leaving.Load()) {
		s.close(c)
		return
	}
	_ = unix.Shutdown(c.fd, unix.SHUT_WR)
	c.phase, c.since = lingering, s.now
	s.linger(c)
}

// linger reads what nobody wants to know any more.
func (s *service) linger(c *conn) {
	n, errno := sys.TryRecv(c.fd, s.in)
	switch {
	case errno == unix.EAGAIN:
		c.unread = false
	case errno != 0 || n == 0:
		s.close(c)
	default:
		c.unread = true
	}
}

func (s *service) close(c *conn) {
	sys.Close(c.fd)
	c.phase = over
	s.buffers.release(c.rest)
	s.buffers.release(c.out)
	c.rest, c.out = nil, nil
}
