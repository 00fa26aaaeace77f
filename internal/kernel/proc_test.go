//go:build linux

package kernel_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"prefork/internal/kernel"
)

// Without /proc, or with that of others, nobody is taken for dead, or for childless.
func TestWithoutProc(t *testing.T) {
	for play, namespaces := range map[string]uintptr{"without": unix.CLONE_NEWNS, "other pids": unix.CLONE_NEWPID} {
		t.Run(play, func(t *testing.T) {
			a := start(t, play, &syscall.SysProcAttr{
				Cloneflags:  unix.CLONE_NEWUSER | namespaces,
				UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
				GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
			})
			for range questions {
				line, err := a.out.ReadString('\n')
				if err != nil || !strings.Contains(line, "/proc is not mounted") || strings.HasSuffix(line, "gone: true\n") {
					t.Errorf("%q, %v", line, err)
				}
			}
		})
	}
}

var questions = map[string]func(pid int) error{
	"mounted":   func(int) error { return kernel.Mounted() },
	"processes": func(int) error { _, err := kernel.Processes(); return err },
	"parent":    func(pid int) error { _, err := kernel.Parent(pid); return err },
	"children":  func(pid int) error { _, err := kernel.Children(pid); return err },
	"family":    func(pid int) error { _, err := kernel.Family(pid); return err },
	"state":     func(pid int) error { _, err := kernel.State(pid); return err },
	"switches":  func(pid int) error { _, err := kernel.Switches(pid); return err },
	"waiting":   func(pid int) error { _, _, err := kernel.Waiting(pid, unix.SYS_READ); return err },
	"reaped":    func(pid int) error { _, err := kernel.ReapedCPU(pid); return err },
}

// reportProc asks each question about a process that is not in this /proc.
func reportProc() {
	for name, ask := range questions {
		fmt.Printf("%s: %v; gone: %v\n", name, ask(absent), kernel.Gone(absent))
	}
}

// absent is a number that no process can have.
const absent = 4<<20 + 1

func withoutProc() {
	if err := unix.Mount("none", "/proc", "tmpfs", 0, ""); err != nil {
		fmt.Println("mount:", err)
	}
	reportProc()
}
