//go:build linux

package load

import (
	"errors"
	"fmt"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// maxOpen is how many connections a generator holds at most.
	maxOpen = 20000
	// eventBatch is how many events one look at epoll brings.
	eventBatch = 256
	// tick bounds a wait, so that late connections are noticed.
	tick = 20 * time.Millisecond
)

// engine is the event loop. Its slots are made once; a connection is one of them
// for as long as it lasts.
type engine struct {
	order  Order
	target *target
	pace   pacer
	tally  *tally

	ep     int
	events [eventBatch]unix.EpollEvent
	conns  []conn
	free   []int32 // slots that hold no connection
	open   int
	buffer [512]byte

	origin time.Time // what times are counted from
	now    time.Duration
}

// conn is one connection.
type conn struct {
	fd        int
	due       time.Duration // when it should have been begun
	begun     time.Duration
	connected bool
	demand    int32 // length of what is to be sent, in line
	line      [28]byte
	got       int32 // bytes of the answer
	answer    [32]byte
}

// Run carries out an order. It wants a thread to itself.
func Run(o Order) (*Result, error) {
	e, err := newEngine(o)
	if err != nil {
		return nil, err
	}
	defer e.close()
	if err := e.run(); err != nil {
		return nil, err
	}
	return e.tally.result(), nil
}

func newEngine(o Order) (*engine, error) {
	t, err := parseTarget(o.Address)
	if err != nil {
		return nil, err
	}
	pace, err := newPacer(o)
	if err != nil {
		return nil, err
	}
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create: %w", err)
	}
	e := &engine{order: o, target: t, pace: pace, ep: ep, tally: newTally(o)}
	e.conns = make([]conn, maxOpen)
	for i := len(e.conns) - 1; i >= 0; i-- {
		e.conns[i].fd = -1
		e.free = append(e.free, int32(i))
	}
	return e, nil
}

func (e *engine) close() {
	e.pace.stop()
	for i := range e.conns {
		if e.conns[i].fd >= 0 {
			_ = unix.Close(e.conns[i].fd)
		}
	}
	_ = unix.Close(e.ep)
}

func (e *engine) run() error {
	e.origin = time.Now()
	end := e.order.Warmup + e.order.Length
	nextSweep := tick
	for {
		e.now = time.Since(e.origin)
		e.tally.at(e.now, e.open)
		if e.now >= end && (e.open == 0 || e.now >= end+e.order.Timeout) {
			return nil
		}
		if e.now < end {
			e.beginDue(end)
		}
		if e.now >= nextSweep {
			nextSweep = e.now + tick
			e.sweep()
		}
		if err := e.wait(end); err != nil {
			return err
		}
	}
}

// beginDue begins every connection that is due.
func (e *engine) beginDue(end time.Duration) {
	for e.now < end {
		due, ok := e.pace.next(e.now, e.open)
		if !ok {
			return
		}
		e.begin(due)
		e.now = time.Since(e.origin)
	}
}

func (e *engine) begin(due time.Duration) {
	if len(e.free) == 0 {
		e.tally.failed(due, Local)
		return
	}
	fd, errno := e.target.dial(!e.order.FIN)
	if errno != 0 {
		e.tally.failed(due, kindOf(errno))
		return
	}
	slot := e.free[len(e.free)-1]
	e.free = e.free[:len(e.free)-1]
	e.open++
	c := &e.conns[slot]
	c.fd, c.due, c.begun, c.connected, c.got = fd, due, e.now, false, 0
	c.demand = e.pace.demand(&c.line)
	e.tally.begun(due, e.now)
	event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET&0xffffffff, Fd: slot}
	_, _, errno = syscall.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(e.ep), unix.EPOLL_CTL_ADD, uintptr(fd), uintptr(unsafe.Pointer(&event)), 0, 0)
	if errno != 0 {
		e.fail(slot, Local)
	}
}

