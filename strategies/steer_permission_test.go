//go:build linux

package strategies_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"prefork/internal/servertest"
)

// A plain user gets the hash, if that is what was asked for in that case.
func TestPlainUserFallsBackToTheHash(t *testing.T) {
	s := servertest.StartAs(t, servertest.AsNobody(t), "-s", "reuseport", "--steer", "least-loaded?", "-w", "2")
	if got := s.Await("listening", 1).String("steer"); got != "hash" {
		t.Errorf("steered by %s", got)
	}
	warning := s.Await("not steered as asked for", 1)
	if !strings.Contains(warning.String("reason"), "CAP_BPF") {
		t.Errorf("the warning says %v", warning)
	}
	s.Ask()
}

// Nobody needs to be asked to steer by CPU.
func TestPlainUserSteersByCPU(t *testing.T) {
	s := servertest.StartAs(t, servertest.AsNobody(t), "-s", "reuseport", "--steer", "cpu", "-w", "2")
	s.Ask()
}

// A plain user with the one capability steers, and keeps it from the workers, be
// they ours or not.
func TestCapabilityIsForTheMaster(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give capabilities away")
	}
	servertest.NeedSteer(t, "least-loaded")
	nobody := servertest.AsNobody(t)
	who := func(cmd *exec.Cmd) {
		nobody(cmd)
		cmd.SysProcAttr.AmbientCaps = []uintptr{unix.CAP_BPF}
	}
	for _, args := range [][]string{{}, {"--ready-after", "1ms", "--", "sleep", "100"}} {
		s := servertest.StartAs(t, who, append([]string{"-s", "reuseport", "--steer", "least-loaded", "-w", "2"}, args...)...)
		for _, pid := range s.Workers() {
			for _, set := range []string{"CapEff", "CapPrm", "CapInh", "CapAmb"} {
				// A program counts as ready before it runs.
				servertest.Eventually(t, fmt.Sprintf("worker %d of %v has no %s", pid, args, set), func() bool {
					return strings.Trim(statusOf(fmt.Sprintf("/proc/%d", pid), set), "0") == ""
				})
			}
		}
	}
}

// So it is where root runs the master; a program run as worker is root's all the same.
func TestRootsWorkersDoWithoutTheCapability(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("this is about root")
	}
	servertest.NeedSteer(t, "least-loaded")
	const steering = 1<<unix.CAP_BPF | 1<<unix.CAP_NET_ADMIN
	s := servertest.Start(t, "-s", "reuseport", "--steer", "least-loaded", "-w", "2")
	masters := capabilities(t, s.PID(), "CapEff")
	for _, pid := range s.Workers() {
		for _, set := range []string{"CapEff", "CapPrm"} {
			if has := capabilities(t, pid, set); has != masters&^steering {
				t.Errorf("the worker's %s is %x, the master has %x", set, has, masters)
			}
		}
	}
	s = servertest.Start(t, "--ready-after", "1ms", "-w", "1", "--", "sleep", "100")
	servertest.Eventually(t, "the program has all that the master has", func() bool {
		return capabilities(t, s.Workers()[0], "CapEff") == masters
	})
}

// Root may lack it too, in a container, or have it in vain, in a user namespace.
func TestRootIsToldWhatIsMissing(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("this is about root")
	}
	servertest.NeedSteer(t, "least-loaded")
	args := []string{"-s", "reuseport", "--steer", "least-loaded", "--bind", "127.0.0.1:0"}

	cmd := servertest.Command(args...)
	text := make(chan string)
	go func() {
		runtime.LockOSThread() // and ends with this goroutine
		for _, c := range []uintptr{unix.CAP_BPF, unix.CAP_SYS_ADMIN} {
			_ = unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0)
		}
		output, _ := cmd.CombinedOutput()
		text <- string(output)
	}()
	if got := <-text; !strings.Contains(got, "this process lacks CAP_BPF though it is root: give it to the container") {
		t.Errorf("without the capability it says: %s", got)
	}

	cmd = servertest.Command(args...)
	only := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER, UidMappings: only, GidMappings: only}
	output, err := cmd.CombinedOutput()
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.ENOSPC) {
		t.Skipf("there can be no user namespace here: %v", err)
	}
	if !strings.Contains(string(output), "are of a user namespace") {
		t.Errorf("in a user namespace it says: %s (%v)", output, err)
	}
}

func capabilities(t *testing.T, pid int, set string) (all uint64) {
	t.Helper()
	text := statusOf(fmt.Sprintf("/proc/%d", pid), set)
	if _, err := fmt.Sscanf(text, "%x", &all); err != nil {
		t.Fatalf("%s of process %d is %q: %v", set, pid, text, err)
	}
	return all
}

// A binary that has the capabilities itself makes the kernel forget whose death its
// workers are to hear of.
func TestCapabilitiesOfTheBinaryDoNotOutliveTheMaster(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give capabilities to a file")
	}
	servertest.NeedSteer(t, "least-loaded")
	nobody := servertest.AsNobody(t)
	var cmd exec.Cmd
	nobody(&cmd)
	setCapabilities(t, cmd.Path, unix.CAP_BPF, unix.CAP_NET_ADMIN)
	for _, args := range [][]string{{}, {"--ready-after", "1ms", "--", "sleep", "100"}} {
		s := servertest.StartAs(t, nobody, append([]string{"-s", "reuseport", "--steer", "least-loaded", "-w", "2"}, args...)...)
		workers := s.Workers()
		for _, pid := range workers {
			servertest.Eventually(t, "the worker has begun", func() bool {
				return capabilities(t, pid, "CapPrm") == 0
			})
		}
		s.Stop(unix.SIGKILL)
		for _, pid := range workers {
			servertest.Eventually(t, fmt.Sprintf("worker %d of %v has left", pid, args), func() bool { return unix.Kill(pid, 0) != nil })
		}
	}
}

// setCapabilities is setcap(8) with +ep.
func setCapabilities(t *testing.T, path string, capabilities ...int) {
	t.Helper()
	const revision2, effective = 0x02000000, 1 // struct vfs_cap_data in linux/capability.h
	data := [5]uint32{revision2 | effective}   // then permitted and inheritable, twice
	for _, c := range capabilities {
		data[1+2*(c/32)] |= 1 << (c % 32)
	}
	var bytes []byte
	for _, word := range data {
		bytes = binary.LittleEndian.AppendUint32(bytes, word)
	}
	if err := unix.Setxattr(path, "security.capability", bytes, 0); err != nil {
		t.Skipf("this file system keeps no capabilities: %v", err)
	}
}
