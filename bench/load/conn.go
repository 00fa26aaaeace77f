//go:build linux

package load

import (
	"fmt"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// conn is one client's connection, or several after each other where the server
// does not keep it for all the requests that are to be made. It ends with its
// first error.
//
//	begin ─► waiting ─► answered ─┬─► release
//	            ▲                 │
//	            └──── thinking ◄──┘   (without a socket, once the server has closed it)
type conn struct {
	fd             int32 // owned; -1 if there is none
	previous, next int32 // in its queue
	state          state
	cheap          bool
	reused         bool // an answer has come on this socket
	inTime         bool // the last answer on this socket (any, if it is kept) is among Result.Requests
	pid            int  // in the first answer on this socket; 0 if there was none
	made           int  // requests answered
	sent           int  // bytes of the request, while the socket buffer has no room for all
	sending        bool // it had not
	due            time.Duration
	begun          time.Duration // the request: when it was sent, or its socket opened
	demand         time.Duration
	answer         answer
}

type state uint8

const (
	connecting state = iota // and waiting too
	waiting                 // for an answer
	thinking                // before the next request
	simulated               // waiting for what no server has been asked
)

// interest is what epoll tells of a connection, once each time.
const interest = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET&0xffffffff

// begin begins what is due.
func (e *engine) begin(a appointment) {
	e.tally.begun(a.due, e.now, e.sockets+1)
	slot := e.slots.take(MaxOpen)
	if slot == none {
		if e.tally.failed(a.due, e.now, Local) {
			e.tally.explain(Local, e.now, fmt.Sprintf("%d connections are open already", MaxOpen))
		}
		return
	}
	c := e.slots.at(slot)
	c.due, c.demand, c.cheap, c.made = a.due, a.demand, e.pace.demands.cheap(a.demand), 0
	if e.order.Null {
		e.simulate(slot, c)
		return
	}
	e.dial(slot, c)
}

// dial opens a socket for the request that is due.
func (e *engine) dial(slot int32, c *conn) {
	c.state, c.reused, c.inTime, c.pid = connecting, false, false, 0
	e.await(slot, c)
	fd, errno := e.target.dial()
	if errno != 0 {
		e.fail(slot, c, kindOf(errno), errno)
		return
	}
	c.fd = int32(fd)
	e.sockets++
	event := unix.EpollEvent{Events: interest, Fd: slot}
	_, _, errno = syscall.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(e.ep), unix.EPOLL_CTL_ADD, uintptr(fd), uintptr(unsafe.Pointer(&event)), 0, 0)
	if errno != 0 {
		e.fail(slot, c, Local, errno)
	}
}

// await begins to wait for an answer.
func (e *engine) await(slot int32, c *conn) {
	c.begun = e.now
	c.sent, c.sending = 0, false
	c.answer.reset(e.requests.first, e.requests.headed)
	e.waiting.push(slot)
}

// ask makes the request that is due, on a new connection if there is none left.
func (e *engine) ask(slot int32, c *conn) {
	if c.fd < 0 {
		e.dial(slot, c)
		return
	}
	c.state = waiting
	e.await(slot, c)
	e.send(slot, c)
}

// advance takes a connection as far as its events allow.
func (e *engine) advance(slot int32, events uint32) {
	c := e.slots.at(slot)
	if c.fd < 0 {
		return
	}
	if c.state == connecting {
		if events&(unix.EPOLLERR|unix.EPOLLHUP) != 0 && events&unix.EPOLLIN == 0 {
			errno := socketError(c.fd)
			e.fail(slot, c, kindOf(errno), errno)
			return
		}
		if events&unix.EPOLLOUT == 0 {
			return
		}
		c.state = waiting
		if events&unix.EPOLLERR == 0 {
			e.tally.connected(c, e.now)
		}
		e.send(slot, c)
	}
	if c.sending && events&unix.EPOLLOUT != 0 {
		e.send(slot, c)
	}
	if c.fd >= 0 && events&(unix.EPOLLIN|unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		e.read(slot, c, events)
	}
}

// send says what is to be said to get an answer, or as much of it as there is room
// for. Epoll tells when there is more.
func (e *engine) send(slot int32, c *conn) {
	text := e.requests.text(e, c)[c.sent:]
	if len(text) == 0 {
		return
	}
	n, _, errno := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(c.fd), uintptr(unsafe.Pointer(&text[0])), uintptr(len(text)), unix.MSG_NOSIGNAL, 0, 0)
	if errno != 0 && errno != unix.EAGAIN {
		e.broken(slot, c, errno)
		return
	}
	c.sending = errno == unix.EAGAIN || int(n) < len(text)
	if c.sending && errno == 0 {
		c.sent += int(n)
	}
}

