//go:build linux

package supervisor_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/servertest"
)

// A new master that is told to stop before it is ready leaves the old one as it was:
// it has the same sockets.
func TestAnHeirThatIsStoppedEarlyTakesNothingAlong(t *testing.T) {
	check := func(t *testing.T, args ...string) {
		who, replace := replaceable(t)
		t.Setenv("PREFORK_READY_AFTER", "1ms")
		s := servertest.StartAs(t, who, append(args, "-w", "3", "--", "sleep", "100")...)
		replace(`export PREFORK_READY_AFTER=1h`)
		s.Signal(syscall.SIGUSR2)
		heir := s.Await("upgrading", 1).Int("pid")
		s.Await("listening", 2)
		if err := unix.Kill(heir, unix.SIGTERM); err != nil {
			t.Fatal(err)
		}
		s.Await("the new binary did not get ready; this one goes on", 1)
		for range 8 {
			s.Dial().Close()
		}
	}
	eachStrategy(t, func(t *testing.T, strategy string) { check(t, "-s", strategy) })
	for _, strategy := range []string{"shared", "dispatch"} {
		t.Run(strategy+" on a Unix socket", func(t *testing.T) {
			check(t, "-s", strategy, "--bind", "unix:"+filepath.Join(t.TempDir(), "s"))
		})
	}
}

// replaceable has a command run by a path at which replace then puts a script in its
// place, which becomes the command after some preparation.
func replaceable(t *testing.T) (who func(*exec.Cmd), replace func(preparation string)) {
	path := filepath.Join(t.TempDir(), "prefork")
	self, err := os.Executable()
	if err == nil {
		err = os.Symlink(self, path)
	}
	if err != nil {
		t.Fatal(err)
	}
	who = func(cmd *exec.Cmd) { cmd.Path, cmd.Args[0] = path, path }
	return who, func(preparation string) {
		script := fmt.Sprintf("#!/bin/sh\n%s\nexec %s \"$@\"\n", preparation, self)
		if err := os.WriteFile(path+".new", []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
}

// While the old master waits for a worker, the sockets are those of both: the new
// one scales when it is alone.
func TestScaleWhileTheOldMasterDrainsLosesNothing(t *testing.T) {
	eachStrategy(t, func(t *testing.T, strategy string) {
		for sig, workers := range map[syscall.Signal]int{syscall.SIGTTOU: 2, syscall.SIGTTIN: 4} {
			s := servertest.Start(t, "-s", strategy, "-w", "3", "--app", "work", "--read-timeout", "1h")
			held := s.Dial()
			defer held.Close()
			servertest.Eventually(t, "a worker serves", func() bool {
				return s.Scores().Slot(0).Open+s.Scores().Slot(1).Open+s.Scores().Slot(2).Open == 1
			})
			s.Signal(syscall.SIGUSR2)
			heir := s.Await("upgrading", 1).Int("pid")
			s.Await("the new binary is ready; this one leaves", 1)
			if err := unix.Kill(heir, sig); err != nil {
				t.Fatal(err)
			}
			s.Await("scaling", 1)
			// A slot that was retired at once would be closed in this time.
			for began := time.Now(); time.Since(began) < 1500*time.Millisecond; {
				askForWork(t, s)
			}
			write(t, held, "sleep 0s\n")
			if _, err := servertest.Greeting(held); err != nil {
				t.Errorf("what an old worker held: %v", err)
			}
			s.Wait()
			servertest.Eventually(t, fmt.Sprintf("there are %d workers", workers), func() bool { return len(workersOf(heir)) == workers })
			askForWork(t, s)
			s.EndHeir(heir)
		}
	})
}

func askForWork(t *testing.T, s *servertest.Server) {
	t.Helper()
	conn := s.Dial()
	defer conn.Close()
	write(t, conn, "sleep 0s\n")
	if _, err := servertest.Greeting(conn); err != nil {
		t.Error(err)
	}
}

// workersOf are the children of a master whose scoreboard is not at hand.
func workersOf(master int) (pids []string) {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", master))
	for _, task := range tasks {
		text, _ := os.ReadFile(task)
		pids = append(pids, strings.Fields(string(text))...)
	}
	return pids
}
