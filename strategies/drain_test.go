//go:build linux

package strategies_test

import (
	"fmt"
	"net"
	"path"
	"path/filepath"
	"syscall"
	"testing"

	"prefork/internal/scoreboard"
	"prefork/internal/servertest"
	"prefork/strategies"
	"prefork/strategies/accept"
)

// What waits in a queue when a server is told to stop is served before its last
// worker leaves, under every strategy and on every kind of address.
func TestQueuedConnectionsAreServedAtStop(t *testing.T) {
	for _, strategy := range strategies.Strategies {
		for _, mode := range append(strategy.Modes, noMode(strategy)...) {
			args := []string{"-s", strategy.Name, "-w", "3"}
			if mode != "" {
				args = append(args, "--accept", mode)
			}
			name := path.Join(strategy.Name, mode)
			for _, concurrency := range atOnce(mode) {
				args := append(args, "--concurrency", concurrency)
				t.Run(name+"/tcp/"+concurrency, func(t *testing.T) { checkDrain(t, args...) })
				if strategy.Unix {
					t.Run(name+"/unix/"+concurrency, func(t *testing.T) { checkDrain(t, append(args, "--bind", unixAddress(t))...) })
				}
			}
		}
	}
}

// Steering does not change what a mode does.
func TestQueuedConnectionsAreServedAtStopHoweverSteered(t *testing.T) {
	for _, steer := range strategies.Steers[1:] {
		for _, mode := range accept.Listening() {
			t.Run(path.Join(steer.Name, mode.Name), func(t *testing.T) {
				servertest.NeedSteer(t, steer.Name)
				checkDrain(t, "-s", "reuseport", "-w", "3", "--steer", steer.Name, "--accept", mode.Name)
			})
		}
	}
}

// atOnce are numbers of connections that a worker may serve at once in a mode: one, few
// and more than there are.
func atOnce(mode string) []string {
	if m, err := accept.Lookup(mode); err == nil && mode != "" && m.CheckPolls() != nil {
		return []string{"1"}
	}
	return []string{"1", "2", "100"}
}

// noMode is the one unnamed mode of a strategy whose workers do not accept.
func noMode(s strategies.Strategy) []string {
	if len(s.Modes) > 0 {
		return nil
	}
	return []string{""}
}

// unixAddress is a free Unix-domain address: one that is short, for a path has
// no more than 107 bytes.
func unixAddress(t *testing.T) string {
	return "unix:" + filepath.Join(shortDir(t), "s")
}

func checkDrain(t *testing.T, args ...string) {
	s := servertest.Start(t, args...)
	workers := s.Workers()
	freeze(t, workers...)
	conns := dialMany(t, s, queued)
	s.Signal(syscall.SIGTERM)
	awaitState(t, s, len(workers), scoreboard.Draining)
	thaw(t, workers...)
	checkServed(t, s, conns)
}

// What the windows have no room for waits in the kernel, and the master has yet
// to pass it on when it is told to stop.
func TestDispatchPassesOnTheKernelsQueueAtStop(t *testing.T) {
	s := servertest.Start(t, "-s", "dispatch", "-w", "2", "--window", "1")
	workers := s.Workers()
	freeze(t, workers...)
	conns := dialMany(t, s, queued)
	s.Signal(syscall.SIGTERM)
	s.Await("stopping", 1)
	thaw(t, workers...)
	checkServed(t, s, conns)
}

// queued is how many connections wait when a server is told to stop.
const queued = 30

// checkServed waits for the answers to all that was queued, and for the end.
func checkServed(t *testing.T, s *servertest.Server, conns []net.Conn) {
	t.Helper()
	for i, conn := range conns {
		if _, err := servertest.Greeting(conn); err != nil {
			t.Fatalf("queued connection %d: %v", i, err)
		}
	}
	if code := s.Wait(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	if got := s.Finished(); got != queued {
		t.Errorf("%d connections were served, want %d", got, queued)
	}
}

func dialMany(t *testing.T, s *servertest.Server, n int) (conns []net.Conn) {
	t.Helper()
	for range n {
		conn := s.Dial()
		t.Cleanup(func() { _ = conn.Close() })
		conns = append(conns, conn)
	}
	return conns
}

// awaitState waits until the master has n workers in a state.
func awaitState(t *testing.T, s *servertest.Server, n int, state scoreboard.State) {
	t.Helper()
	servertest.Eventually(t, fmt.Sprintf("%d workers are %v", n, state), func() bool {
		found := 0
		for slot := range n {
			for seat := range scoreboard.Seats {
				if _, is := s.Scores().At(slot, seat); is == state {
					found++
				}
			}
		}
		return found == n
	})
}