// wait takes one batch of events, or comes back when something is due.
func (e *engine) wait(end time.Duration) error {
	limit := min(max(0, e.pace.due()-e.now), tick)
	if e.now >= end {
		limit = tick
	}
	ts := unix.NsecToTimespec(int64(limit))
	n, _, errno := syscall.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(e.ep), uintptr(unsafe.Pointer(&e.events[0])), eventBatch, uintptr(unsafe.Pointer(&ts)), 0, 0)
	if errno != 0 && errno != unix.EINTR {
		return fmt.Errorf("epoll_pwait2 (Linux 5.11): %w", errno)
	}
	if errno != 0 {
		return nil
	}
	e.now = time.Since(e.origin)
	for i := range int(n) {
		e.advance(e.events[i].Fd, e.events[i].Events)
	}
	return nil
}

// advance takes a connection as far as its events allow.
func (e *engine) advance(slot int32, events uint32) {
	c := &e.conns[slot]
	if c.fd < 0 {
		return
	}
	if !c.connected && events&(unix.EPOLLERR|unix.EPOLLHUP) != 0 && events&unix.EPOLLIN == 0 {
		e.fail(slot, e.socketError(c.fd))
		return
	}
	if !c.connected && events&unix.EPOLLOUT != 0 {
		c.connected = true
		e.tally.connected(c, e.now)
		if c.demand > 0 && !e.send(slot, c) {
			return
		}
	}
	if events&(unix.EPOLLIN|unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		e.read(slot, c, events)
	}
}

func (e *engine) send(slot int32, c *conn) bool {
	_, _, errno := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(c.fd), uintptr(unsafe.Pointer(&c.line[0])), uintptr(c.demand), unix.MSG_NOSIGNAL, 0, 0)
	if errno != 0 {
		e.fail(slot, kindOf(errno))
		return false
	}
	return true
}

// read takes in what has come. If the other end has closed, what has come is all:
// then one short read says as much as a second one that returns nothing.
func (e *engine) read(slot int32, c *conn, events uint32) {
	for {
		n, _, errno := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(c.fd), uintptr(unsafe.Pointer(&e.buffer[0])), uintptr(len(e.buffer)), 0, 0, 0)
		switch {
		case errno == unix.EAGAIN:
			return
		case errno == unix.EINTR:
			continue
		case errno != 0:
			e.fail(slot, kindOf(errno))
			return
		}
		copied := copy(c.answer[min(int(c.got), len(c.answer)):], e.buffer[:n])
		c.got += int32(copied)
		if n == 0 || events&unix.EPOLLRDHUP != 0 && int(n) < len(e.buffer) {
			e.finish(slot, c)
			return
		}
	}
}

func (e *engine) finish(slot int32, c *conn) {
	pid := parsePID(c.answer[:min(int(c.got), len(c.answer))])
	if pid == 0 {
		e.fail(slot, Empty)
		return
	}
	e.tally.answered(c, e.now, pid)
	e.release(slot)
}

func (e *engine) fail(slot int32, kind string) {
	e.tally.failed(e.conns[slot].due, kind)
	e.release(slot)
}

func (e *engine) release(slot int32) {
	c := &e.conns[slot]
	_, _, _ = syscall.RawSyscall(unix.SYS_CLOSE, uintptr(c.fd), 0, 0)
	c.fd = -1
	e.open--
	e.free = append(e.free, slot)
}

// sweep gives up connections that are late.
func (e *engine) sweep() {
	if e.open == 0 {
		return
	}
	for slot := range e.conns {
		if c := &e.conns[slot]; c.fd >= 0 && e.now-c.begun > e.order.Timeout {
			e.fail(int32(slot), Late)
		}
	}
}

func (e *engine) socketError(fd int) string {
	code, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		var errno syscall.Errno
		if errors.As(err, &errno) {
			return kindOf(errno)
		}
	}
	return kindOf(syscall.Errno(code))
}

// parsePID reads the number at the end of "Hello from 123\n"; 0 if there is none.
func parsePID(answer []byte) (pid int) {
	const before = len("Hello from ")
	if len(answer) <= before {
		return 0
	}
	for _, b := range answer[before:] {
		if b < '0' || b > '9' {
			break
		}
		pid = pid*10 + int(b-'0')
	}
	return pid
}
