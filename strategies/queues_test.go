//go:build linux

package strategies_test

import (
	"fmt"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"prefork/internal/servertest"
	"prefork/internal/sys"
	"prefork/strategies"
	"prefork/strategies/accept"
)

// ring opens slots that take from so many queues, overlapping, all with a worker.
func ring(t *testing.T, slots, queues, overlap int, change func(*strategies.Config)) strategies.Front {
	t.Helper()
	front := open(t, "reuseport", func(c *strategies.Config) {
		c.Queues, c.Overlap = queues, overlap
		change(c)
	})
	openSlots(t, front, slots)
	return front
}

func unchanged(*strategies.Config) {}

// depths are how many connections wait in each queue, once so many do in all: the first
// that slot i takes from is queue i.
func depths(t *testing.T, front strategies.Front, queues, n int) (each []int) {
	t.Helper()
	servertest.Eventually(t, fmt.Sprintf("%d connections wait", n), func() bool {
		each = nil
		sum := 0
		for slot := range queues {
			files, err := front.Files(slot)
			check(t, err)
			depth, _, err := sys.QueueDepth(files[0].FD)
			check(t, err)
			each = append(each, depth)
			sum += depth
		}
		return sum == n
	})
	return each
}

// A queue gets connections as long as any of those has a worker who take from it, and no
// longer.
func TestAQueueIsServedByAnyOfItsSlots(t *testing.T) {
	const conns = 80
	for _, c := range []struct {
		slots, queues, overlap int
		suspended              []int
		closed                 []int // queues
	}{
		{4, 2, 1, []int{0}, nil},
		{4, 2, 1, []int{0, 1, 3}, []int{1}},
		{4, 2, 1, []int{0, 2}, []int{0}},
		{5, 5, 1, []int{3}, []int{3}},
		{4, 4, 2, []int{1}, nil},
		{4, 4, 2, []int{1, 3}, nil},
		{4, 4, 2, []int{0, 1}, []int{1}},
		{4, 4, 2, []int{0, 3}, []int{0}}, // around the end
		{4, 4, 3, []int{1, 2}, nil},
		{6, 3, 2, []int{0, 3}, nil},
		{6, 3, 2, []int{0, 3, 1, 4}, []int{1}},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			front := ring(t, c.slots, c.queues, c.overlap, unchanged)
			defer func() { check(t, front.Close()) }()
			for _, slot := range c.suspended {
				check(t, front.Suspend(slot))
			}
			connect(t, front, conns)
			each := depths(t, front, c.queues, conns)
			for queue, n := range each {
				if slices.Contains(c.closed, queue) != (n == 0) {
					t.Errorf("queues of %v, want none in %v", each, c.closed)
				}
			}
		})
	}
}

// What slots look after is all there is, and nothing of it twice.
func TestEachQueueIsLookedAfterOnce(t *testing.T) {
	const conns = 60
	for _, c := range [][3]int{{4, 1, 1}, {5, 2, 1}, {4, 4, 2}, {7, 3, 2}, {3, 3, 3}} {
		front := ring(t, c[0], c[1], c[2], unchanged)
		connect(t, front, conns)
		queues(t, front, c[0], conns)
		each := depths(t, front, c[1], conns)
		for slot := range c[0] {
			q, err := front.Queued(slot)
			check(t, err)
			want := 0
			for i := range c[2] {
				want += each[(slot+i)%c[1]]
			}
			if q.Waiting != want {
				t.Errorf("%v: where slot %d takes from %d wait, want %d of %v", c, slot, q.Waiting, want, each)
			}
		}
		check(t, front.Close())
	}
}

// When slots go, the queues stay: one that nobody takes from any more gets nothing, until
// somebody comes. Not even when the others have lost their workers for a moment.
func TestQueuesOutliveTheirSlots(t *testing.T) {
	const conns = 30
	front := ring(t, 3, 3, 1, unchanged)
	defer func() { check(t, front.Close()) }()
	before, err := front.Files(2)
	check(t, err)
	for _, slot := range []int{2, 1} {
		check(t, front.Suspend(slot))
		check(t, front.Drop(slot))
	}
	connect(t, front, conns)
	queues(t, front, 1, conns)
	check(t, front.Suspend(0))
	connect(t, front, conns)
	queues(t, front, 1, 2*conns)
	openSlots(t, front, 3)
	after, err := front.Files(2)
	check(t, err)
	if !slices.Equal(before, after) {
		t.Errorf("slot 2 had %v and has %v", before, after)
	}
	connect(t, front, conns)
	if each := depths(t, front, 3, 3*conns); slices.Min(each) == 0 {
		t.Errorf("queues of %v, want some in each", each)
	}
}

