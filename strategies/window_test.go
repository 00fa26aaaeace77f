//go:build linux

package strategies_test

import (
	"fmt"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"prefork/internal/servertest"
)

const window = 4

// A worker that has stopped gets what fits into its window; all others are
// served.
func TestWindowBoundsAStoppedWorker(t *testing.T) {
	const conns = 40
	s := servertest.Start(t, "-s", "dispatch", "-w", "2", "--window", fmt.Sprint(window))
	stuck := s.Workers()[0]
	freeze(t, stuck)

	r := readAll(dialMany(t, s, conns))
	servertest.Eventually(t, "all are answered but those in the window", func() bool {
		return r.done.Load() >= conns-window
	})
	before := r.done.Load()
	thaw(t, stuck)
	for pid, n := range tally(r.wait(t)) {
		if pid == stuck && n > window {
			t.Errorf("the stopped worker had got %d connections, want %d at most", n, window)
		}
	}
	if before > conns-1 {
		t.Errorf("%d of %d were answered while one worker was stopped: the master gave it none", before, conns)
	}
}

// When every window is full the master stops accepting, and the rest waits in
// the kernel's queue, where another master or a slower client finds it.
func TestFullWindowsLeaveTheRestToTheKernel(t *testing.T) {
	const conns, workers = 60, 2
	// The master takes up to a batch of acceptBatch (16) at a time and finds
	// out afterwards for whom there is no room.
	const atMost = workers*window + 16
	s := servertest.Start(t, "-s", "dispatch", "-w", fmt.Sprint(workers), "--window", fmt.Sprint(window))
	freeze(t, s.Workers()...)
	r := readAll(dialMany(t, s, conns))
	servertest.Eventually(t, "the windows are full", func() bool { return queueDepth(t, s) <= conns-workers*window })

	awaitSleep(t, s)
	depth := queueDepth(t, s)
	t.Logf("%d of %d wait in the kernel's queue", depth, conns)
	if depth < conns-atMost {
		t.Errorf("the kernel's queue holds %d, want %d at least: the master took more than fits", depth, conns-atMost)
	}
	thaw(t, s.Workers()...)
	if got := len(r.wait(t)); got != conns {
		t.Errorf("%d of %d were answered in the end", got, conns)
	}
}

// awaitSleep waits until the master waits and has no reason to look again: it has passed on
// what it will, and does not spin.
func awaitSleep(t *testing.T, s *servertest.Server) {
	t.Helper()
	last, same := -1, 0
	servertest.Eventually(t, "the master sleeps", func() bool {
		th, ok := waiting(t, process{s.PID(), unix.SYS_PPOLL})
		if !ok || th.switches != last {
			last, same = th.switches, 0
			return false
		}
		same++
		return same > 20
	})
}

// queueDepth is how many connections wait to be accepted: that is what a
// listening socket shows as its receive queue; see proc_net_tcp in the kernel's
// documentation.
func queueDepth(t *testing.T, s *servertest.Server) (depth int) {
	t.Helper()
	text, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	const listen = "0A"
	port := fmt.Sprintf(":%04X", number(t, s.Addr[strings.LastIndexByte(s.Addr, ':')+1:]))
	for line := range strings.Lines(string(text)) {
		// sl local_address rem_address st tx_queue:rx_queue …
		row := strings.Fields(line)
		if !strings.HasSuffix(row[1], port) || row[3] != listen {
			continue
		}
		if _, err := fmt.Sscanf(row[4][strings.IndexByte(row[4], ':')+1:], "%x", &depth); err != nil {
			t.Fatal(err)
		}
		return depth
	}
	t.Fatalf("nobody listens on %s", s.Addr)
	return 0
}

// reading is several clients that wait for their answers.
type reading struct {
	done    atomic.Int64
	answers []int
	errs    []error
	each    chan func()
	n       int
}

func readAll(conns []net.Conn) *reading {
	r := &reading{each: make(chan func(), len(conns)), n: len(conns)}
	for _, conn := range conns {
		go func() {
			pid, err := servertest.Greeting(conn)
			r.done.Add(1)
			r.each <- func() {
				if err != nil {
					r.errs = append(r.errs, err)
				} else {
					r.answers = append(r.answers, pid)
				}
			}
		}()
	}
	return r
}

// wait returns who answered, once everybody has an answer.
func (r *reading) wait(t *testing.T) []int {
	t.Helper()
	for range r.n {
		(<-r.each)()
	}
	for _, err := range r.errs {
		t.Error(err)
	}
	return r.answers
}
