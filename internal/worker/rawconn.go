//go:build linux

package worker

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/sys"
)

// rawConn is a net.Conn over a bare blocking socket, for the worker that serves
// one connection at a time. Reading waits raw for as long as one time slice of
// the runtime, which covers a client that is about to send; only then does the
// scheduler hear of it. One rawConn serves one connection after the other.
type rawConn struct {
	fd       int // owned; -1 when closed
	deadline atomic.Int64
	pipe     [2]int // for wake; open as long as the process
}

func newRawConn() (*rawConn, error) {
	c := &rawConn{fd: -1}
	// Not os.Pipe: it would start the runtime's poller, which the monitor then
	// asks a hundred times a second.
	if err := unix.Pipe2(c.pipe[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return nil, fmt.Errorf("wake pipe: %w", err)
	}
	return c, nil
}

// wake has a waiting read look at its deadline again, for who has moved it from
// another goroutine. Once is all it is good for: the worker is to stop.
func (c *rawConn) wake() { _, _ = unix.Write(c.pipe[1], []byte{0}) }

// reset takes over a connection.
func (c *rawConn) reset(fd int) {
	c.fd = fd
	c.deadline.Store(0)
}

func (c *rawConn) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	woken := false // by wake, which stays readable
	for {
		if c.expired() {
			return 0, os.ErrDeadlineExceeded
		}
		n, errno := sys.Recv(c.fd, b)
		switch errno {
		case 0:
			if n == 0 {
				return 0, io.EOF
			}
			return n, nil
		case unix.EINTR, unix.EAGAIN:
			if err := c.wait(unix.POLLIN, &woken); err != nil {
				return 0, err
			}
		default:
			return 0, opError("read", errno)
		}
	}
}

func (c *rawConn) Write(b []byte) (int, error) {
	written, woken := 0, false
	for written < len(b) {
		n, errno := sys.Send(c.fd, b[written:])
		switch errno {
		case 0:
			written += n
		case unix.EINTR, unix.EAGAIN:
			if err := c.wait(unix.POLLOUT, &woken); err != nil {
				return written, err
			}
		default:
			return written, opError("write", errno)
		}
	}
	return written, nil
}

// wait parks until the connection is ready for events or the deadline has
// passed. It comes back early, once, when the worker is to stop.
func (c *rawConn) wait(events int16, woken *bool) error {
	fds := []unix.PollFd{{Fd: int32(c.fd), Events: events}, {Fd: int32(c.pipe[0]), Events: unix.POLLIN}}
	if *woken {
		fds[1].Fd = -1 // poll(2) passes over it
	}
	limit := time.Duration(-1)
	if deadline := c.deadline.Load(); deadline != 0 {
		limit = max(0, time.Until(time.Unix(0, deadline)))
	}
	if _, err := sys.PollAny(fds, limit); err != nil && !errors.Is(err, unix.EINTR) {
		return opError("wait", err)
	}
	*woken = *woken || fds[1].Revents != 0
	if c.expired() {
		return os.ErrDeadlineExceeded
	}
	return nil
}

func (c *rawConn) expired() bool {
	deadline := c.deadline.Load()
	return deadline != 0 && time.Now().UnixNano() >= deadline
}

func (c *rawConn) Close() error {
	if c.fd >= 0 {
		sys.Close(c.fd)
		c.fd = -1
	}
	return nil
}

// SetReadDeadline may be called from any goroutine; a read that waits notices
// after wake.
func (c *rawConn) SetReadDeadline(t time.Time) error {
	if t.IsZero() {
		c.deadline.Store(0)
	} else {
		c.deadline.Store(t.UnixNano())
	}
	return nil
}

func (c *rawConn) SetDeadline(t time.Time) error    { return c.SetReadDeadline(t) }
func (c *rawConn) SetWriteDeadline(time.Time) error { return nil }

func (c *rawConn) LocalAddr() net.Addr  { return address(unix.Getsockname(c.fd)) }
func (c *rawConn) RemoteAddr() net.Addr { return address(unix.Getpeername(c.fd)) }

func address(name unix.Sockaddr, err error) net.Addr {
	switch a := name.(type) {
	case *unix.SockaddrInet4:
		return &net.TCPAddr{IP: a.Addr[:], Port: a.Port}
	case *unix.SockaddrInet6:
		return &net.TCPAddr{IP: a.Addr[:], Port: a.Port}
	}
	return &net.UnixAddr{Net: "unix"}
}

func opError(op string, err error) error {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		err = os.NewSyscallError(op, errno)
	}
	return &net.OpError{Op: op, Net: "raw", Err: err}
}
