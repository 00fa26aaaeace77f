//go:build linux

package strategies_test

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/servertest"
)

// steered starts a server whose kernel is steered.
func steered(t *testing.T, steer string, args ...string) *servertest.Server {
	t.Helper()
	servertest.NeedSteer(t, steer)
	return servertest.Start(t, append([]string{"-s", "reuseport", "--steer", steer}, args...)...)
}

func TestRoundRobinDealsExactly(t *testing.T) {
	for _, bind := range []string{"127.0.0.1:0", "[::1]:0", ":0"} {
		s := steered(t, "round-robin", "-w", "4", "--bind", bind)
		checkDeal(t, s, 12)
	}
}

// checkDeal wants connections to be dealt in slot order.
func checkDeal(t *testing.T, s *servertest.Server, n int) {
	t.Helper()
	workers, first := s.Workers(), -1
	for i := range n {
		slot := slices.Index(workers, s.Ask())
		if first < 0 {
			first = slot
		}
		if want := (first + i) % len(workers); slot != want {
			t.Fatalf("connection %d went to slot %d, want %d", i, slot, want)
		}
	}
}

// Over loopback a connection comes in on the client's CPU.
func TestCPUFollowsTheClient(t *testing.T) {
	s := steered(t, "cpu", "-w", "2")
	workers := s.Workers()
	for _, cpu := range usable(t) {
		onCPU(t, cpu, func() {
			for range 10 {
				if slot := slices.Index(workers, s.Ask()); slot != cpu%2 {
					t.Errorf("a client on CPU %d was answered by slot %d", cpu, slot)
				}
			}
		})
	}
}

// In a cpuset, worker i is on the ith CPU of it, and gets what comes in there.
func TestCPUAndPinAgreeInACpuset(t *testing.T) {
	servertest.NeedSteer(t, "cpu")
	cpus := usable(t)
	last := cpus[len(cpus)-1]
	onCPU(t, last, func() {
		s := servertest.Start(t, "-s", "reuseport", "--steer", "cpu", "--pin", "-w", "2")
		for range 10 {
			if slot := slices.Index(s.Workers(), s.Ask()); slot != 0 {
				t.Errorf("of a cpuset of CPU %d alone, slot %d answered", last, slot)
			}
		}
		s.Await("some workers may stay idle", 1)
	})
}

// usable are the CPUs that this process may use.
func usable(t *testing.T) (cpus []int) {
	t.Helper()
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		t.Fatal(err)
	}
	for cpu := 0; len(cpus) < set.Count(); cpu++ {
		if set.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus
}