// read takes in what has come. Epoll tells what comes later. If the other end has
// closed, what has come is all: then one short read says as much as a second one
// that returns nothing.
func (e *engine) read(slot int32, c *conn, events uint32) {
	over := events&unix.EPOLLRDHUP != 0 && events&unix.EPOLLERR == 0
	for {
		n, _, errno := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(c.fd), uintptr(unsafe.Pointer(&e.in[0])), uintptr(len(e.in)), 0, 0, 0)
		switch {
		case errno == unix.EAGAIN:
			return
		case errno == unix.EINTR:
			continue
		case errno != 0:
			e.broken(slot, c, errno)
			return
		}
		short := int(n) < len(e.in)
		if n > 0 && !e.takeIn(slot, c, e.in[:n], over && short) {
			return
		}
		if n == 0 || short && over {
			e.ended(slot, c)
			return
		}
		if short && events&unix.EPOLLERR == 0 {
			return
		}
	}
}

// takeIn takes in bytes, the last ones if over. It reports whether there is more
// to be read for the same request.
func (e *engine) takeIn(slot int32, c *conn, b []byte, over bool) bool {
	if c.state == thinking { // nobody has asked: it is the server's way to say goodbye
		e.drop(c)
		return false
	}
	used, err := c.answer.feed(b)
	switch {
	case err != nil:
		e.fail(slot, c, Status, 0)
		return false
	case c.answer.stage == complete:
		e.answered(slot, c, !over && used == len(b))
		return false
	}
	return true
}

// ended is told when the server has closed the connection.
func (e *engine) ended(slot int32, c *conn) {
	switch {
	case c.state == thinking:
		e.drop(c)
	case c.answer.end():
		e.answered(slot, c, false)
	case c.reused && !c.answer.started:
		e.again(slot, c)
	default:
		e.fail(slot, c, Empty, 0)
	}
}

// broken is told of an error of the connection.
func (e *engine) broken(slot int32, c *conn, errno syscall.Errno) {
	switch {
	case c.state == thinking:
		e.drop(c)
	case c.reused && !c.answer.started:
		e.again(slot, c)
	default:
		e.fail(slot, c, kindOf(errno), errno)
	}
}

// again makes a request on another connection, because the server has closed the
// first between two requests. That it had begun to serve this one cannot be told
// from that; HTTP clients ask again (RFC 9112, 9.3.1), and the time counts.
func (e *engine) again(slot int32, c *conn) {
	e.waiting.remove(slot)
	e.tally.again(c)
	e.drop(c)
	e.dial(slot, c)
}

// answered is told when an answer is complete; persist, that the connection can
// carry another.
func (e *engine) answered(slot int32, c *conn, persist bool) {
	pid := parsePID(c.answer.text())
	if kind := e.requests.fault(&c.answer, pid); kind != "" {
		e.fail(slot, c, kind, 0)
		return
	}
	if !c.reused {
		c.pid = pid
	}
	e.waiting.remove(slot)
	e.tally.answered(c, e.now, c.cheap)
	c.made++
	c.reused = true
	last := e.stopped || c.made == e.requests.total
	if last || !persist || !c.answer.persist || c.sending {
		e.drop(c)
	}
	if last {
		e.release(slot, c)
		return
	}
	e.think(slot, c)
}

// think waits until the next request is due.
func (e *engine) think(slot int32, c *conn) {
	c.state = thinking
	c.due = e.now + e.order.Think
	if e.order.Think == 0 && c.due < e.last {
		e.ask(slot, c)
		return
	}
	e.thinking.push(slot)
}

// drop gives up a connection that has had its last answer.
func (e *engine) drop(c *conn) {
	e.tally.closed(c)
	e.hangUp(c)
}

// fail ends a client whose request has failed, by an error of the system or, if that
// is 0, by what the server has said or left out.
func (e *engine) fail(slot int32, c *conn, kind string, errno syscall.Errno) {
	e.waiting.remove(slot)
	if e.tally.failed(c.due, e.now, kind) {
		why := c.answer.said()
		if errno != 0 {
			why = errno.Error()
		}
		e.tally.explain(kind, e.now, why)
	}
	e.release(slot, c)
}

// release ends a client.
func (e *engine) release(slot int32, c *conn) {
	if c.fd >= 0 {
		e.hangUp(c)
	}
	if c.state == simulated {
		c.state = waiting
		e.sockets--
	}
	e.slots.put(slot)
}

func (e *engine) hangUp(c *conn) {
	_, _, _ = syscall.RawSyscall(unix.SYS_CLOSE, uintptr(c.fd), 0, 0)
	c.fd = -1
	e.sockets--
}
