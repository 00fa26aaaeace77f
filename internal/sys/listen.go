//go:build linux

package sys

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// Listen opens a listening socket on an address, outside of the runtime's poller: what
// shares the socket would be woken with it. It reads addresses as net.Listen does, but
// that 0.0.0.0 is of IPv4 alone, as everywhere else; [::] and no host are of both. before
// is done to the socket before it is bound; nil for nothing. The caller owns the
// descriptor, which is close-on-exec and does not block.
func Listen(network, address string, before func(network, address string, c syscall.RawConn) error) (fd int, addr net.Addr, err error) {
	config := net.ListenConfig{Control: before}
	// Go listens for Multipath TCP by default, a socket type to which no
	// reuseport program can be attached.
	config.SetMultipathTCP(false)
	listener, err := config.Listen(context.Background(), family(network, address), address)
	if err != nil {
		return -1, nil, err
	}
	if l, ok := listener.(*net.UnixListener); ok {
		l.SetUnlinkOnClose(false) // the descriptor outlives this listener
	}
	fd, err = takeFD(listener)
	return fd, listener.Addr(), err
}

// BindUnix opens a Unix-domain socket at a path, or at an abstract name, which begins with @.
// It does not listen yet, so that nobody can connect. The caller owns the descriptor, which is
// close-on-exec and does not block.
func BindUnix(address string) (fd int, err error) {
	fd, err = unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: address}); err != nil {
		return -1, errors.Join(err, unix.Close(fd))
	}
	return fd, nil
}

// family is tcp4 for an address of IPv4: package net would take 0.0.0.0 for every address
// of IPv6 too.
func family(network, address string) string {
	if network != "tcp" {
		return network
	}
	if a, err := net.ResolveTCPAddr(network, address); err == nil && a.IP.To4() != nil {
		return "tcp4"
	}
	return network // what is wrong with it, Listen will say
}

// takeFD moves the listener's socket out of the runtime's poller, into a
// descriptor of our own.
func takeFD(listener net.Listener) (int, error) {
	defer listener.Close()
	raw, err := listener.(syscall.Conn).SyscallConn()
	if err != nil {
		return -1, err
	}
	fd := -1
	controlErr := raw.Control(func(from uintptr) {
		fd, err = unix.FcntlInt(from, unix.F_DUPFD_CLOEXEC, 0)
	})
	if err := errors.Join(controlErr, err); err != nil {
		return -1, fmt.Errorf("take over a listener: %w", err)
	}
	return fd, nil
}

// AddrOf is a socket's name as package net has it.
func AddrOf(name unix.Sockaddr) net.Addr {
	switch a := name.(type) {
	case *unix.SockaddrInet4:
		return &net.TCPAddr{IP: a.Addr[:], Port: a.Port}
	case *unix.SockaddrInet6:
		return &net.TCPAddr{IP: a.Addr[:], Port: a.Port, Zone: zone(a.ZoneId)}
	case *unix.SockaddrUnix:
		return &net.UnixAddr{Name: a.Name, Net: "unix"}
	}
	return &net.UnixAddr{Net: "unknown"}
}

// zone is the name of the interface on which a link-local address is one.
func zone(index uint32) string {
	if index == 0 {
		return ""
	}
	if i, err := net.InterfaceByIndex(int(index)); err == nil {
		return i.Name
	}
	return strconv.Itoa(int(index))
}
