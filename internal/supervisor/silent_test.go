//go:build linux

package supervisor_test

import (
	"io"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"prefork/internal/servertest"
)

// A client that says nothing does not hold its worker for ever, on any kind of
// address: connections of a Unix-domain one do not inherit the listener's
// receive timeout.
func TestSilentClientIsDropped(t *testing.T) {
	for _, bind := range []string{"127.0.0.1:0", "unix:" + filepath.Join(t.TempDir(), "s")} {
		s := servertest.Start(t, "-w", "1", "--app", "work", "--read-timeout", "200ms", "--bind", bind)
		silent := s.Dial()
		defer silent.Close()
		if text, err := io.ReadAll(silent); err != nil || len(text) > 0 {
			t.Errorf("%s: the silent client got %q, error %v; want the end", bind, text, err)
		}
		s.Stop(syscall.SIGTERM)
	}
}

// A worker that is draining when its master dies has a second left, no more.
func TestMasterKilledWhileWorkersDrain(t *testing.T) {
	s := servertest.Start(t, "-w", "1", "--app", "echo", "--graceful-timeout", "1h")
	held := s.Dial()
	defer held.Close()
	servertest.Eventually(t, "the worker serves", func() bool { return s.Scores().Slot(0).Open == 1 })
	worker := s.Workers()[0]
	s.Signal(syscall.SIGTERM)
	s.Await("stopping", 1)
	s.Stop(syscall.SIGKILL)
	servertest.Eventually(t, "the worker has left", func() bool { return unix.Kill(worker, 0) != nil })
}
