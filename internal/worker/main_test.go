//go:build linux

package worker_test

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"prefork/internal/kernel"
	"prefork/internal/servertest"
	"prefork/strategies"
)

func TestMain(m *testing.M) { servertest.Main(m) }

func eachStrategy(t *testing.T, test func(t *testing.T, strategy string)) {
	for _, strategy := range strategies.Strategies {
		t.Run(strategy.Name, func(t *testing.T) { test(t, strategy.Name) })
	}
}

// freeze stops processes, as a debugger or a paused machine does.
func freeze(t *testing.T, pids ...int) {
	t.Helper()
	for _, pid := range pids {
		_ = unix.Kill(pid, unix.SIGSTOP)
		servertest.Eventually(t, fmt.Sprintf("process %d is stopped", pid), func() bool { return kernel.Stopped(pid) })
	}
}

func thaw(pids ...int) {
	for _, pid := range pids {
		_ = unix.Kill(pid, unix.SIGCONT)
	}
}
