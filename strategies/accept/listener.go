//go:build linux

package accept

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"

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
	l := &listener{source: source}
	l.stop = context.AfterFunc(ctx, func() { _ = source.Close() })
	return l, nil
}

// listener is a net.Listener over any Source.
type listener struct {
	mu     sync.Mutex // of Accept, which a net.Listener allows to several
	source Source
	stop   func() bool
}

func (l *listener) Accept() (net.Conn, error) {
	l.mu.Lock()
	fd, err := l.source.Next()
	l.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return Conn(fd)
}

func (l *listener) Close() error {
	l.stop()
	return l.source.Close()
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

// Conn makes a net.Conn of a connection that a Source returned. It takes over
// the descriptor, and closes it if it fails.
func Conn(fd int) (net.Conn, error) {
	// The poller wants it non-blocking; nobody else shares a connection.
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	file := os.NewFile(uintptr(fd), "connection")
	defer file.Close() // FileConn has a descriptor of its own
	conn, err := net.FileConn(file)
	if err != nil {
		return nil, fmt.Errorf("connection: %w", err)
	}
	return conn, nil
}
