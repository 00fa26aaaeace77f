//go:build linux

package strategies_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	signals "os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"

	"prefork/internal/servertest"
	"prefork/strategies/accept"
)

// markEnv names a file by which a test and the programs that it has started as workers
// speak.
const markEnv = "TEST_MARK"

// program is a worker that is this binary in a role.
func program(t *testing.T, role string) (args []string, mark string) {
	self, err := os.Executable()
	check(t, err)
	mark = shortDir(t) + "/mark"
	return []string{"--ready-after", "0", "--", "env", roleEnv + "=" + role, markEnv + "=" + mark, self}, mark
}

// serveHello answers until it is told to stop, and then those that are queued.
func serveHello() {
	stopping, stop := signals.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	listener, err := accept.Listen(stopping, "")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for {
		conn, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Fprintf(conn, "Hello from %d\n", os.Getpid())
		_ = conn.Close()
	}
}

// breakFirst breaks its socket if it is the first to come, and then waits to be told to
// stop. It serves if it is not.
func breakFirst() {
	file, err := os.OpenFile(os.Getenv(markEnv), os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		serveHello()
		return
	}
	_ = file.Close()
	_ = unix.Shutdown(accept.InheritedFD, unix.SHUT_RDWR)
	stopping, stop := signals.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	_, _ = daemon.SdNotify(false, daemon.SdNotifyReady)
	<-stopping.Done()
}

// serveLate is not ready before the mark is there.
func serveLate() {
	for {
		if _, err := os.Stat(os.Getenv(markEnv)); err == nil {
			break
		}
		time.Sleep(time.Millisecond)
	}
	serveHello()
}

// A worker that breaks the socket over which it gets connections is replaced, and no
// client hears of it.
func TestAWorkerThatBreaksItsPairIsReplaced(t *testing.T) {
	args, mark := program(t, "break")
	s := servertest.Launch(t, append([]string{"-s", "dispatch", "-w", "2"}, args...)...)
	for range 40 {
		s.Ask()
	}
	if _, err := os.Stat(mark); err != nil {
		t.Fatal("no worker has broken its socket")
	}
	answered := map[int]bool{}
	servertest.Eventually(t, "there are two that answer", func() bool {
		answered[s.Ask()] = true
		return len(answered) >= 2
	})
}

// Who waits for a worker that is still starting when the master is told to stop is passed
// on to it.
func TestAStartingWorkerIsWaitedForAtAStop(t *testing.T) {
	args, mark := program(t, "late")
	s := servertest.Launch(t, append([]string{"-s", "dispatch", "-w", "1"}, args...)...)
	s.Await("worker started", 1)
	conns := dialMany(t, s, queued)
	s.Signal(syscall.SIGTERM)
	s.Await("stopping", 1)
	check(t, os.WriteFile(mark, nil, 0o600))
	for i, conn := range conns {
		if _, err := servertest.Greeting(conn); err != nil {
			t.Fatalf("queued connection %d: %v", i, err)
		}
	}
	if code := s.Wait(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
