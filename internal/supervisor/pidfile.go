//go:build linux

package supervisor

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// pidFile is the file that says which process the master is. It bears a lock
// (flock(2)) for as long as that lives, which tells it from one that was left behind,
// whatever has become of the number in it.
type pidFile struct {
	path string   // as it was given; "" is none
	file *os.File // locked, and owned; nil until it is published
}

// claimPIDFile refuses a path that another master has.
func claimPIDFile(path string) (*pidFile, error) {
	p := &pidFile{path: path}
	if path == "" {
		return p, nil
	}
	return p, p.refuseTaken()
}

func (p *pidFile) refuseTaken() error {
	held, err := os.Open(p.path)
	if err != nil {
		return nil // there is none, or none that we could read: writing will tell
	}
	defer held.Close()
	if err := unix.Flock(int(held.Fd()), unix.LOCK_SH|unix.LOCK_NB); !errors.Is(err, unix.EWOULDBLOCK) {
		return nil
	}
	pid, _ := os.ReadFile(p.path)
	return fmt.Errorf("--pid-file %s is that of process %s, which is still running: stop it, or name another file", p.path, strings.TrimSpace(string(pid)))
}

// publish writes the file, in one step, so that nobody reads half of it.
func (p *pidFile) publish() error {
	if p.path == "" || p.file != nil {
		return nil
	}
	if err := p.refuseTaken(); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(p.path), ".pid-*")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(file, os.Getpid())
	err = errors.Join(err, file.Chmod(0o644), unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB))
	if err == nil {
		err = os.Rename(file.Name(), p.path)
	}
	if err != nil {
		return errors.Join(err, file.Close(), os.Remove(file.Name()))
	}
	p.file = file
	return nil
}

// remove removes the file, unless what is there now is somebody else's.
func (p *pidFile) remove() {
	if p.file == nil {
		return
	}
	ours, err := p.file.Stat()
	there, thereErr := os.Stat(p.path)
	if err == nil && thereErr == nil && os.SameFile(ours, there) {
		_ = os.Remove(p.path)
	}
	_ = p.file.Close()
}

// fd is the descriptor of the file, which stays its own; -1 where there is none.
func (p *pidFile) fd() int {
	if p.file == nil {
		return -1
	}
	return int(p.file.Fd())
}

// resumePIDFile goes on with a file that this process has.
func resumePIDFile(path string, fd int) *pidFile {
	p := &pidFile{path: path}
	if fd >= 0 {
		p.file = os.NewFile(uintptr(fd), path)
	}
	return p
}

// absolute is the path, wherever somebody else may be.
func (p *pidFile) absolute() string {
	path, err := filepath.Abs(p.path)
	if err != nil || p.path == "" {
		return p.path
	}
	return path
}
