//go:build linux

package strategies_test

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/kernel"
	"prefork/internal/servertest"
	"prefork/strategies/accept"
)

// A connection wakes every idle worker where all of them wait without
// EPOLLEXCLUSIVE, and one where they wait in accept or with it.
func TestThunderingHerd(t *testing.T) {
	const k = 16
	for _, arm := range []struct {
		mode string
		herd bool
	}{
		{"blocking", false},
		{"exclusive", false},
		{"rotate", false},
		{"uring", false},
		{"uring-multishot", false},
		{"epoll", true},
		{"netpoll", true},
	} {
		eachConcurrency(t, arm.mode, func(t *testing.T, concurrency string) {
			s := servertest.Start(t, "--accept", arm.mode, "-w", fmt.Sprint(k), "--concurrency", concurrency)
			_, paid := spaced(t, s, waiters(s, arm.mode, concurrency), few)
			per := paid.per(few)
			t.Logf("%.2f wakeups a connection, %d workers", per, k)
			if arm.herd && per <= k/2 {
				t.Errorf("%.2f wakeups a connection: where is the herd?", per)
			}
			if !arm.herd && (per < 1 || per >= 2) {
				t.Errorf("%.2f wakeups a connection, want about 1", per)
			}
		})
	}
}

// Who waits in accept waits in a line; so does who re-adds the socket to its
// epoll set after each accept, and who asks io_uring for one connection at a time.
func TestIdleWorkersAreDealtConnectionsInTurn(t *testing.T) {
	const k = 4
	for _, mode := range []string{"blocking", "rotate", "uring"} {
		eachConcurrency(t, mode, func(t *testing.T, concurrency string) {
			s := servertest.Start(t, "--accept", mode, "-w", fmt.Sprint(k), "--concurrency", concurrency)
			answers, _ := spaced(t, s, waiters(s, mode, concurrency), k*few)
			for pid, n := range tally(answers) {
				if n != few {
					t.Errorf("worker %d got %d of %d connections, want %d", pid, n, k*few, few)
				}
			}
			for i := k; i < len(answers); i++ {
				if answers[i] != answers[i-k] {
					t.Fatalf("connection %d went to %d, the one %d before it to %d; the order was %v",
						i, answers[i], k, answers[i-k], answers)
				}
			}
		})
	}
}

// With EPOLLEXCLUSIVE the worker that was first to register gets everything that
// it has time for. That is not always slot 0: workers start side by side.
func TestExclusiveIsAFixedPriority(t *testing.T) {
	eachConcurrency(t, "exclusive", func(t *testing.T, concurrency string) {
		s := servertest.Start(t, "--accept", "exclusive", "-w", "4", "--concurrency", concurrency)
		answers, _ := spaced(t, s, waiters(s, "exclusive", concurrency), few)
		if counts := tally(answers); len(counts) != 1 {
			t.Errorf("sparse connections went to %d workers, want all to the first: %v", len(counts), counts)
		}
	})
}

// Under load that fixed priority uses as many workers as are busy at once, and
// leaves the others alone.
func TestExclusiveHasAWorkingSet(t *testing.T) {
	const k, clients, each = 8, 3, 50
	// The share that as many workers as there are clients have, if they are the
	// ones that have the most.
	share := func(mode string) float64 {
		s := servertest.Start(t, "--accept", mode, "--app", "work", "-w", fmt.Sprint(k))
		counts := slices.Sorted(maps.Values(tally(keepBusy(t, s, clients, each))))
		t.Logf("%s: %d workers used, with %v connections", mode, len(counts), counts)
		top := 0
		for _, n := range counts[max(0, len(counts)-clients):] {
			top += n
		}
		return float64(top) / (clients * each)
	}
	if got := share("exclusive"); got < 0.8 {
		t.Errorf("exclusive: the busiest %d of %d workers served %.0f %%, want nearly all", clients, k, 100*got)
	}
	if got := share("rotate"); got > 0.6 {
		t.Errorf("rotate: the busiest %d of %d workers served %.0f %%, want about %.0f %%", clients, k, 100*got, 100.*clients/k)
	}
}

// keepBusy has clients ask for a short sleep again and again, and returns who
// answered them.
func keepBusy(t *testing.T, s *servertest.Server, clients, each int) (answers []int) {
	var mu sync.Mutex
	var done sync.WaitGroup
	for range clients {
		done.Go(func() {
			for range each {
				pid, err := demand(s, "sleep 3ms")
				if err != nil {
					t.Error(err)
					return
				}
				awaitBack(t, s, pid)
				mu.Lock()
				answers = append(answers, pid)
				mu.Unlock()
			}
		})
	}
	done.Wait()
	return answers
}

// demand asks a work app for something and returns who did it.
func demand(s *servertest.Server, what string) (pid int, err error) {
	conn, err := net.Dial(s.Net, s.Addr)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if _, err := fmt.Fprintln(conn, what); err != nil {
		return 0, err
	}
	return servertest.Greeting(conn)
}

// awaitBack waits until a worker that has answered waits for connections again,
// or has the next one: in between it is neither busy nor to be had.
func awaitBack(t *testing.T, s *servertest.Server, pid int) {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		if _, ok := waiting(t, process{pid, unix.SYS_EPOLL_PWAIT}); ok {
			return
		}
		for _, slot := range slots(s) {
			if slot.PID == pid && slot.Open > 0 {
				return
			}
		}
	}
	t.Errorf("worker %d never came back for more", pid)
}

