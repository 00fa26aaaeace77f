//go:build linux

package strategies

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"prefork/internal/sys"
	"prefork/strategies/accept"
)

// socket is one listening socket, as a master holds it.
type socket struct {
	fd     int // owned
	addr   net.Addr
	shared bool // another master listens on it too
}

// control is what is done to a socket before it is bound.
type control func(network, address string, c syscall.RawConn) error

// listen opens a socket as the Config says.
func listen(c Config, before control) (*socket, error) {
	if c.Bind.Network == "unix" {
		removeStale(c.Bind.Address)
	}
	fd, addr, err := sys.Listen(c.Bind.Network, c.Bind.Address, before)
	if err != nil {
		return nil, fmt.Errorf("bind %s: %w", c.Bind, withAdvice(err))
	}
	s := &socket{fd: fd, addr: addr}
	if err := s.prepare(c); err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return s, nil
}

// adopt takes over a listening socket that somebody else opened.
func adopt(c Config, fd int) (*socket, error) {
	name, err := unix.Getsockname(fd)
	if err != nil {
		return nil, fmt.Errorf("inherited socket: %w", err)
	}
	s := &socket{fd: fd, addr: sys.AddrOf(name), shared: true}
	if c.Foreign {
		return s, nil // the programs of the master before may rely on how it is
	}
	return s, s.prepare(c)
}

// prepare sets what the workers expect of the socket.
func (s *socket) prepare(c Config) error {
	if err := unix.Listen(s.fd, c.Backlog); err != nil { // again: it only changes the backlog
		return fmt.Errorf("listen with a backlog of %d: %w", c.Backlog, err)
	}
	if c.Foreign {
		return unix.SetNonblock(s.fd, false)
	}
	mode, err := accept.Lookup(c.Accept)
	if err != nil {
		return err
	}
	return mode.Prepare(s.fd)
}

// close closes the socket, and removes its path if it has one (an abstract name,
// with @, is none) and is the last.
func (s *socket) close() error {
	err := unix.Close(s.fd)
	if a, ok := s.addr.(*net.UnixAddr); ok && a.Name != "" && a.Name[0] != '@' && !s.shared {
		err = errors.Join(err, os.Remove(a.Name))
	}
	return err
}

// removeStale removes the path of a Unix socket that nobody listens on any more.
func removeStale(path string) {
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&os.ModeSocket == 0 {
		return
	}
	conn, err := net.Dial("unix", path)
	if err == nil {
		_ = conn.Close()
		return
	}
	if errors.Is(err, unix.ECONNREFUSED) {
		_ = os.Remove(path)
	}
}

// withAdvice adds what a user can do about an error of bind.
func withAdvice(err error) error {
	switch {
	case errors.Is(err, unix.EACCES):
		return fmt.Errorf("%w (ports below net.ipv4.ip_unprivileged_port_start, usually 1024, need CAP_NET_BIND_SERVICE; choose a higher one with --bind)", errors.Unwrap(err))
	case errors.Is(err, unix.EADDRNOTAVAIL):
		return fmt.Errorf("%w (no interface of this machine has that address)", errors.Unwrap(err))
	}
	return err
}

// Shared is Heirloom's, for every strategy with one socket.
func (s *socket) Shared(with bool) { s.shared = with }
