//go:build linux

package supervisor_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"prefork/internal/kernel"
	"prefork/internal/servertest"
)

// server is a program that answers with its own pid; how it is started is what the
// tests are about.
const server = `
import os, socket, sys
if len(sys.argv) > 2:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
s = socket.socket(fileno=3)
print("serving", os.getpid(), file=open(sys.argv[1], "a"), flush=True)
while True:
    c, _ = s.accept()
    c.sendall(b"Hello from %d\n" % os.getpid())
    c.close()
`

// wrappings are ways in which a worker's process is not the one that serves.
var wrappings = map[string]string{
	"a shell that does not exec":    `python3 "$0" "$1"; echo ended`,
	"a shell that forks":            `python3 "$0" "$1" & wait`,
	"a child with a session":        `setsid --wait python3 "$0" "$1"`,
	"a daemon of its own":           `setsid --fork python3 "$0" "$1"; sleep 1h`,
	"a daemon that forgets whose":   `env -i PATH="$PATH" setsid --fork python3 "$0" "$1"; sleep 1h`,
	"a leader that leaves at once":  `setsid --fork python3 "$0" "$1"; sleep 0.5`,
	"a child that ignores TERM":     `(trap "" TERM; exec python3 "$0" "$1") & wait`,
	"a shell that ignores TERM too": `trap "" TERM; python3 "$0" "$1"`,
}

// plain is the worker's process itself.
const plain = `exec python3 "$0" "$1"`

// wrapped starts a server whose workers are wrapped so, and says which processes have
// ever served.
func wrapped(t *testing.T, command string, args ...string) (s *servertest.Server, served func() []int) {
	t.Helper()
	servertest.NeedTool(t, "python3")
	dir := t.TempDir()
	program, list := filepath.Join(dir, "server.py"), filepath.Join(dir, "served")
	// Some of them change their user.
	err := errors.Join(os.WriteFile(program, []byte(server), 0o644), os.WriteFile(list, nil, 0o666), os.Chmod(list, 0o666),
		os.Chmod(dir, 0o755), os.Chmod(filepath.Dir(dir), 0o755))
	if err != nil {
		t.Fatal(err)
	}
	flags := append([]string{"-w", "2", "--graceful-timeout", "1s", "--ready-after", "200ms"}, args...)
	s = servertest.Start(t, append(flags, "--", "sh", "-c", command, program, list)...)
	served = func() (pids []int) {
		text, _ := os.ReadFile(list)
		for line := range strings.Lines(string(text)) {
			pid, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(line, "serving ")))
			if err == nil {
				pids = append(pids, pid)
			}
		}
		return pids
	}
	servertest.Eventually(t, "both serve", func() bool { return len(served()) >= 2 })
	return s, served
}

func allGone(t *testing.T, what string, pids []int) {
	t.Helper()
	for _, pid := range pids {
		servertest.Eventually(t, what, func() bool { return kernel.Gone(pid) })
	}
}

// Whatever a worker has started ends with it: at a reload, and at a stop.
func TestNothingOfAWorkerStays(t *testing.T) {
	for how, command := range wrappings {
		t.Run(how, func(t *testing.T) {
			s, served := wrapped(t, command)
			old := served()
			s.Signal(syscall.SIGHUP)
			s.Await("reloaded", 1)
			if how != "a daemon that forgets whose" { // it can be told from others only at the end
				allGone(t, "what the old workers started is gone", old)
			}
			s.Ask()
			if code := s.Stop(syscall.SIGTERM); code != 0 {
				t.Errorf("exit code %d, want 0", code)
			}
			allGone(t, "what workers started is gone", served())
		})
	}
}

// A killed master's workers do as --on-master-death says, whoever they are.
func TestProgramsEndWithAKilledMaster(t *testing.T) {
	ways := map[string]string{
		"as it is":             `exec python3 "$0" "$1"`,
		"another user":         `exec python3 "$0" "$1" drop`,
		"without capabilities": `exec setpriv --bounding-set=-all python3 "$0" "$1"`,
		"wrapped":              wrappings["a shell that does not exec"],
		"in a session":         wrappings["a child with a session"],
		"a daemon":             wrappings["a daemon of its own"],
		"ignores TERM":         wrappings["a shell that ignores TERM too"],
	}
	for how, command := range ways {
		t.Run(how, func(t *testing.T) {
			if how == "another user" && os.Getuid() != 0 {
				t.Skip("only root changes its user")
			}
			for _, strategy := range []string{"shared", "reuseport"} {
				s, served := wrapped(t, command, "-s", strategy)
				s.Stop(syscall.SIGKILL)
				allGone(t, "the workers of the killed master are gone", served())
				servertest.Eventually(t, "the port is free", func() bool {
					_, err := s.TryAsk()
					return err != nil
				})
			}
		})
	}
}