// Under dispatch the master wakes for each connection, and then the worker.
func TestDispatchPaysTwice(t *testing.T) {
	const k = 4
	shared := servertest.Start(t, "-s", "shared", "-w", fmt.Sprint(k))
	_, direct := spaced(t, shared, workersOf(shared, "blocking"), k*few)

	dispatch := servertest.Start(t, "-s", "dispatch", "-w", fmt.Sprint(k))
	everyone := append(workersOf(dispatch, ""), process{dispatch.PID(), unix.SYS_PPOLL})
	_, passed := spaced(t, dispatch, everyone, k*few)

	once, twice := direct.per(k*few), passed.per(k*few)
	t.Logf("wakeups a connection: shared %.2f, dispatch %.2f", once, twice)
	if once < 1 || once >= 1.7 {
		t.Errorf("shared: %.2f wakeups a connection, want about 1", once)
	}
	if twice < 2 || twice >= 3 {
		t.Errorf("dispatch: %.2f wakeups a connection, want about 2", twice)
	}
}

// At a few hundred connections a second a master that waited through the scheduler
// would wake the runtime's monitor thread half a dozen times for each of them.
func TestDispatchLetsTheMonitorSleep(t *testing.T) {
	if runtime.GOMAXPROCS(0) < 2 {
		t.Skip("with one processor the master waits through the scheduler")
	}
	s := servertest.Start(t, "-s", "dispatch", "-w", "2")
	const conns = 300
	tick := time.NewTicker(3 * time.Millisecond)
	defer tick.Stop()
	before, _ := kernel.Switches(s.PID())
	for range conns {
		<-tick.C
		s.Ask()
	}
	after, _ := kernel.Switches(s.PID())
	per := float64(after-before) / conns
	t.Logf("the master's threads woke %.2f times a connection", per)
	if per > 3 {
		t.Errorf("the master's threads woke %.2f times a connection, want little more than 1", per)
	}
}

// What a Go program gets by default, net.Listener on an inherited socket, costs
// the more the more workers there are, where a plain accept does not. That is
// shown by wakeups: the processor time they cost is a multiple too, but on a
// machine with much else to do not always the same one.
func TestNetpollCostsGrowWithWorkers(t *testing.T) {
	cost := func(mode string, workers int) price {
		s := servertest.Start(t, "--accept", mode, "-w", fmt.Sprint(workers))
		for range workers {
			s.Ask() // what a worker does for the first time costs most processor time
		}
		_, paid := spaced(t, s, workersOf(s, mode), few)
		t.Logf("%s, %2d workers: %5.2f wakeups a connection, %d ns", mode, workers, paid.per(few), median(paid.cpu))
		return paid
	}
	if small, large := cost("netpoll", 8), cost("netpoll", 32); large.wakeups < 3*small.wakeups {
		t.Errorf("netpoll: %d wakeups with 8 workers, %d with 32, want about 4 times as many", small.wakeups, large.wakeups)
	}
	if small, large := cost("blocking", 8), cost("blocking", 32); large.wakeups > 2*small.wakeups {
		t.Errorf("blocking: %d wakeups with 8 workers, %d with 32, want about as many", small.wakeups, large.wakeups)
	}
}

// median leaves out the few connections during which an interrupt of something
// else's was charged to a thread of ours.
func median(all []int) int { return slices.Sorted(slices.Values(all))[len(all)/2] }

// Every way of waiting tells how often it has waited.
func TestWaitsAreCounted(t *testing.T) {
	const k, n = 3, 3 * few
	for _, row := range accept.Modes {
		mode := row.Name
		if row.Passed {
			mode = ""
		}
		t.Run(cmp.Or(mode, "dispatch"), func(t *testing.T) {
			args := []string{"-s", "shared", "--accept", mode, "-w", fmt.Sprint(k)}
			if mode == "" {
				args = []string{"-s", "dispatch", "-w", fmt.Sprint(k)}
			}
			eachConcurrency(t, mode, func(t *testing.T, concurrency string) {
				s := servertest.Start(t, append(args, "--concurrency", concurrency)...)
				spaced(t, s, waiters(s, mode, concurrency), n)
				checkWaits(t, s, n, mode == "epoll" || mode == "netpoll" && concurrency != "1")
			})
		})
	}
}

// checkWaits compares waits with connections taken: at least one for each, and
// hardly more where a connection wakes nobody else.
func checkWaits(t *testing.T, s *servertest.Server, n uint64, herd bool) {
	t.Helper()
	var accepted, waits uint64
	for i, slot := range slots(s) {
		if slot.Waits < slot.Accepted {
			t.Errorf("slot %d took %d connections in %d waits", i, slot.Accepted, slot.Waits)
		}
		accepted, waits = accepted+slot.Accepted, waits+slot.Waits
	}
	if accepted != n {
		t.Errorf("%d connections were taken, want %d", accepted, n)
	}
	if !herd && waits > 2*n {
		t.Errorf("%d waits for %d connections, though only one worker is woken for each", waits, n)
	}
}
