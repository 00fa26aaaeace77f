//go:build linux

package accept

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"

	"prefork/internal/sys"
)

// Listen gives a Go program its connections under whichever strategy the master
// runs, and tells the master that the program is ready. Without a master it
// listens on address by itself. Once ctx is done, Accept returns what is queued
// by then and after that net.ErrClosed, so that no connection is lost when the
// program stops or makes room for its successor.
//
// A program that uses net/http and wants to lose none should wait until its
// connections are done (http.Server.ConnState) before it exits: Shutdown drops
// connections whose first request it has not yet begun to read.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	source, err := Inherit(false)
	if errors.Is(err, ErrNoMaster) {
		return listenAlone(ctx, address)
	}
	if err != nil {
		return nil, err
	}
	if _, err := daemon.SdNotify(false, daemon.SdNotifyReady); err != nil {
		return nil, fmt.Errorf("tell the master that this worker is ready: %w", err)
	}
	if err := sys.StartPoller(); err != nil {
		return nil, err
	}
	l := &listener{source: source}
	l.stop = context.AfterFunc(ctx, source.Drain)
	return l, nil
}

// listener is a net.Listener over any Source.
type listener struct {
	mu     sync.Mutex // guards what follows: a net.Listener allows Accept to several
	source Source
	spare  *os.File // a descriptor in reserve; nil while there is none

	stop func() bool
}

// Accept waits for a connection. Its errors are of type *net.OpError, and temporary
// where the process has run out of descriptors: then no connection has been taken.
func (l *listener) Accept() (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	// A net.Conn is made by way of a second descriptor. A connection that was taken
	// without one to spare could only be reset.
	if err := l.reserve(); err != nil {
		return nil, l.opError(err)
	}
	fd, err := l.source.Next()
	if err != nil {
		return nil, l.opError(err)
	}
	// FileConn makes a descriptor of its own.
	file := os.NewFile(uintptr(fd), "connection")
	defer file.Close()
	for {
		conn, err := net.FileConn(file)
		if err == nil {
			return conn, nil
		}
		if !Exhausted(err) {
			return nil, l.opError(err)
		}
		// Somebody may be faster than we are, and gives it back sometime. Nobody else
		// can serve this connection.
		if l.spare == nil {
			time.Sleep(time.Millisecond)
		}
		l.giveUpSpare()
	}
}

func (l *listener) reserve() (err error) {
	if l.spare == nil {
		l.spare, err = os.Open(os.DevNull)
	}
	return err
}

func (l *listener) giveUpSpare() {
	if l.spare != nil {
		_ = l.spare.Close()
		l.spare = nil
	}
}

func (l *listener) opError(err error) error {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		err = os.NewSyscallError("accept", errno)
		if Exhausted(errno) {
			err = passing{err}
		}
	}
	return &net.OpError{Op: "accept", Net: l.Addr().Network(), Addr: l.Addr(), Err: err}
}

// passing is an error that http.Server and others try again after.
type passing struct{ error }

func (passing) Temporary() bool { return true }
func (p passing) Unwrap() error { return p.error }

// Close is as the end of Listen's context.
func (l *listener) Close() error {
	l.stop()
	l.source.Drain()
	return nil
}

// Addr is the listening socket's address. Under dispatch the worker has none,
// and the address is that of its Unix socket, without a name.
func (l *listener) Addr() net.Addr {
	name, err := unix.Getsockname(InheritedFD)
	if err != nil {
		return sys.AddrOf(nil)
	}
	return sys.AddrOf(name)
}
