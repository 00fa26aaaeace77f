//go:build linux

package strategies

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"prefork/internal/kernel"
)

// File is what a Unix-domain socket has in the file system. Its path may have become
// another's since, who has taken ours for stale or removed it; so what lies there is
// told by its number.
type File struct {
	Path        string
	Device, Ino uint64
}

// fileOf is the file at a path that was just bound.
func fileOf(path string) (*File, error) {
	var stat unix.Stat_t
	if err := unix.Lstat(path, &stat); err != nil {
		return nil, fmt.Errorf("the socket has gone: %w", err)
	}
	return &File{path, stat.Dev, stat.Ino}, nil
}

// grant gives a path its owner and its mode.
func (a Access) grant(path string) error {
	if a.UID >= 0 || a.GID >= 0 {
		if err := unix.Lchown(path, a.UID, a.GID); err != nil {
			return fmt.Errorf("give it to another owner (--unix-owner): %w", err)
		}
	}
	if a.Mode >= 0 {
		if err := unix.Chmod(path, uint32(a.Mode)); err != nil {
			return fmt.Errorf("set its mode (--unix-mode): %w", err)
		}
	}
	return nil
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

// removeStale removes the path of a Unix socket that nobody listens on any more. One whose
// owner turns clients away, because it is about to end, refuses them too: that is not
// stale, and neither is one that another master has put there meanwhile.
func removeStale(path string) {
	var stale unix.Stat_t
	if err := unix.Lstat(path, &stale); err != nil || stale.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return
	}
	conn, err := net.Dial("unix", path)
	if err == nil {
		_ = conn.Close()
	}
	if !errors.Is(err, unix.ECONNREFUSED) || held(path) {
		return
	}
	_ = (&File{path, stale.Dev, stale.Ino}).remove()
}

// held reports whether some process has a listening socket that was bound to this path.
func held(path string) bool {
	listeners, err := kernel.UnixListeners()
	return err == nil && slices.ContainsFunc(listeners, func(l kernel.Listener) bool { return l.Path == path })
}
