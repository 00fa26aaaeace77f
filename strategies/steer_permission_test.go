//go:build linux

package strategies_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
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