// A socket that was given stays in the kernel's group whatever its slot does: it is not
// picked while that is gone, and taken up again by the next.
func TestAGivenSocketOutlivesItsSlot(t *testing.T) {
	const conns = 30
	for _, steer := range strategies.Steers {
		if steer.Name == "cpu" {
			continue // all would go to one slot anyway
		}
		t.Run(steer.Name, func(t *testing.T) {
			servertest.NeedSteer(t, steer.Name)
			first := listenFor(t, "127.0.0.1:0", true)
			second := listenFor(t, addressOf(t, first), true)
			var given []accept.File
			for _, fd := range []int{first, second} {
				own, err := unix.Dup(fd)
				check(t, err)
				given = append(given, accept.File{FD: own})
			}
			front := open(t, "reuseport", func(c *strategies.Config) { c.Binds, c.Sockets, c.Steer = nil, given, steer.Name })
			defer func() { check(t, front.Close()) }()
			openSlots(t, front, 3)
			for _, slot := range []int{2, 1} {
				check(t, front.Suspend(slot))
				check(t, front.Drop(slot))
			}
			connect(t, front, conns)
			queues(t, front, 1, conns)
			openSlots(t, front, 3)
			connect(t, front, 2*conns)
			if each := queues(t, front, 3, 3*conns); slices.Min(each) == 0 {
				t.Errorf("queues of %v, want some in each", each)
			}
		})
	}
}

// The next image knows which slots share which queues, and who of them has a worker.
func TestQueuesGoOnInTheNextImage(t *testing.T) {
	const conns = 40
	front := ring(t, 4, 2, 1, unchanged)
	check(t, front.Suspend(1))
	check(t, front.Suspend(3))
	next := open(t, "reuseport", func(c *strategies.Config) {
		c.Queues, c.Overlap, c.State = 2, 1, nextImage(t, front.State())
	})
	defer func() { check(t, next.Close()) }()
	check(t, front.Close())
	connect(t, next, conns)
	if each := depths(t, next, 2, conns); each[1] != 0 {
		t.Errorf("queues of %v: the second has no worker", each)
	}
	check(t, next.Resume(3))
	connect(t, next, conns)
	if each := depths(t, next, 2, 2*conns); each[1] == 0 {
		t.Errorf("queues of %v: the second has a worker", each)
	}
}

// sharing are ways in which no queue is a single worker's, of which there are four.
var sharing = map[string][]string{
	"groups":             {"--queues", "2"},
	"overlap, rotate":    {"--overlap", "2"},
	"overlap, exclusive": {"--overlap", "2", "--accept", "exclusive"},
	"overlap, epoll":     {"--overlap", "2", "--accept", "epoll"},
	"overlapping groups": {"--queues", "3", "--overlap", "2"},
}

// Nobody waits for a worker that is stuck where another one takes from its queues; where
// none does, its share of the connections waits.
func TestAStuckWorkersShareCostsNothing(t *testing.T) {
	const conns = 60
	for name, flags := range sharing {
		t.Run(name, func(t *testing.T) {
			s := servertest.Start(t, append([]string{"-s", "reuseport", "-w", "4"}, flags...)...)
			stuck := s.Workers()[1]
			freeze(t, stuck)
			for i, conn := range dialMany(t, s, conns) {
				if pid, err := servertest.Greeting(conn); err != nil || pid == stuck {
					t.Fatalf("connection %d: answer from %d, %v", i, pid, err)
				}
			}
		})
	}
}

// What waits for workers that are killed is served.
func TestAKilledWorkersQueueIsOthersToo(t *testing.T) {
	for name, flags := range sharing {
		t.Run(name, func(t *testing.T) {
			s := servertest.Start(t, append([]string{"-s", "reuseport", "-w", "4"}, flags...)...)
			workers := s.Workers()
			freeze(t, workers...)
			conns := dialMany(t, s, queued)
			signal(t, workers[0], syscall.SIGKILL)
			signal(t, workers[2], syscall.SIGKILL)
			thaw(t, workers[1], workers[3])
			for i, conn := range conns {
				if _, err := servertest.Greeting(conn); err != nil {
					t.Errorf("connection %d: %v", i, err)
				}
			}
		})
	}
}

// What is queued when a server is told to stop is served, by workers that leave together, and
// by those that are started for it where all are killed.
func TestSharedQueuesAreServedAtStop(t *testing.T) {
	for name, flags := range sharing {
		args := append([]string{"-s", "reuseport", "-w", "4"}, flags...)
		t.Run(name, func(t *testing.T) { checkDrain(t, args...) })
		t.Run(name+", all killed", func(t *testing.T) {
			s := servertest.Start(t, args...)
			workers := s.Workers()
			freeze(t, workers...)
			conns := dialMany(t, s, queued)
			s.Signal(syscall.SIGTERM)
			s.Await("stopping", 1)
			for _, pid := range workers {
				signal(t, pid, syscall.SIGKILL)
			}
			checkServed(t, s, conns)
		})
	}
}

// Between one queue and a queue each, connections come to as many sockets as were asked for,
// and each worker gets some.
func TestSharedQueuesAreDice(t *testing.T) {
	s := servertest.Start(t, "-s", "reuseport", "-w", "4", "--queues", "2")
	if sockets := queueDepths(t, s); len(sockets) != 2 {
		t.Errorf("%d sockets, want 2", len(sockets))
	}
	var answers []int
	for client := range 80 {
		answers = append(answers, askFrom(t, s, client))
	}
	if counts := tally(answers); len(counts) != 4 {
		t.Errorf("%d of 4 workers answered: %v", len(counts), counts)
	}
}
