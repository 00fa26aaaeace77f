//go:build linux

package strategies

import (
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// File is what a Unix-domain socket has in the file system. Its path may have become
// another's since, who has taken ours for stale or removed it; so what lies there is
// told by its number.
type File struct {
	Path        string
	Device, Ino uint64
}

// fileOf is the file of an address that was just bound. Addresses of TCP have none, and
// abstract names, which begin with @.
func fileOf(addr net.Addr) (*File, error) {
	a, ok := addr.(*net.UnixAddr)
	if !ok || a.Name == "" || a.Name[0] == '@' {
		return nil, nil
	}
	var stat unix.Stat_t
	if err := unix.Lstat(a.Name, &stat); err != nil {
		return nil, fmt.Errorf("the socket at %s has gone: %w", a.Name, err)
	}
	return &File{a.Name, stat.Dev, stat.Ino}, nil
}

// remove removes the file, unless another lies at its path; nil has nothing to remove. It
// is for who still holds the socket: until that is closed, the file system gives the
// number to no other file.
func (f *File) remove() error {
	if f == nil {
		return nil
	}
	var stat unix.Stat_t
	err := unix.Lstat(f.Path, &stat)
	if err == nil && stat.Dev == f.Device && stat.Ino == f.Ino {
		err = os.Remove(f.Path)
	}
	if errors.Is(err, unix.ENOENT) {
		return nil
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
