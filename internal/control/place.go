//go:build linux

package control

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// ext is what the files of control sockets end with in a directory of ours.
const ext = ".sock"

var errOthers = errors.New("it is not this user's alone")

// dirs are where masters of the present user have their control sockets, the best one
// first: what a service manager has made for the service, and else the system's directory
// for root, the user's own, and a private one among temporary files.
func dirs() (all []string) {
	if given, _, _ := strings.Cut(os.Getenv("RUNTIME_DIRECTORY"), ":"); given != "" {
		return []string{given}
	}
	if os.Geteuid() == 0 {
		all = append(all, "/run/prefork")
	} else if given := os.Getenv("XDG_RUNTIME_DIR"); given != "" {
		all = append(all, filepath.Join(given, "prefork"))
	}
	return append(all, filepath.Join(os.TempDir(), fmt.Sprintf("prefork-%d", os.Geteuid())))
}

// Place is where the control socket of a master of this name is to lie, in a directory
// that is this user's alone and is made if need be. Sockets there that nobody listens on
// any more are removed: their masters were killed.
func Place(name string) (path string, err error) {
	var errs []error
	for _, dir := range dirs() {
		if err := private(dir); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", dir, err))
			continue
		}
		sweep(dir)
		return filepath.Join(dir, name+ext), nil
	}
	return "", errors.Join(errs...)
}

// private makes a directory that is for the present user alone, or makes sure of it. One
// that was made by a service manager may be read by others.
func private(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return withoutPath(err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return withoutPath(err)
	}
	var stat unix.Stat_t
	if err := unix.Lstat(dir, &stat); err != nil {
		return err
	}
	const byOthers = 0o022
	if !info.IsDir() || int(stat.Uid) != os.Geteuid() || info.Mode().Perm()&byOthers != 0 {
		return errOthers
	}
	return unix.Access(dir, unix.W_OK)
}

func withoutPath(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// sweep removes dead sockets. One that is named after a process which still runs is
// left alone, for that may be about to listen.
func sweep(dir string) {
	for _, path := range socketsIn(dir) {
		pid, err := strconv.Atoi(nameOf(path))
		if err == nil && errors.Is(unix.Kill(pid, 0), unix.ESRCH) {
			_ = clear(path)
		}
	}
}

func socketsIn(dir string) []string {
	all, _ := filepath.Glob(filepath.Join(dir, "*"+ext)) // whose pattern is right
	return slices.DeleteFunc(all, func(path string) bool {
		_, isSocket := fileAt(path)
		return !isSocket
	})
}

func nameOf(path string) string { return strings.TrimSuffix(filepath.Base(path), ext) }

// CheckName says what is wrong with the name of a master.
func CheckName(name string) error {
	for _, r := range name {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", r) {
			return fmt.Errorf("%q: want letters, digits, dots, - and _ alone", name)
		}
	}
	if name == "" || name[0] == '.' || len(name) > 64 {
		return fmt.Errorf("%q: want 1 to 64 letters, the first no dot", name)
	}
	return nil
}
