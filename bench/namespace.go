//go:build linux

package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"prefork/internal/kernel"
)

// envNamespace tells a process that it is the one inside.
const envNamespace = "PREFORK_BENCH_NETNS"

// ErrNamespace says that this user cannot have a network namespace here.
var ErrNamespace = errors.New("no network namespace of its own")

// InNamespace reports whether this process was started by InPrivate.
func InNamespace() bool { return os.Getenv(envNamespace) != "" }

// InPrivate runs this very command again in a network namespace of its own, with
// a user namespace around it where the user is not root, and returns its exit
// code. The namespace is gone when the last process in it is.
func InPrivate(ctx context.Context, args []string, out, errOut io.Writer) (code int, err error) {
	runtime.LockOSThread() // whose end would be the death signal
	defer runtime.UnlockOSThread()
	cmd := exec.CommandContext(ctx, "/proc/self/exe", args[1:]...)
	cmd.Args[0] = args[0]
	cmd.Env = append(os.Environ(), envNamespace+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, out, errOut
	cmd.Cancel = func() error { return cmd.Process.Signal(unix.SIGTERM) }
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET, Pdeathsig: unix.SIGKILL}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("%w: %w; it takes CAP_SYS_ADMIN, or user namespaces for plain users (sysctl kernel.unprivileged_userns_clone=1, or kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu)", ErrNamespace, err)
	}
	if err := cmd.Wait(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		return 0, err
	}
	return cmd.ProcessState.ExitCode(), nil
}

// Furnish makes a new namespace usable: its loopback goes up, and its sysctls are
// set as asked.
func Furnish(sysctls map[string]string) error {
	loopback, err := netlink.LinkByName("lo")
	if err == nil {
		err = netlink.LinkSetUp(loopback)
	}
	if err != nil {
		return fmt.Errorf("bring up loopback: %w", err)
	}
	for name, value := range sysctls {
		err := kernel.SetSysctl(name, value)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("--sysctl %s: a network namespace of this kernel has none of that name", name)
		case errors.Is(err, fs.ErrPermission):
			return fmt.Errorf("--sysctl %s: %w: this one belongs to the host, and a network namespace cannot set its own", name, unix.EACCES)
		case err != nil:
			return fmt.Errorf("--sysctl %s=%s: %w", name, value, err)
		}
	}
	return nil
}
