//go:build linux

package worker

import (
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/sys"
)

// polled is a connection that waits in the runtime's poller, for the worker that
// serves several at once. A net.Conn would be made by way of a second descriptor: a
// worker without one could only reset what it has accepted.
type polled struct {
	*os.File // owns fd
	fd       int
	patience time.Duration // with a client that takes nothing
}

// newPolled takes over a connection.
func newPolled(fd int, patience time.Duration) *polled {
	// Of a descriptor of ours this cannot fail; nobody else shares a connection.
	_ = unix.SetNonblock(fd, true)
	return &polled{os.NewFile(uintptr(fd), "connection"), fd, patience}
}

// Write gives up on a client that takes nothing for as long as our patience lasts.
func (p *polled) Write(b []byte) (written int, err error) {
	for written < len(b) {
		n, errno := sys.Send(p.fd, b[written:])
		if errno == unix.EAGAIN {
			if n, err = p.waitAndSend(b[written:]); err != nil {
				return written, err
			}
		} else if errno != 0 && errno != unix.EINTR {
			return written, opError("write", errno)
		}
		written += max(0, n)
	}
	return written, nil
}

func (p *polled) waitAndSend(b []byte) (n int, err error) {
	if err := p.SetWriteDeadline(time.Now().Add(p.patience)); err != nil {
		return 0, err
	}
	raw, err := p.SyscallConn()
	if err != nil {
		return 0, err
	}
	errno := unix.EAGAIN
	send := func(fd uintptr) bool {
		n, errno = sys.Send(int(fd), b)
		return errno != unix.EAGAIN
	}
	if err := raw.Write(send); err != nil && !send(uintptr(p.fd)) { // it may be us who had stopped
		return 0, err
	}
	if errno != 0 && errno != unix.EINTR {
		return 0, opError("write", errno)
	}
	return max(0, n), nil
}

func (p *polled) tryRead(b []byte) (int, error) { return tryRead(p.fd, b) }
func (p *polled) hurry(deadline time.Time)      { _ = p.SetReadDeadline(deadline) }
func (p *polled) descriptor() int               { return p.fd }
func (p *polled) LocalAddr() net.Addr           { return address(unix.Getsockname(p.fd)) }
func (p *polled) RemoteAddr() net.Addr          { return address(unix.Getpeername(p.fd)) }
