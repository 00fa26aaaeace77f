//go:build linux

package steer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// Probe says why a program cannot be loaded here, by loading it.
func Probe(program string) error {
	k, err := Load(Options{Program: program, StuckAfter: time.Second})
	if err != nil {
		return err
	}
	return k.Close()
}

// explain adds to a kernel's refusal what the user can do.
func explain(err error) error {
	var refused *ebpf.VerifierError
	switch lacks := lacking(); {
	case errors.As(err, &refused):
		return fmt.Errorf("steering by eBPF: the verifier of this kernel, Linux %s, refuses the program, which is made for 5.17 and later: %w", release(), err)
	case errors.Is(err, unix.EPERM) && lacks != "" && unix.Geteuid() == 0:
		return fmt.Errorf("steering by eBPF: %w: this process lacks %s though it is root: give it to the container (docker run --cap-add BPF --cap-add NET_ADMIN) or the service (CapabilityBoundingSet=)", fs.ErrPermission, lacks)
	case errors.Is(err, unix.EPERM) && lacks != "":
		return fmt.Errorf("steering by eBPF: %w: this process lacks %s: run it as root, or give it to the binary (setcap cap_bpf,cap_net_admin+ep)", fs.ErrPermission, lacks)
	case errors.Is(err, unix.EPERM) && inUserNamespace():
		return fmt.Errorf("steering by eBPF: %w: what capabilities this process has are of a user namespace (unshare -r, a rootless container), and bpf(2) asks for those outside: start it there", fs.ErrPermission)
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("steering by eBPF: %w, though no capability is lacking: the kernel is locked down, or the container's seccomp profile forbids bpf(2)", fs.ErrPermission)
	case errors.Is(err, unix.ENOSYS):
		return fmt.Errorf("steering by eBPF: this kernel has no bpf(2) (CONFIG_BPF_SYSCALL): %w", err)
	case errors.Is(err, ebpf.ErrNotSupported), errors.Is(err, unix.EINVAL):
		return fmt.Errorf("steering by eBPF: this kernel lacks what the program needs, which came with Linux 5.17: %w", err)
	}
	return fmt.Errorf("steering by eBPF: %w", err)
}

func release() string {
	var name unix.Utsname
	_ = unix.Uname(&name) // which cannot fail
	return unix.ByteSliceToString(name.Release[:])
}

// inUserNamespace reports whether user ids mean something else here than outside.
func inUserNamespace() bool {
	text, err := os.ReadFile("/proc/self/uid_map")
	return err == nil && !slices.Equal(strings.Fields(string(text)), []string{"0", "0", "4294967295"})
}

// lacking is the capability that it takes and this thread does not have, or "".
// Linux 6.18 is content with the first.
func lacking() string {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return ""
	}
	has := func(bit int) bool { return data[bit/32].Effective&(1<<(bit%32)) != 0 }
	switch {
	case has(unix.CAP_SYS_ADMIN):
		return ""
	case !has(unix.CAP_BPF):
		return "CAP_BPF"
	case !has(unix.CAP_NET_ADMIN):
		return "CAP_NET_ADMIN"
	}
	return ""
}
