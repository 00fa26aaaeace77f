//go:build linux

package supervisor_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/servertest"
)

// movable has a command run from a copy of the test binary, which a test may put
// another file in the place of.
func movable(t *testing.T) (path string, who func(*exec.Cmd)) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "prefork")
	copyBinary(t, path)
	return path, func(cmd *exec.Cmd) { cmd.Path, cmd.Args[0] = path, path }
}

func copyBinary(t *testing.T, path string) {
	t.Helper()
	self, err := os.ReadFile("/proc/self/exe")
	if err := errors.Join(err, os.WriteFile(path+".new", self, 0o755), os.Rename(path+".new", path)); err != nil {
		t.Fatal(err)
	}
}

// upgraded waits for the nth upgrade, and until all workers are of the new binary.
func upgraded(t *testing.T, s *servertest.Server, n int) {
	t.Helper()
	s.Await("upgraded", n)
	s.Await("reloaded", n)
}

// The master's number stays, its workers are new, and nobody notices.
func TestUpgradesInARowLoseNothing(t *testing.T) {
	eachWay(t, func(t *testing.T, strategy string) {
		pidFile := filepath.Join(t.TempDir(), "pid")
		s := servertest.Start(t, "-s", strategy, "-w", "3", "--pid-file", pidFile)
		load := s.StartLoad(4)
		const upgrades = 4
		for n := 1; n <= upgrades; n++ {
			before := s.Workers()
			load.More(t, 50)
			s.Signal(syscall.SIGUSR2)
			upgraded(t, s, n)
			for _, pid := range s.Workers() {
				if slices.Contains(before, pid) {
					t.Errorf("worker %d is of the binary before", pid)
				}
			}
			load.More(t, 50)
		}
		never(t, load)
		if text := readFile(t, pidFile); text != itoa(s.PID())+"\n" {
			t.Errorf("the pid file says %q, want %d", text, s.PID())
		}
		if code := s.Stop(syscall.SIGTERM); code != 0 {
			t.Errorf("exit code %d, want 0", code)
		}
		if _, err := os.Stat(pidFile); err == nil {
			t.Error("the pid file is left behind")
		}
	})
}

func TestUpgradeKeepsWhatSignalsHaveSet(t *testing.T) {
	eachStrategy(t, func(t *testing.T, strategy string) {
		s := servertest.Start(t, "-s", strategy, "-w", "1")
		s.Signal(syscall.SIGTTIN)
		s.Await("scaled", 1)
		s.Signal(syscall.SIGUSR2)
		upgraded(t, s, 1)
		if got := len(s.Workers()); got != 2 {
			t.Errorf("%d workers after the upgrade, want 2", got)
		}
		for range 20 {
			s.Ask()
		}
		s.Signal(syscall.SIGTTOU)
		s.Await("scaled", 2)
		for range 20 {
			s.Ask()
		}
	})
}

func TestUpgradeOverUnixSocketKeepsThePath(t *testing.T) {
	for _, strategy := range []string{"shared", "dispatch"} {
		t.Run(strategy, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s")
			s := servertest.Start(t, "-s", strategy, "-w", "2", "--bind", "unix:"+path)
			for n := 1; n <= 2; n++ {
				s.Signal(syscall.SIGUSR2)
				upgraded(t, s, n)
				s.Ask()
			}
			s.Stop(syscall.SIGTERM)
			if _, err := os.Stat(path); err == nil {
				t.Error("the path is left behind")
			}
		})
	}
}

