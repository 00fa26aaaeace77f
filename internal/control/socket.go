//go:build linux

package control

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// file is what a socket has in the file system. Another may lie at its path by now, so it
// is told by its number.
type file struct {
	path          string
	device, inode uint64
}

// fileAt is the socket at a path; ok is false if there is none.
func fileAt(path string) (f file, ok bool) {
	var stat unix.Stat_t
	if err := unix.Lstat(path, &stat); err != nil || stat.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return f, false
	}
	return file{path, stat.Dev, stat.Ino}, true
}

func (f file) remove() error {
	if there, ok := fileAt(f.path); !ok || there != f {
		return nil
	}
	return os.Remove(f.path)
}

// longest is how many bytes a path may have (sun_path in unix(7)).
const longest = 107

// backlog is how many may wait to be let in: a burst fits.
const backlog = 1024

// bind listens at a path. Of two that do so at the same time, one is refused.
func bind(path string) (*net.UnixListener, file, error) {
	if len(path) > longest {
		return nil, file{}, fmt.Errorf("its path has %d bytes, and a Unix socket can have %d: choose a shorter one", len(path), longest)
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, file{}, err
	}
	// The file gets the mode that the socket has when it is bound (unix_bind in
	// net/unix/af_unix.c), so that at no time anybody else may connect.
	err = unix.Fchmod(fd, 0o600)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrUnix{Name: path})
	}
	if errors.Is(err, unix.EADDRINUSE) {
		if err = clear(path); err == nil {
			err = unix.Bind(fd, &unix.SockaddrUnix{Name: path})
		}
	}
	if err == nil {
		err = unix.Listen(fd, backlog)
	}
	if err != nil {
		return nil, file{}, errors.Join(err, unix.Close(fd))
	}
	listener, err := listenerOf(fd)
	if err != nil {
		return nil, file{}, err
	}
	f, _ := fileAt(path)
	return listener, f, nil
}

// clear removes a socket that nobody listens on, and says who does so on another.
func clear(path string) error {
	f, isSocket := fileAt(path)
	if !isSocket {
		return errors.New("something is there that is no socket: remove it, or choose another path")
	}
	// Between its bind and its listen, one that begins refuses as a dead one does.
	const beginning = 50 * time.Millisecond
	for try := range 2 {
		if try > 0 {
			time.Sleep(beginning)
		}
		conn, err := net.DialTimeout("unix", path, time.Second)
		if err == nil {
			by, _ := peerOf(conn.(*net.UnixConn))
			_ = conn.Close()
			return fmt.Errorf("process %d listens there: stop it, or choose another path", by.PID)
		}
		if !errors.Is(err, unix.ECONNREFUSED) {
			return err
		}
	}
	return f.remove()
}

// listenerOf takes over a listening socket, which is its own from then on.
func listenerOf(fd int) (*net.UnixListener, error) {
	copied := os.NewFile(uintptr(fd), "control")
	defer copied.Close() // the listener has a copy
	listener, err := net.FileListener(copied)
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	unixListener, ok := listener.(*net.UnixListener)
	if !ok {
		return nil, errors.Join(fmt.Errorf("control socket: descriptor %d is no Unix socket", fd), listener.Close())
	}
	unixListener.SetUnlinkOnClose(false) // that goes by the file's number
	return unixListener, nil
}

func connOf(fd int) (*net.UnixConn, error) {
	copied := os.NewFile(uintptr(fd), "control")
	defer copied.Close()
	conn, err := net.FileConn(copied)
	if err != nil {
		return nil, err
	}
	unixConn, ok := conn.(*net.UnixConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("descriptor %d is no Unix socket", fd), conn.Close())
	}
	return unixConn, nil
}

// descriptor is the number of a socket's, which stays its own; -1 if it is closed.
func descriptor(socket syscall.Conn) (fd int) {
	fd = -1
	if raw, err := socket.SyscallConn(); err == nil {
		_ = raw.Control(func(n uintptr) { fd = int(n) })
	}
	return fd
}
