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
	fd       int           // owned; -1 when closed
	patience time.Duration // with a client that takes nothing
	began    time.Time     // the zero of deadline: a monotonic clock
	deadline atomic.Int64  // of Read, in nanoseconds; 0 is none
	pipe     [2]int        // for hurry; open as long as the process
}

func newRawConn(patience time.Duration) (*rawConn, error) {
	c := &rawConn{fd: -1, patience: patience, began: time.Now()}
	// Not os.Pipe: it would start the runtime's poller, which the monitor then
	// asks a hundred times a second.
	if err := unix.Pipe2(c.pipe[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return nil, fmt.Errorf("wake pipe: %w", err)
	}
	return c, nil
}

// hurry may be called from another goroutine. Once is all it is good for, since the
// pipe stays readable: the worker is to leave.
func (c *rawConn) hurry(deadline time.Time) {
	_ = c.SetReadDeadline(deadline)
	_, _ = unix.Write(c.pipe[1], []byte{0})
}

// reset takes over a connection.
func (c *rawConn) reset(fd int) {
	c.fd = fd
	c.deadline.Store(0)
}

func (c *rawConn) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	woken := false // by hurry
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
			if err := c.wait(&woken); err != nil {
				return 0, err
			}
		default:
			return 0, opError("read", errno)
		}
	}
}

// Write gives up on a client that takes nothing for as long as our patience lasts.
func (c *rawConn) Write(b []byte) (int, error) {
	written, waited := 0, false
	for written < len(b) {
		n, errno := sys.Send(c.fd, b[written:])
		switch errno {
		case 0:
			written, waited = written+n, false
		case unix.EINTR:
		case unix.EAGAIN:
			if waited {
				return written, os.ErrDeadlineExceeded
			}
			if err := c.waitForRoom(); err != nil {
				return written, err
			}
			waited = true
		default:
			return written, opError("write", errno)
		}
	}
	return written, nil
}

// waitForRoom parks until something fits, or our patience is over: then the caller
// tries once more, for it may be this process that had stopped.
func (c *rawConn) waitForRoom() error {
	for end := time.Now().Add(c.patience); ; {
		room, err := sys.Poll(c.fd, unix.POLLOUT, max(0, time.Until(end)))
		if err != nil && !errors.Is(err, unix.EINTR) {
			return opError("wait", err)
		}
		if room || !time.Now().Before(end) {
			return nil
		}
	}
}

// wait parks until something can be read or the deadline has passed. It comes back
// early, once, when it is to hurry.
func (c *rawConn) wait(woken *bool) error {
	fds := []unix.PollFd{{Fd: int32(c.fd), Events: unix.POLLIN}, {Fd: int32(c.pipe[0]), Events: unix.POLLIN}}
	if *woken {
		fds[1].Fd = -1 // poll(2) passes over it
	}
	limit := time.Duration(-1)
	if deadline := c.deadline.Load(); deadline != 0 {
		limit = max(0, time.Duration(deadline)-time.Since(c.began))
	}
	if _, err := sys.PollAny(fds, limit); err != nil && !errors.Is(err, unix.EINTR) {
		return opError("wait", err)
	}
	*woken = *woken || fds[1].Revents != 0
	return nil
}

func (c *rawConn) expired() bool {
	deadline := c.deadline.Load()
	return deadline != 0 && time.Since(c.began) >= time.Duration(deadline)
}

func (c *rawConn) Close() error {
	if c.fd >= 0 {
		sys.Close(c.fd)
		c.fd = -1
	}
	return nil
}

// SetReadDeadline is for reads to come; see hurry for one that waits.
func (c *rawConn) SetReadDeadline(t time.Time) error {
	if t.IsZero() {
		c.deadline.Store(0)
	} else {
		c.deadline.Store(max(1, int64(t.Sub(c.began))))
	}
	return nil
}

func (c *rawConn) SetDeadline(t time.Time) error    { return c.SetReadDeadline(t) }
func (c *rawConn) SetWriteDeadline(time.Time) error { return nil }

func (c *rawConn) tryRead(b []byte) (int, error) { return tryRead(c.fd, b) }
func (c *rawConn) descriptor() int               { return c.fd }

func tryRead(fd int, b []byte) (int, error) {
	n, errno := sys.TryRecv(fd, b)
	switch {
	case errno != 0:
		return 0, opError("read", errno)
	case n == 0 && len(b) > 0:
		return 0, io.EOF
	}
	return n, nil
}

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
