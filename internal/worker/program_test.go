//go:build linux

package worker_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"prefork/internal/kernel"
	"prefork/internal/servertest"
	"prefork/internal/worker"
)

// say is a program that says something to its stderr, and then lives on.
func say(script string, args ...string) []string {
	return append([]string{"-w", "1", "--ready-after", "10ms", "--", "sh", "-c", script + ` >&2; exec sleep 600`, "program"}, args...)
}

func awaitWords(t *testing.T, s *servertest.Server, words string) {
	t.Helper()
	servertest.Eventually(t, "it says "+words, func() bool { return strings.Contains(s.LogText(), words) })
}

// Arguments are bytes, and as many as the system takes.
func TestAProgramGetsItsArgumentsAsTheyAre(t *testing.T) {
	s := servertest.Start(t, say(`printf %s "$1" | od -An -tx1`, "caf\xe9.conf")...)
	awaitWords(t, s, "63 61 66 e9 2e 63 6f 6e 66")
	long := strings.Repeat("x", 100000)
	s = servertest.Start(t, say(`echo $# of ${#1} and ${#2}`, long, long)...)
	awaitWords(t, s, "2 of 100000 and 100000")
}

// A program that is given by its name in a directory of releases is the present one at
// each start.
func TestAProgramBehindAMovedLink(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	current := filepath.Join(dir, "current")
	for _, release := range []string{"one", "two"} {
		script := "#!/bin/sh\necho this is release " + release + " >&2\nexec sleep 600\n"
		if err := errors.Join(os.Mkdir(filepath.Join(dir, release), 0o700), os.WriteFile(filepath.Join(dir, release, "server"), []byte(script), 0o700)); err != nil {
			t.Fatal(err)
		}
	}
	point := func(release string) {
		t.Helper()
		if err := errors.Join(os.Symlink(release, current+".new"), os.Rename(current+".new", current)); err != nil {
			t.Fatal(err)
		}
	}
	point("one")
	in := func(cmd *exec.Cmd) {
		cmd.Dir = current
		cmd.Env = append(cmd.Env, "PWD="+current)
	}
	s := servertest.StartAs(t, in, "-w", "1", "--ready-after", "10ms", "--", "./server")
	awaitWords(t, s, "this is release one")
	point("two")
	s.Signal(syscall.SIGHUP)
	awaitWords(t, s, "this is release two")
}

// Programs hear of the master's death, though root's exec could give them back what the
// master needs to steer: whenever capabilities grow, the kernel forgets the death signal.
func TestAProgramEndsWithItsMaster(t *testing.T) {
	as := map[string]func(*exec.Cmd){"as we are": func(*exec.Cmd) {}, "as nobody": servertest.AsNobody(t)}
	for name, who := range as {
		t.Run(name, func(t *testing.T) {
			s := servertest.StartAs(t, who, say(`grep -E '^Cap(Bnd|Eff|Prm)' /proc/$$/status; echo said`)...)
			awaitWords(t, s, "said")
			program := s.Workers()[0]
			s.Signal(syscall.SIGKILL)
			servertest.Eventually(t, "the program is gone", func() bool { return kernel.Gone(program) })
		})
	}
}

// A master blocks signals that it reads from a descriptor. A child begins with its mask.
func TestAProgramIsStartedWithAllSignals(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var all, before unix.Sigset_t
	for i := range all.Val {
		all.Val[i] = ^uint64(0)
	}
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &all, &before); err != nil {
		t.Fatal(err)
	}
	defer unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil)
	status := filepath.Join(t.TempDir(), "status")
	// Not by a shell, which has its own mind about signals.
	launch := worker.Launch{Program: []string{"cp", "/proc/self/status", status}, Strategy: "shared"}
	run(t, launch, os.Stderr)
	text, err := os.ReadFile(status)
	if err != nil || !strings.Contains(string(text), "SigBlk:\t0000000000000000") {
		t.Errorf("%v, want no signal blocked:\n%s", err, text)
	}
}

// run runs a program as a master does, to its end.
func run(t *testing.T, launch worker.Launch, stderr *os.File) {
	t.Helper()
	pid, err := launch.Start(0, 0, nil, stderr)
	if err != nil {
		t.Fatal(err)
	}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil || status != 0 {
		t.Errorf("the program's end: %v, %v", status, err)
	}
}

// What a dead reader's pipe would do to each successor too, /dev/null does not.
func TestAProgramWhoseWordsNobodyReads(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	run(t, worker.Launch{Program: []string{"sh", "-c", "echo hello >&2"}, Strategy: "shared"}, w)
}