// Connections that wait for a worker are there after the upgrade, wherever they wait:
// in a kernel queue, in a pair, in the master's hands.
func TestUpgradeKeepsWhatIsQueued(t *testing.T) {
	eachStrategy(t, func(t *testing.T, strategy string) {
		args := []string{"-s", strategy, "-w", "1", "--app", "work"}
		if strategy == "dispatch" {
			args = append(args, "--window", "2")
		}
		s := servertest.Start(t, args...)
		worker := s.Workers()[0]
		_ = unix.Kill(worker, unix.SIGSTOP)
		var waiting []net.Conn
		for range 30 {
			conn := s.Dial()
			defer conn.Close()
			write(t, conn, "sleep 0s\n")
			waiting = append(waiting, conn)
		}
		s.Signal(syscall.SIGUSR2)
		s.Await("upgraded", 1)
		_ = unix.Kill(worker, unix.SIGCONT)
		for _, conn := range waiting {
			if _, err := servertest.Greeting(conn); err != nil {
				t.Errorf("a queued connection: %v", err)
			}
		}
	})
}

// A binary that cannot go on is refused with its words, and nothing has changed.
func TestUpgradeIsRefusedWithItsWords(t *testing.T) {
	script := func(text string) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			if err := errors.Join(os.WriteFile(path+".new", []byte(text), 0o755), os.Rename(path+".new", path)); err != nil {
				t.Fatal(err)
			}
		}
	}
	tests := map[string]struct {
		put  func(t *testing.T, path string)
		says string
	}{
		"deleted":             {func(t *testing.T, path string) { _ = os.Remove(path) }, "no such file"},
		"not executable":      {func(t *testing.T, path string) { _ = os.Chmod(path, 0o644) }, "permission denied"},
		"broken":              {script("\x7fELF and nothing else"), "exec format error"},
		"complains":           {script("#!/bin/sh\necho no such flag >&2\nexit 2\n"), "exited with status 2, saying: no such flag"},
		"says nothing":        {script("#!/bin/sh\nexit 0\n"), "is it a prefork?"},
		"says something else": {script("#!/bin/sh\necho maybe\n"), "is it a prefork?"},
		"crashes":             {script("#!/bin/sh\nkill -SEGV $$\n"), "was killed by SIGSEGV"},
		"reads the state":     {script("#!/bin/sh\ncat <&3 >/dev/null\nexec sleep 0.1\n"), "is it a prefork?"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path, who := movable(t)
			s := servertest.StartAs(t, who, "-w", "2")
			before := s.Workers()
			test.put(t, path)
			s.Signal(syscall.SIGUSR2)
			record := s.Await("not upgraded: this binary goes on as before", 1)
			if got := record.String("error"); !strings.Contains(got, test.says) {
				t.Errorf("the log says %q, want %q in it", got, test.says)
			}
			if now := s.Workers(); !slices.Equal(now, before) {
				t.Errorf("workers %v, want those of before: %v", now, before)
			}
			s.Ask()
			copyBinary(t, path) // a later try is as good as any
			s.Signal(syscall.SIGUSR2)
			upgraded(t, s, 1)
			s.Ask()
		})
	}
}

// Whatever else is asked for while one binary takes the other's place happens, once.
func TestSignalsAroundAnUpgrade(t *testing.T) {
	eachStrategy(t, func(t *testing.T, strategy string) {
		s := servertest.Start(t, "-s", strategy, "-w", "2")
		load := s.StartLoad(3)
		random := rand.New(rand.NewPCG(7, uint64(len(strategy))))
		kills := 0
		const rounds = 6
		for n := 1; n <= rounds; n++ {
			s.Signal(syscall.SIGUSR2)
			time.Sleep(time.Duration(random.IntN(60)) * time.Millisecond) // any moment of it is as good as another
			switch n % 3 {
			case 0:
				s.Signal(syscall.SIGHUP)
			case 1:
				s.Signal(syscall.SIGTTIN)
			case 2:
				if workers := s.Workers(); len(workers) > 0 {
					_ = unix.Kill(workers[random.IntN(len(workers))], unix.SIGKILL)
					kills++
				}
			}
			s.Await("upgraded", n)
			servertest.Eventually(t, "all are there", func() bool { return len(s.Workers()) == 2+(n+2)/3 })
			load.More(t, 20)
		}
		if failed := load.Stop(); len(failed) > kills {
			t.Errorf("%d kills broke %d connections, such as: %v", kills, len(failed), failed[0])
		}
	})
}

