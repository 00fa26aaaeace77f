//go:build linux

package strategies_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/servertest"
	"prefork/strategies/accept"
)

// rings is how many workers the tests of io_uring have.
const rings = 4

// startRings starts workers that wait by this mode; a kernel without it has a reason to.
func startRings(t *testing.T, mode string, args ...string) (*servertest.Server, []process) {
	t.Helper()
	row, err := accept.LookupListening(mode)
	if err != nil {
		t.Fatal(err)
	}
	if err := row.Probe(); err != nil {
		t.Skip(err)
	}
	s := servertest.Start(t, append([]string{"--accept", mode, "-w", fmt.Sprint(rings)}, args...)...)
	return s, workersOf(s, mode)
}

// A worker that is stopped takes nothing from the others, but under multishot: there it
// stays the first that is woken, for each connection that comes, and the others sleep.
func TestTheRingThatNeverLetsGo(t *testing.T) {
	const n = 5 * few
	t.Log("mode             shares of 60   one worker stopped: unanswered of 60")
	for _, arm := range []struct {
		mode   string
		shares int // so many workers get connections, as many each
		stuck  int
	}{
		{"blocking", rings, 0},
		{"exclusive", 1, 0},
		{"uring", rings, 0},
		{"uring-multishot", 1, n},
	} {
		s, workers := startRings(t, arm.mode)
		answers, _ := spaced(t, s, workers, n)
		counts := tally(answers)
		var shares []int
		for _, p := range workers {
			shares = append(shares, counts[p.pid])
			if got := counts[p.pid]; got != 0 && got != n/arm.shares {
				t.Errorf("%s: a worker got %d of %d connections, want %d or none", arm.mode, got, n, n/arm.shares)
			}
		}
		if len(counts) != arm.shares {
			t.Errorf("%s: %d workers got connections, want %d", arm.mode, len(counts), arm.shares)
		}

		first := answers[0]
		freeze(t, first)
		others := without(workers, first)
		waiting := awaitAnswers(t, dialMany(t, s, n), n-arm.stuck, others)
		t.Logf("%-15s  %-14s %d", arm.mode, strings.Trim(fmt.Sprint(shares), "[]"), len(waiting))
		if len(waiting) != arm.stuck {
			t.Errorf("%s: %d of %d wait for a stopped worker, want %d", arm.mode, len(waiting), n, arm.stuck)
		}
		// Nothing is lost: it answers when it may.
		thaw(t, first)
		awaitAnswers(t, waiting, len(waiting), nil)
	}
}

// A request for one connection can be woken for nothing once, if its worker is stopped.
// The next connection wakes the next worker, and that takes both.
func TestAStoppedWorkerHoldsUpOneConnectionAtMost(t *testing.T) {
	s, workers := startRings(t, "uring")
	answers, _ := spaced(t, s, workers, rings)
	first := answers[0] // and so the next in turn
	freeze(t, first)
	others := without(workers, first)
	held := awaitAnswers(t, dialMany(t, s, 1), 0, others)
	if len(held) != 1 {
		t.Fatal("the connection was answered, though it was the stopped worker's turn")
	}
	if left := awaitAnswers(t, append(held, dialMany(t, s, 1)...), 2, others); len(left) != 0 {
		t.Errorf("%d of two connections wait", len(left))
	}
	thaw(t, first)
}

// What multishot has accepted is in the worker, whether or not that has the time for it:
// three others have nothing to do meanwhile, and when it is killed, it is gone.
func TestWhatMultishotHasAcceptedDiesWithTheWorker(t *testing.T) {
	s, workers := startRings(t, "uring-multishot", "--app", "work")
	busy := s.Dial()
	defer busy.Close()
	if _, err := io.WriteString(busy, "sleep 50s\n"); err != nil {
		t.Fatal(err)
	}
	var first int
	servertest.Eventually(t, "a worker has the connection", func() bool {
		for _, slot := range slots(s) {
			if slot.Open > 0 {
				first = slot.PID
			}
		}
		return first != 0
	})
	idle := sockets(first)
	conns := dialMany(t, s, few)
	servertest.Eventually(t, "it has accepted what came", func() bool { return sockets(first) == idle+few })
	if waiting := awaitAnswers(t, conns, 0, without(workers, first)); len(waiting) != few {
		t.Errorf("%d of %d wait, want all", len(waiting), few)
	}
	signal(t, first, unix.SIGKILL)
	for i, conn := range conns {
		_ = conn.SetDeadline(time.Now().Add(time.Minute))
		if n, err := conn.Read(make([]byte, 1)); n != 0 || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("connection %d: %d bytes, %v: want it gone", i, n, err)
		}
	}
}

// awaitAnswers waits until so many have their answer and the idle ones wait for more,
// and returns the connections that have none.
func awaitAnswers(t *testing.T, conns []net.Conn, answered int, idle []process) (rest []net.Conn) {
	t.Helper()
	servertest.Eventually(t, fmt.Sprintf("%d of %d connections are answered", answered, len(conns)), func() bool {
		rest = unanswered(t, conns)
		return len(conns)-len(rest) >= answered
	})
	awaitIdle(t, idle)
	return unanswered(t, conns)
}

func unanswered(t *testing.T, conns []net.Conn) (rest []net.Conn) {
	t.Helper()
	for _, conn := range conns {
		raw, err := conn.(*net.TCPConn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		var peeked error
		_ = raw.Control(func(fd uintptr) {
			_, _, peeked = unix.Recvfrom(int(fd), make([]byte, 1), unix.MSG_PEEK|unix.MSG_DONTWAIT)
		})
		if errors.Is(peeked, unix.EAGAIN) {
			rest = append(rest, conn)
		} else if peeked != nil {
			t.Fatal(peeked)
		}
	}
	return rest
}

func without(all []process, pid int) (rest []process) {
	for _, p := range all {
		if p.pid != pid {
			rest = append(rest, p)
		}
	}
	return rest
}

// sockets is how many a process has open.
func sockets(pid int) (n int) {
	dir := fmt.Sprintf("/proc/%d/fd/", pid)
	entries, _ := os.ReadDir(dir)
	for _, entry := range entries {
		if to, _ := os.Readlink(dir + entry.Name()); strings.HasPrefix(to, "socket:") {
			n++
		}
	}
	return n
}
