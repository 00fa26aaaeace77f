//go:build linux

package supervisor_test

import (
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"prefork/internal/servertest"
)

// serviceManager is one end of sd_notify(3).
type serviceManager struct {
	t    *testing.T
	conn *net.UnixConn
	path string
}

func newServiceManager(t *testing.T) *serviceManager {
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &serviceManager{t, conn, path}
}

// await is the next message that begins with state.
func (s *serviceManager) await(state string) string {
	s.t.Helper()
	_ = s.conn.SetReadDeadline(time.Now().Add(time.Minute))
	buf := make([]byte, 4096)
	for {
		n, err := s.conn.Read(buf)
		if err != nil {
			s.t.Fatalf("%s does not come: %v", state, err)
		}
		if message := string(buf[:n]); strings.HasPrefix(message, state) {
			return message
		}
	}
}

// A service manager is told of the life of the service, and while the master turns that
// it does.
func TestServiceManager(t *testing.T) {
	t.Parallel()
	manager := newServiceManager(t)
	server := servertest.StartBare(t, func(cmd *exec.Cmd) {
		cmd.Env = append(cmd.Environ(), "NOTIFY_SOCKET="+manager.path, "WATCHDOG_USEC=200000")
	}, "--workers", "2", "--graceful-timeout", "7s")
	holds := func(message string, parts ...string) {
		t.Helper()
		for _, part := range parts {
			if !strings.Contains(message, part) {
				t.Errorf("no %q in %q", part, message)
			}
		}
	}
	holds(manager.await("READY=1"), "MAINPID=", "STATUS=2 of 2 workers ready, generation 1")
	manager.await("WATCHDOG=1")
	server.Signal(syscall.SIGHUP)
	holds(manager.await("RELOADING=1"), "MONOTONIC_USEC=", "STATUS=reloading")
	holds(manager.await("READY=1"), "generation 2")
	server.Signal(syscall.SIGUSR2)
	holds(manager.await("READY=1"), "MAINPID=")
	manager.await("WATCHDOG=1")
	server.Signal(syscall.SIGTERM)
	holds(manager.await("STOPPING=1"), "EXTEND_TIMEOUT_USEC=12000000", "for 7s at most")
}
