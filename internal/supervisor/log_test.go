//go:build linux

package supervisor_test

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"prefork/internal/servertest"
)

// reader has a server's log read by the test, as far as that likes.
type reader struct {
	*servertest.Bare
	from  *os.File
	lines *bufio.Scanner
}

func startWithReader(t *testing.T, args ...string) *reader {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	// A page, which a few lines fill.
	if _, err := unix.FcntlInt(w.Fd(), unix.F_SETPIPE_SZ, os.Getpagesize()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	bare := servertest.StartBare(t, func(cmd *exec.Cmd) { cmd.Stderr = w }, args...)
	return &reader{bare, r, bufio.NewScanner(r)}
}

// until reads up to a line with some text in it.
func (r *reader) until(t *testing.T, text string) {
	t.Helper()
	for r.lines.Scan() {
		if strings.Contains(r.lines.Text(), text) {
			return
		}
	}
	t.Fatalf("the log ended without %q", text)
}

// Who reads the log may leave: the service goes on, and ends when it is told.
func TestTheServiceOutlivesTheReaderOfItsLog(t *testing.T) {
	eachStrategy(t, func(t *testing.T, strategy string) {
		r := startWithReader(t, "-s", strategy, "-w", "2")
		r.until(t, "msg=ready")
		_ = r.from.Close()
		for range 3 {
			before := r.Ask(t)
			r.Signal(syscall.SIGHUP)
			servertest.Eventually(t, "new workers answer", func() bool { return r.Ask(t) != before })
		}
		if code := r.Stop(syscall.SIGTERM); code != 0 {
			t.Errorf("exit code %d, want 0", code)
		}
	})
}

// A reader that stalls holds nobody up, and is told later what it has missed.
func TestTheServiceDoesNotWaitForTheReaderOfItsLog(t *testing.T) {
	r := startWithReader(t, "-w", "2", "--log-level", "debug")
	r.until(t, "msg=ready")
	// Far more lines than the pipe and the master hold.
	for range 400 {
		r.Signal(syscall.SIGTTIN)
		r.Signal(syscall.SIGTTOU)
		r.Signal(syscall.SIGHUP)
		r.Ask(t)
	}
	killed := r.Ask(t)
	_ = unix.Kill(killed, unix.SIGKILL)
	servertest.Eventually(t, "others answer", func() bool { return r.Ask(t) != killed })
	r.Signal(syscall.SIGTERM)
	if code := r.Wait(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

// A full disk is no reason to stop either.
func TestTheServiceOutlivesAFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full here: ", err)
	}
	defer full.Close()
	s := servertest.StartBare(t, func(cmd *exec.Cmd) { cmd.Stderr = full }, "-w", "2")
	before := s.Ask(t)
	s.Signal(syscall.SIGHUP)
	servertest.Eventually(t, "new workers answer", func() bool { return s.Ask(t) != before })
	if code := s.Stop(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}
