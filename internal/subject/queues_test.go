//go:build linux

package subject_test

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"prefork/internal/kernel"
	"prefork/internal/servertest"
	"prefork/internal/subject"
)

// What waits while all workers are stopped is in the queues where the strategy
// keeps it, and nowhere else.
func TestQueues(t *testing.T) {
	const workers, conns = 3, 12
	servertest.PlayInChildren(t)
	for _, arm := range []struct {
		strategy string
		queues   int
	}{{"shared", 1}, {"reuseport", workers}, {"dispatch", 1 + workers}} {
		t.Run(arm.strategy, func(t *testing.T) {
			s := start(t, "--strategy", arm.strategy, "-w", fmt.Sprint(workers))
			stopAll(t, s)
			for range conns {
				conn, err := net.Dial("tcp", s.Address)
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
			}
			var depths []int
			servertest.Eventually(t, "all wait", func() bool {
				depths = queues(t, s)
				return sum(depths) == conns && (arm.strategy != "dispatch" || depths[0] == 0)
			})
			if len(depths) != arm.queues {
				t.Errorf("queues %v, want %d of them", depths, arm.queues)
			}
			if arm.strategy == "dispatch" && !slices.Equal(depths, []int{0, 4, 4, 4}) {
				t.Errorf("queues %v, want connections dealt to the pairs", depths)
			}
			for _, pid := range s.Workers() {
				_ = unix.Kill(pid, unix.SIGCONT)
			}
			servertest.Eventually(t, "none waits", func() bool { return sum(queues(t, s)) == 0 })
		})
	}
}

func queues(t *testing.T, s *subject.Server) []int {
	t.Helper()
	depths, err := s.Queues()
	if err != nil {
		t.Fatal(err)
	}
	return depths
}

func sum(all []int) (n int) {
	for _, one := range all {
		n += one
	}
	return n
}

func start(t *testing.T, args ...string) *subject.Server {
	t.Helper()
	runtime.LockOSThread()
	s, err := subject.Start(context.Background(), "the server", append([]string{"--bind", "127.0.0.1:0"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Stop()
		runtime.UnlockOSThread()
	})
	return s
}

// stopAll stops the workers and waits until they have.
func stopAll(t *testing.T, s *subject.Server) {
	t.Helper()
	for _, pid := range s.Workers() {
		if err := unix.Kill(pid, unix.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		servertest.Eventually(t, "a worker is stopped", func() bool { return kernel.Stopped(pid) })
	}
}
