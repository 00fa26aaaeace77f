//go:build linux

package supervisor_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"prefork/internal/servertest"
)

// eachPair runs a test under every strategy with two addresses, of TCP and of whatever else
// it has, and in the ways in which workers can wait for both.
func eachPair(t *testing.T, test func(t *testing.T, args []string)) {
	path := func(t *testing.T) string { return "unix:" + filepath.Join(t.TempDir(), "s") }
	for name, c := range map[string]struct {
		args   []string
		second func(*testing.T) string
	}{
		"shared":           {[]string{"-s", "shared"}, path},
		"shared/exclusive": {[]string{"-s", "shared", "--accept", "exclusive"}, path},
		"shared/epoll":     {[]string{"-s", "shared", "--accept", "epoll"}, path},
		"reuseport":        {[]string{"-s", "reuseport"}, func(*testing.T) string { return "127.0.0.2:0" }},
		"reuseport/ring":   {[]string{"-s", "reuseport", "--overlap", "2"}, func(*testing.T) string { return "127.0.0.2:0" }},
		"dispatch":         {[]string{"-s", "dispatch"}, path},
		"shared/many":      {[]string{"-s", "shared", "--concurrency", "8"}, path},
		"dispatch/many":    {[]string{"-s", "dispatch", "--concurrency", "8"}, path},
	} {
		t.Run(name, func(t *testing.T) {
			test(t, append([]string{"--bind", "127.0.0.1:0", "--bind", c.second(t)}, c.args...))
		})
	}
}

// Clients of neither address notice a reload, that workers come and go, or an upgrade; when the
// server stops, they are refused and nothing else.
func TestSeveralAddressesUnderLoadLoseNothing(t *testing.T) {
	eachPair(t, func(t *testing.T, args []string) {
		s := servertest.Start(t, append(args, "-w", "2")...)
		var loads []*servertest.Load
		for _, at := range s.Each(2) {
			loads = append(loads, at.StartLoad(3))
		}
		more := func() {
			for _, load := range loads {
				load.More(t, 30)
			}
		}
		more()
		s.Signal(syscall.SIGHUP)
		s.Await("reloaded", 1)
		more()
		s.Signal(syscall.SIGTTIN)
		s.Await("scaled", 1)
		more()
		for n, workers := range []int{2, 1} {
			s.Signal(syscall.SIGTTOU)
			servertest.Eventually(t, "a worker has left", func() bool { return len(s.Workers()) == workers })
			s.Await("scaled", 2+n)
			more()
		}
		s.Signal(syscall.SIGUSR2)
		s.Await("upgraded", 1)
		s.Await("reloaded", 2)
		more()
		s.Signal(syscall.SIGTTIN)
		s.Await("scaled", 4)
		more()
		if code := s.Stop(syscall.SIGTERM); code != 0 {
			t.Errorf("exit code %d, want 0", code)
		}
		for i, load := range loads {
			for _, err := range load.Stop() {
				if !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, syscall.ENOENT) {
					t.Errorf("a client of address %d saw %v; nothing but a refusal is right", i, err)
				}
			}
		}
	})
}

// What is queued at either address is served at a stop, by workers that leave, and by those
// that are started for it where they have been killed.
func TestAStopServesWhatIsQueuedAtEachAddress(t *testing.T) {
	const queued = 12
	eachPair(t, func(t *testing.T, args []string) {
		for _, sig := range []syscall.Signal{syscall.SIGCONT, syscall.SIGKILL} {
			s := servertest.Start(t, append(args, "-w", "2")...)
			workers := s.Workers()
			for _, pid := range workers {
				_ = unix.Kill(pid, unix.SIGSTOP)
			}
			var answers []chan error
			for _, at := range s.Each(2) {
				for range queued {
					conn := at.Dial()
					answer := make(chan error, 1)
					answers = append(answers, answer)
					go func() {
						defer conn.Close()
						_, err := servertest.Greeting(conn)
						answer <- err
					}()
				}
			}
			s.Signal(syscall.SIGTERM)
			s.Await("stopping", 1)
			for _, pid := range workers {
				_ = unix.Kill(pid, sig)
			}
			for i, answer := range answers {
				if err := <-answer; err != nil {
					t.Errorf("%v: connection %d of address %d: %v", sig, i%queued, i/queued, err)
				}
			}
			if code := s.Wait(); code != 0 {
				t.Errorf("exit code %d, want 0", code)
			}
		}
	})
}

// A worker is none the worse for having several sockets: where one is stopped, nobody waits
// under shared, at neither address.
func TestAStuckWorkerIsNobodysUnderShared(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	s := servertest.Start(t, "--bind", "127.0.0.1:0", "--bind", "unix:"+path, "-w", "3")
	stuck := s.Workers()[0]
	_ = unix.Kill(stuck, unix.SIGSTOP)
	// Until it runs once more to heed the signal, it is in line and may be the one that is woken.
	servertest.Eventually(t, "worker stopped", func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", stuck))
		return err == nil && strings.Contains(string(stat), ") T ")
	})
	var answered []int
	for _, at := range s.Each(2) {
		for range 30 {
			answered = append(answered, at.Ask())
		}
	}
	if slices.Contains(answered, stuck) {
		t.Error("a stopped worker has answered")
	}
}
