//go:build linux

package strategies

import (
	"errors"
	"fmt"
	"net"
	"syscall"

	"golang.org/x/sys/unix"

	"prefork/internal/kernel"
	"prefork/internal/sys"
	"prefork/strategies/accept"
)

// socket is one listening socket, as a master holds it.
type socket struct {
	fd   int   // owned
	path *File // what came into the file system with it; nil for nothing
}

// control is what is done to a socket before it is bound.
type control func(network, address string, c syscall.RawConn) error

// listen opens a socket as the Config says. before is done to it before it is bound.
func listen(c Config, bind Bind, before control) (*socket, error) {
	s, err := bound(c, bind, before)
	if err != nil {
		return nil, &BindError{bind, err}
	}
	// Of TCP once more: it only changes the backlog.
	if err = unix.Listen(s.fd, c.Backlog); err != nil {
		err = &BindError{bind, fmt.Errorf("listen with a backlog of %d: %w", c.Backlog, err)}
	} else {
		err = c.prepare(c, s.fd)
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// bound opens a socket at an address. One in the file system does not listen before it is
// known who may connect.
func bound(c Config, bind Bind, before control) (*socket, error) {
	if bind.Network != "unix" {
		fd, _, err := sys.Listen(bind.Network, bind.Address, before)
		if err != nil {
			return nil, withAdvice(err)
		}
		return &socket{fd: fd}, nil
	}
	if bind.InFileSystem() {
		removeStale(bind.Address)
	}
	fd, err := sys.BindUnix(bind.Address)
	if err != nil {
		return nil, withUnixAdvice(err)
	}
	s := &socket{fd: fd}
	if bind.InFileSystem() {
		if s.path, err = fileOf(bind.Address); err == nil && c.Access != nil {
			err = c.Access.grant(bind.Address)
		}
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// close closes a socket that is not among a listener's yet.
func (s *socket) close() error { return errors.Join(s.path.remove(), unix.Close(s.fd)) }

// adopt takes a listening socket that somebody else has opened.
func adopt(c Config, fd int) (*socket, net.Addr, error) {
	s := &socket{fd: fd}
	addr, err := s.name()
	if err != nil {
		return nil, nil, err
	}
	listens, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	if err != nil || listens == 0 {
		return nil, nil, fmt.Errorf("the socket that was given, %s, does not listen for connections (a .socket unit says ListenStream=)", addr)
	}
	return s, addr, c.prepare(c, fd)
}

// name is the address that the socket is bound to.
func (s *socket) name() (net.Addr, error) {
	name, err := unix.Getsockname(s.fd)
	if err != nil {
		return nil, fmt.Errorf("listening socket, descriptor %d: %w", s.fd, err)
	}
	return sys.AddrOf(name), nil
}

// forWorkers prepares a socket for the workers' accept mode; programs get it as they would
// expect it, which with several is one that does not block: another of them may have
// something while this one has nothing any more.
func forWorkers(c Config, fd int) error {
	mode, err := accept.Lookup(c.Accept)
	if err != nil {
		return err
	}
	if c.Foreign {
		return unix.SetNonblock(fd, mode.Nonblock)
	}
	return mode.Prepare(fd)
}

// forPump prepares a socket for a master that accepts: it waits by poll, so that it can
// take several at a time. Built-in workers need the receive timeout that connections
// inherit; see sys.Interruptible.
func forPump(c Config, fd int) error {
	if c.Foreign {
		return unix.SetNonblock(fd, true)
	}
	return errors.Join(unix.SetNonblock(fd, true), sys.Interruptible(fd))
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

func withUnixAdvice(err error) error {
	switch {
	case errors.Is(err, unix.EACCES):
		return fmt.Errorf("%w (this user may not make a file in that directory)", err)
	case errors.Is(err, unix.ENOENT):
		return fmt.Errorf("%w (make the directory first)", err)
	}
	return err
}

// queued is how many connections wait.
func (s *socket) queued() (int, error) {
	depth, _, err := sys.QueueDepth(s.fd)
	if err == nil {
		return depth, nil
	}
	return s.queuedUnix()
}

func (s *socket) queuedUnix() (int, error) {
	var stat unix.Stat_t
	if err := unix.Fstat(s.fd, &stat); err != nil {
		return 0, fmt.Errorf("listening socket: %w", err)
	}
	listeners, err := kernel.UnixListeners()
	for _, l := range listeners {
		if l.Inode == uint32(stat.Ino) {
			return l.Waiting, nil
		}
	}
	return 0, err
}