// onCPU runs f on one CPU: its thread ends with it.
func onCPU(t *testing.T, cpu int, f func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		var set unix.CPUSet
		set.Set(cpu)
		err := unix.SchedSetaffinity(0, &set)
		if err == nil {
			f()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestPinBindsWorkersToCPUs(t *testing.T) {
	cpus := usable(t)
	for _, args := range [][]string{{}, {"--ready-after", "1ms", "--", "sleep", "100"}} {
		s := servertest.Start(t, append([]string{"-s", "reuseport", "--pin", "-w", fmt.Sprint(len(cpus) + 1)}, args...)...)
		for slot, pid := range s.Workers() {
			want := fmt.Sprint(cpus[slot%len(cpus)])
			tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
			for _, task := range tasks {
				if got := statusOf(fmt.Sprintf("/proc/%d/task/%s", pid, task.Name()), "Cpus_allowed_list"); got != want {
					t.Errorf("a thread of slot %d may run on %s, want %s", slot, got, want)
				}
			}
		}
	}
}

// Long-lived connections, many of them at once, are as even as a master that
// looks at every one would have them.
func TestLongLivedConnectionsAreEven(t *testing.T) {
	for steer, limit := range map[string]int{"round-robin": 0, "least-loaded": 8, "p2c": 40} {
		t.Run(steer, func(t *testing.T) {
			s := steered(t, steer, "-w", "4", "--app", "echo", "--concurrency", "400")
			open := openAfter(t, s, 400)
			spread := slices.Max(open) - slices.Min(open)
			t.Logf("open %v", open)
			if spread > limit {
				t.Errorf("%v open: max − min is %d, want %d at most", open, spread, limit)
			}
		})
	}
}

// openAfter is how many connections each worker holds of n, dialled by several
// clients at once.
func openAfter(t *testing.T, s *servertest.Server, n int) (open []int) {
	const clients = 8
	conns := make(chan net.Conn, n)
	var dialling sync.WaitGroup
	for range clients {
		dialling.Go(func() {
			for range n / clients {
				if conn, err := net.Dial(s.Net, s.Addr); err != nil {
					t.Error(err)
				} else {
					conns <- conn
				}
			}
		})
	}
	dialling.Wait()
	close(conns)
	for conn := range conns {
		t.Cleanup(func() { _ = conn.Close() })
	}
	servertest.Eventually(t, "all are taken", func() bool {
		open = nil
		sum := 0
		for _, slot := range slots(s) {
			open = append(open, slot.Open)
			sum += slot.Open
		}
		return sum == n
	})
	return open
}

// Once it is known that a worker is stuck, no connection goes to it.
func TestStuckWorkerIsPassedOver(t *testing.T) {
	for _, steer := range []string{"least-loaded", "p2c"} {
		t.Run(steer, func(t *testing.T) {
			const stuckAfter = 300 * time.Millisecond
			s := steered(t, steer, "-w", "4", "--app", "echo", "--concurrency", "1000", "--stuck-after", stuckAfter.String())
			victim := s.Workers()[1]
			freeze(t, victim)
			openFor(t, s, 2*stuckAfter)
			early := slices.Max(queueDepths(t, s)) // the others' are empty
			all := openFor(t, s, stuckAfter)
			late := slices.Max(queueDepths(t, s))
			t.Logf("%d connections for the stuck worker at first, %d of %d after that", early, late-early, all)
			if early == 0 {
				t.Error("the stuck worker got nothing: it was not tested")
			}
			if late != early {
				t.Errorf("%d of %d connections went to a worker that was known to be stuck", late-early, all)
			}
			thaw(t, victim)
			servertest.Eventually(t, "the worker gets connections again", func() bool {
				before := s.Scores().Slot(1).Accepted
				dialMany(t, s, 4)
				return before >= uint64(early) && s.Scores().Slot(1).Accepted > before
			})
		})
	}
}

// openFor opens connections that stay open, each when the one before has been
// answered or has waited for a while, and returns how many.
func openFor(t *testing.T, s *servertest.Server, period time.Duration) (n int) {
	for began := time.Now(); time.Since(began) < period; n++ {
		conn := s.Dial()
		t.Cleanup(func() { _ = conn.Close() })
		write(t, conn, "x")
		_ = conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		_, _ = conn.Read(make([]byte, 1))
	}
	return n
}

func write(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if _, err := conn.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

// A worker that is killed with a full queue takes nothing with it, and nobody
// waits for its successor.
func TestQueueOfAKilledWorkerGoesToOthers(t *testing.T) {
	for _, steer := range []string{"round-robin", "least-loaded", "p2c"} {
		t.Run(steer, func(t *testing.T) {
			s := steered(t, steer, "-w", "3")
			victim := s.Workers()[1]
			freeze(t, victim)
			conns := dialMany(t, s, 60)
			signal(t, victim, syscall.SIGKILL)
			for i, conn := range conns {
				if pid, err := servertest.Greeting(conn); err != nil || pid == victim {
					t.Errorf("connection %d: answer from %d, error %v", i, pid, err)
				}
			}
			servertest.Eventually(t, "the slot's next worker gets connections", func() bool {
				pid := s.Ask()
				return pid == s.Scores().Ready(1)
			})
		})
	}
}

// So it is when a slot goes whose worker cannot drain its queue any more.
func TestQueueOfARetiredSlotGoesToOthers(t *testing.T) {
	for _, steer := range []string{"round-robin", "least-loaded", "p2c"} {
		t.Run(steer, func(t *testing.T) {
			s := steered(t, steer, "-w", "3", "--graceful-timeout", "100ms")
			victim := s.Workers()[2]
			freeze(t, victim)
			conns := dialMany(t, s, 60)
			s.Signal(syscall.SIGTTOU)
			for i, conn := range conns {
				if pid, err := servertest.Greeting(conn); err != nil || pid == victim {
					t.Errorf("connection %d: answer from %d, error %v", i, pid, err)
				}
			}
			s.Await("worker killed: it did not stop in time", 1)
		})
	}
}

// A new slot is steered to, and a master that takes over steers.
func TestSteeringFollowsTheWorkers(t *testing.T) {
	s := steered(t, "round-robin", "-w", "2")
	s.Signal(syscall.SIGTTIN)
	servertest.Eventually(t, "there are three workers", func() bool { return len(s.Workers()) == 3 })
	checkDeal(t, s, 6)
	s.Signal(syscall.SIGHUP)
	before := s.Workers()
	// An old worker takes connections from the slot's socket as long as it lives.
	servertest.Eventually(t, "all workers are new", func() bool {
		return len(s.Workers()) == 3 && !slices.ContainsFunc(before, func(pid int) bool { return syscall.Kill(pid, 0) == nil })
	})
	checkDeal(t, s, 6)
	s.Signal(syscall.SIGTTOU)
	servertest.Eventually(t, "there are two workers", func() bool { return len(s.Workers()) == 2 })
	checkDeal(t, s, 6)
}

// Programs that count nothing are steered to by the length of their queues.
func TestProgramsAreSteeredByTheirQueues(t *testing.T) {
	s := steered(t, "least-loaded", "-w", "2", "--ready-after", "1ms", "--", "sleep", "100")
	dialMany(t, s, 40)
	checkQueues(t, s, 20, 20)
}

func checkQueues(t *testing.T, s *servertest.Server, want ...int) {
	t.Helper()
	servertest.Eventually(t, fmt.Sprintf("queues are of %v", want), func() bool { return slices.Equal(queueDepths(t, s), want) })
}

// queueDepths are those of all sockets on the server's address.
func queueDepths(t *testing.T, s *servertest.Server) (depths []int) {
	t.Helper()
	text, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	port := fmt.Sprintf(":%04X", number(t, s.Addr[strings.LastIndexByte(s.Addr, ':')+1:]))
	for line := range strings.Lines(string(text)) {
		if row := strings.Fields(line); strings.HasSuffix(row[1], port) && row[3] == "0A" {
			var depth int
			if _, err := fmt.Sscanf(row[4][strings.IndexByte(row[4], ':')+1:], "%x", &depth); err != nil {
				t.Fatal(err)
			}
			depths = append(depths, depth)
		}
	}
	return depths
}