func TestProgramsGoOnWithoutAMasterWhereAsked(t *testing.T) {
	for _, strategy := range []string{"shared", "reuseport"} {
		s, served := wrapped(t, plain, "-s", strategy, "--on-master-death", "serve")
		s.Stop(syscall.SIGKILL)
		for range 20 {
			s.Ask()
		}
		for _, pid := range served() {
			_ = unix.Kill(pid, unix.SIGTERM)
		}
		allGone(t, "they end when told", served())
	}
}

// Programs do not drain, so what is queued is served before they are told.
func TestAStopServesWhatIsQueuedForPrograms(t *testing.T) {
	for _, strategy := range []string{"shared", "reuseport"} {
		s, served := wrapped(t, plain, "-s", strategy, "--graceful-timeout", "20s")
		for _, pid := range served() {
			_ = unix.Kill(pid, unix.SIGSTOP)
		}
		answers := make(chan error, 20)
		for range cap(answers) {
			conn := s.Dial()
			go func() {
				defer conn.Close()
				_, err := servertest.Greeting(conn)
				answers <- err
			}()
		}
		s.Signal(syscall.SIGTERM)
		s.Await("stopping", 1)
		for _, pid := range served() {
			_ = unix.Kill(pid, unix.SIGCONT)
		}
		for range cap(answers) {
			if err := <-answers; err != nil {
				t.Errorf("%s: a queued connection: %v", strategy, err)
			}
		}
		s.Wait()
	}
}

// Two masters with one pid file: the second is refused, and the file stays as it is.
func TestThePIDFileOfAnother(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pid")
	one := servertest.Start(t, "-w", "1", "--pid-file", path)
	second := servertest.Command("--bind", "127.0.0.1:0", "-w", "1", "--pid-file", path)
	said, err := second.CombinedOutput()
	if err == nil || !strings.Contains(string(said), itoa(one.PID())) {
		t.Errorf("the second master ended with %v, saying %q; want an error that names %d", err, said, one.PID())
	}
	if text := readFile(t, path); text != itoa(one.PID())+"\n" {
		t.Errorf("the pid file says %q", text)
	}
	// One that was left behind is nobody's, whatever process has that number by now.
	one.Stop(syscall.SIGKILL)
	if err := os.WriteFile(path, []byte(itoa(os.Getpid())+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	two := servertest.Start(t, "-w", "1", "--pid-file", path)
	if text := readFile(t, path); text != itoa(two.PID())+"\n" {
		t.Errorf("the pid file says %q, want %d", text, two.PID())
	}
	// What somebody else has put there since is not removed.
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	two.Stop(syscall.SIGTERM)
	if text := readFile(t, path); text != "1\n" {
		t.Errorf("the file of another says %q", text)
	}
}

// A user that may have no more processes: the master goes on, and the service with it.
func TestTheMasterOutlivesTheLimitOnProcesses(t *testing.T) {
	const room = "80" // tasks, of which a worker has a handful
	nobody := servertest.AsNobody(t)
	s := servertest.StartAs(t, func(cmd *exec.Cmd) {
		nobody(cmd)
		cmd.Args = append([]string{"bash", "-c", "ulimit -u " + room + ` && exec "$0" "$@"`, cmd.Path}, cmd.Args[1:]...)
		cmd.Path = "/bin/bash"
	}, "-w", "2")
	for more := 1; !strings.Contains(s.LogText(), "cannot start a worker") && !strings.Contains(s.LogText(), "unasked"); more++ {
		if more > 80 {
			t.Fatal("there is no limit here")
		}
		s.Signal(syscall.SIGTTIN)
		s.Await("scaling", more)
	}
	s.Signal(syscall.SIGHUP)
	s.Await("reloading", 1)
	// A worker that gets no thread for its first connection ends, and takes that with it.
	for answered := 0; answered < 20; {
		if _, err := s.TryAsk(); err == nil {
			answered++
		}
	}
	if code := s.Stop(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}
