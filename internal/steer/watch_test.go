//go:build linux

package steer

import (
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/sys"
)

// queued is how many the program takes to be queued for a slot that counts.
func (g *group) queued(slot int) int64 {
	s := &g.k.slots[slot]
	return int64(atomic.LoadUint64(&s.Sent) - g.k.board.Taken(slot) - atomic.LoadUint64(&s.Drift))
}

// accept takes connections from a slot's queue as a worker would that counts, or
// that does not.
func (g *group) accept(slot, n int, counts bool) {
	g.t.Helper()
	for range n {
		fd, errno := sys.TryAccept(g.fds[slot], 0)
		if errno != 0 {
			g.t.Fatal(errno)
		}
		sys.Close(fd)
		if counts {
			line := g.k.board.Line(slot, 0)
			line.Accepted.Add(1)
			line.Finished.Add(1)
			line.Progress.Store(int64(sys.Monotonic()))
		}
	}
}

func TestWhatNeverArrivedIsForgotten(t *testing.T) {
	g := newGroup(t, LeastLoaded, 2)
	g.dial(2)
	g.total(2)
	atomic.AddUint64(&g.k.slots[0].Sent, 7)
	g.eventually("the queue of slot 0 is counted as it is", func() bool { return g.queued(0) == 1 })
	if got := g.queued(1); got != 1 {
		t.Errorf("%d queued for the other, want 1", got)
	}
}

func TestWhatTheHashSentIsCounted(t *testing.T) {
	g := newGroup(t, LeastLoaded, 2)
	g.dial(2)
	g.total(2)
	g.accept(0, 1, true)
	g.k.board.Line(0, 0).Accepted.Add(5) // which the program has not sent
	g.eventually("the count is true again", func() bool { return g.queued(0) == 0 })
}

func TestAQueueThatIsNotCountedIsLookedAt(t *testing.T) {
	g := newGroup(t, LeastLoaded, 2)
	for slot := range 2 {
		g.k.board.Line(slot, 0).Speaks.Store(0)
	}
	g.dial(20)
	g.want(10, 10)
	g.accept(0, 10, false)
	passed := func() uint64 { return atomic.LoadUint64(&g.k.slots[0].Passed) }
	g.eventually("slot 0 is known to be empty", func() bool { return passed() == 10 })
	g.dial(10)
	g.want(10, 10)
}

func TestStuckSlotIsPassedOver(t *testing.T) {
	for _, program := range []string{LeastLoaded, TwoChoices} {
		for _, counts := range []bool{true, false} {
			const stuckAfter = 300 * time.Millisecond
			g := newGroupOf(t, Options{Program: program, StuckAfter: stuckAfter}, 2)
			if !counts {
				g.k.board.Line(0, 0).Speaks.Store(0)
				g.k.board.Line(1, 0).Speaks.Store(0)
			}
			g.dial(2)
			g.total(2)
			sent := func() uint64 { return atomic.LoadUint64(&g.k.slots[0].Sent) }
			// Slot 1 goes on, slot 0 does not.
			var before uint64
			began := time.Now()
			for since := time.Duration(0); since < 3*stuckAfter; since = time.Since(began) {
				if since < 2*stuckAfter {
					before = sent()
				}
				g.dial(1)
				g.serveAll(1, counts)
				time.Sleep(stuckAfter / 20)
			}
			if got := sent(); got != before {
				t.Errorf("%s, counts=%t: %d connections for a stuck slot, %d more after that was known", program, counts, got, got-before)
			}
			if depth := g.depths()[0]; depth == 0 {
				t.Errorf("%s: slot 0 was never stuck", program)
			}
			g.serveAll(0, counts)
			g.eventually("the slot gets connections again", func() bool {
				g.dial(1)
				g.serveAll(1, counts)
				return sent() > before
			})
		}
	}
}

// serveAll takes everything that is queued.
func (g *group) serveAll(slot int, counts bool) {
	g.t.Helper()
	depth, _, err := sys.QueueDepth(g.fds[slot])
	g.check(err)
	g.accept(slot, depth, counts)
}

// With all of them stuck the kernel's hash decides.
func TestAllStuckLeavesItToTheHash(t *testing.T) {
	g := newGroupOf(t, Options{Program: LeastLoaded, StuckAfter: 100 * time.Millisecond}, 4)
	g.dial(4)
	g.want(1, 1, 1, 1)
	sent := func() (n uint64) {
		for slot := range 4 {
			n += atomic.LoadUint64(&g.k.slots[slot].Sent)
		}
		return n
	}
	n := 4
	g.eventually("a connection is not counted", func() bool {
		g.dial(1)
		n++
		return sent() < uint64(n)
	})
	g.total(n)
}

// Handshakes that are never completed make no slot look stuck: its queue is empty.
func TestAnEmptyQueueIsNotStuck(t *testing.T) {
	g := newGroupOf(t, Options{Program: LeastLoaded, StuckAfter: time.Minute}, 2)
	g.hold(1, 0, 10)
	s := &g.k.slots[0]
	atomic.StoreInt64(&s.Progress, 0)
	g.eventually("the queue is seen to be empty", func() bool {
		atomic.AddUint64(&s.Sent, 1)
		return atomic.LoadInt64(&s.Progress) > 0
	})
	atomic.StoreUint64(&s.Drift, atomic.LoadUint64(&s.Sent)-5) // it takes a while to be corrected
	g.dial(3)
	g.want(3, 0)
}

func TestRecountBelievesTheKernel(t *testing.T) {
	g := newGroup(t, LeastLoaded, 2)
	g.dial(4)
	g.want(2, 2)
	atomic.StoreUint64(&g.k.slots[0].Drift, 1<<50)
	g.check(g.k.Recount(0))
	if got := g.queued(0); got != 2 {
		t.Errorf("%d queued, want 2", got)
	}
	g.check(g.k.Drop(0))
	g.check(g.k.Recount(0))
}

func TestWatchEndsWithTheKernel(t *testing.T) {
	k, err := Load(Options{Program: RoundRobin, StuckAfter: time.Second})
	if err != nil {
		t.Skip(err)
	}
	fd := k.Scoreboard()
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil {
		t.Error("the map is still open")
	}
}
