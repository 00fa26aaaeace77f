//go:build linux

package worker_test

import (
	"fmt"
	"io"
	"net"
	"slices"
	"syscall"
	"testing"
	"time"

	"prefork/internal/kernel"
	"prefork/internal/servertest"
	"prefork/strategies/accept"
)

// eachPolled runs a test with workers that serve several connections at once, in each way
// to wait for further ones.
func eachPolled(t *testing.T, test func(t *testing.T, args []string)) {
	for _, mode := range accept.Listening() {
		if mode.CheckPolls() == nil && mode.Probe() == nil {
			t.Run(mode.Name, func(t *testing.T) { test(t, []string{"--accept", mode.Name}) })
		}
	}
	t.Run("dispatch", func(t *testing.T) { test(t, []string{"-s", "dispatch"}) })
}

// A worker that is full takes nothing: who comes then waits in the queue, is served by
// another worker if there is one with room, and by this one as soon as it has some.
func TestAFullWorkerTakesNothing(t *testing.T) {
	const places = 3
	eachPolled(t, func(t *testing.T, args []string) {
		s := servertest.Start(t, append(args, "-w", "1", "--app", "echo", "--concurrency", fmt.Sprint(places))...)
		open := func() int { return s.Scores().Slot(0).Open }
		var conns []net.Conn
		for range places {
			conns = append(conns, talk(t, s))
		}
		late := s.Dial()
		defer late.Close()
		if _, err := io.WriteString(late, "x"); err != nil {
			t.Fatal(err)
		}
		for range 20 { // of which each takes at least a turn of the loop
			for _, conn := range conns {
				echo(t, conn)
			}
		}
		if n := open(); n != places {
			t.Errorf("it holds %d", n)
		}
		if err := conns[0].Close(); err != nil {
			t.Fatal(err)
		}
		heard(t, late, "x")
		for _, conn := range conns {
			_ = conn.Close()
		}
		servertest.Eventually(t, "one is left", func() bool { return open() == 1 })
	})
}

// talk opens a connection that is served.
func talk(t *testing.T, s *servertest.Server) net.Conn {
	conn := s.Dial()
	t.Cleanup(func() { _ = conn.Close() })
	echo(t, conn)
	return conn
}

func echo(t *testing.T, conn net.Conn) {
	t.Helper()
	if _, err := io.WriteString(conn, "hello"); err != nil {
		t.Fatal(err)
	}
	heard(t, conn, "hello")
}

func heard(t *testing.T, conn net.Conn, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(conn, got); string(got) != want || err != nil {
		t.Fatalf("%q, %v, want %q", got, err, want)
	}
}

// Who sleeps in a worker keeps nobody else waiting there, however long that is.
func TestSleepersHoldUpNobody(t *testing.T) {
	s := servertest.Start(t, "-w", "1", "--app", "work", "--concurrency", "64", "--graceful-timeout", "100ms")
	for range 32 {
		conn := s.Dial()
		defer conn.Close()
		if _, err := io.WriteString(conn, "sleep 1m\n"); err != nil {
			t.Fatal(err)
		}
	}
	for range 64 {
		conn := s.Dial()
		if _, err := io.WriteString(conn, "sleep 1ms\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := servertest.Greeting(conn); err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
	}
	servertest.Eventually(t, "the sleepers alone are left", func() bool { return s.Scores().Slot(0).Open == 32 })
}

// Clients that keep their connections and ask one request after the other lose none when
// workers are replaced: each is told with an answer that it is the last.
func TestKeptConnectionsOutliveAReload(t *testing.T) {
	const clients, reloads = 8, 3
	eachPolled(t, func(t *testing.T, args []string) {
		s := servertest.Start(t, append(args, "-w", "2", "--app", "http", "--concurrency", "64")...)
		stop, ended := make(chan struct{}), make(chan error, clients)
		for range clients {
			go func() { ended <- keepAsking(s, stop) }()
		}
		for range reloads {
			before := s.Workers()
			s.Signal(syscall.SIGHUP)
			servertest.Eventually(t, "the workers are new", func() bool {
				now := s.Workers()
				return len(now) == 2 && !slices.ContainsFunc(now, func(pid int) bool { return slices.Contains(before, pid) })
			})
			servertest.Eventually(t, "the old ones have left", func() bool {
				return !slices.ContainsFunc(before, func(pid int) bool { return !kernel.Gone(pid) })
			})
		}
		close(stop)
		for range clients {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
}

// slow is how late a client may be with a request without being at fault: a worker that
// leaves waits for that twice as long.
const slow = 50 * time.Millisecond

// keepAsking asks on one connection until it is told that it was the last answer, and
// then on another.
func keepAsking(s *servertest.Server, stop <-chan struct{}) error {
	for {
		b, before := browse(s), time.Now()
		for last := false; !last; {
			began := time.Now()
			err := b.ask()
			// From before the last answer, after which this client may have had to wait for
			// a processor.
			late := time.Since(before) >= slow
			before = began
			if err == nil {
				last, err = b.lastAnswer()
			}
			if err != nil && late {
				break
			}
			if err != nil {
				return err
			}
			select {
			case <-stop:
				return b.Close()
			default:
			}
		}
		if err := b.Close(); err != nil {
			return err
		}
	}
}