// A stop that comes at any moment of an upgrade ends everything: servertest looks for
// what is left.
func TestStopAtAnyMomentOfAnUpgrade(t *testing.T) {
	eachStrategy(t, func(t *testing.T, strategy string) {
		for pause := time.Duration(0); pause <= 120*time.Millisecond; pause += 30 * time.Millisecond {
			s := servertest.Start(t, "-s", strategy, "-w", "2")
			s.Signal(syscall.SIGUSR2)
			time.Sleep(pause)
			// In the moment in which the new binary begins, the signal itself ends it.
			if code := s.Stop(syscall.SIGTERM); code != 0 && code != -1 {
				t.Errorf("after %v: exit code %d, want 0", pause, code)
			}
		}
	})
}

// A worker that dies while there is nobody to hear of it is replaced.
func TestAWorkerThatDiesDuringTheUpgradeIsReplaced(t *testing.T) {
	path, who := movable(t)
	s := servertest.StartAs(t, who, "-w", "2")
	real := path + ".real"
	if err := os.Rename(path, real); err != nil {
		t.Fatal(err)
	}
	// This one says yes, and when it is run in the master's place kills a worker before
	// it goes on.
	victim := s.Workers()[0]
	text := fmt.Sprintf("#!/bin/sh\n[ \"$1\" = can-take-over ] || kill -9 %d\nexec %s \"$@\"\n", victim, real)
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	s.Signal(syscall.SIGUSR2)
	upgraded(t, s, 1)
	if now := s.Workers(); len(now) != 2 || slices.Contains(now, victim) {
		t.Errorf("workers %v; the killed one was %d", now, victim)
	}
	s.Ask()
}

// A new binary that says yes and then cannot go on gives the service back.
func TestABinaryThatCannotGoOnGivesTheServiceBack(t *testing.T) {
	path, who := movable(t)
	s := servertest.StartAs(t, who, "-w", "2")
	real := path + ".real"
	if err := os.Rename(path, real); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("#!/bin/sh\n[ \"$1\" = can-take-over ] || set -- \"$@\" --strategy dispatch\nexec %s \"$@\"\n", real)
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	before := s.Workers()
	s.Signal(syscall.SIGUSR2)
	s.Await("not upgraded: this binary goes on as before", 1)
	s.Ask()
	if now := s.Workers(); !slices.Equal(now, before) {
		t.Errorf("workers %v, want those of before: %v", now, before)
	}
}

// PID 1 of a container must not end: the kernel would end all in it.
func TestUpgradeAsPID1(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("a PID namespace takes root here")
	}
	who := func(cmd *exec.Cmd) {
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS}
		// /proc of the namespace: a shell mounts it and becomes the server.
		cmd.Args = append([]string{"sh", "-c", `mount -t proc proc /proc && exec "$@"`, "sh", cmd.Path}, cmd.Args[1:]...)
		cmd.Path = "/bin/sh"
	}
	s := servertest.StartAs(t, who, "-w", "2")
	if pid := s.Await("ready", 1).Int("pid"); pid != 1 {
		t.Fatalf("the master is process %d of its namespace, want 1", pid)
	}
	for n := 1; n <= 2; n++ {
		s.Signal(syscall.SIGUSR2)
		upgraded(t, s, n)
		s.Ask()
	}
}

// As many sockets as a big machine has go along.
func TestUpgradeWithManySockets(t *testing.T) {
	s := servertest.Start(t, "-s", "reuseport", "-w", "64")
	s.Signal(syscall.SIGUSR2)
	s.Await("upgraded", 1)
	for range 50 {
		s.Ask()
	}
	s.Await("reloaded", 1)
	s.Ask()
}
