//go:build linux

package accept

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// probeUring has a ring accept where nobody connects.
func probeUring() error     { return probeRing(false, "5.5") }
func probeMultishot() error { return probeRing(true, "5.19") }

func probeRing(multishot bool, since string) (err error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unix.Close(fd)) }()
	// An address without a name is one that the kernel makes up (unix(7), autobind).
	if err := errors.Join(unix.Bind(fd, &unix.SockaddrUnix{}), unix.Listen(fd, 1)); err != nil {
		return err
	}
	u, err := newUring(fd, false, multishot)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, u.release()) }()
	u.ask(multishot)
	u.stop()
	if u.empty() {
		return nil
	}
	_, err = u.next()
	if errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("it needs Linux %s, and this kernel is older", since)
	}
	return fmt.Errorf("io_uring does not accept: %w", err)
}

// explainRing says which of many things does not let a process have a ring.
func explainRing(err error) error {
	switch {
	case errors.Is(err, unix.ENOSYS):
		return errors.New("this kernel has no io_uring: it needs Linux 5.5 or later, built with CONFIG_IO_URING, and no seccomp filter that hides it")
	case errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES):
		return errors.New(whoForbids())
	case errors.Is(err, unix.ENOMEM):
		return fmt.Errorf("io_uring: %w: allow more locked memory (ulimit -l)", err)
	}
	return fmt.Errorf("io_uring: %w", err)
}

func whoForbids() string {
	switch disabled, _ := os.ReadFile("/proc/sys/kernel/io_uring_disabled"); strings.TrimSpace(string(disabled)) {
	case "1":
		return "io_uring is only for the privileged here (sysctl kernel.io_uring_disabled=1): join the group that kernel.io_uring_group names, or set it to 0"
	case "2":
		return "io_uring is switched off (sysctl kernel.io_uring_disabled=2): set it to 0"
	}
	return "a seccomp filter or a security module forbids io_uring, as Docker's default does: allow io_uring_setup and io_uring_enter there"
}
