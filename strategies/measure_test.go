//go:build linux

package strategies_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"prefork/internal/scoreboard"
	"prefork/internal/servertest"
	"prefork/strategies/accept"
)

// few is how many connections a test of the kernel's order makes for one worker
// at most. After more of them in quick succession the worker waits the raw way,
// in which the Go runtime's preemption now and then shuffles the line; see
// sys.Pace.
const few = 12

// process is one that waits in a known system call when it has nothing to do.
type process struct {
	pid  int
	call int
}

// workersOf are the workers of a server; its mode is "" under dispatch.
func workersOf(s *servertest.Server, mode string) (all []process) {
	row, _ := accept.Lookup(cmp.Or(mode, accept.Receive))
	for _, pid := range s.Workers() {
		all = append(all, process{pid, row.Call})
	}
	return all
}

// eachConcurrency runs a test with workers that serve one connection at a time, and with
// such that serve many, in which a mode does the same.
func eachConcurrency(t *testing.T, mode string, test func(t *testing.T, concurrency string)) {
	for _, concurrency := range atOnce(mode) {
		t.Run(cmp.Or(mode, "dispatch")+"/"+concurrency, func(t *testing.T) { test(t, concurrency) })
	}
}

// waiters are the workers of a server that serve so many connections at once.
func waiters(s *servertest.Server, mode, concurrency string) (all []process) {
	if concurrency == "1" {
		return workersOf(s, mode)
	}
	for _, pid := range s.Workers() {
		all = append(all, process{pid, unix.SYS_EPOLL_PWAIT})
	}
	return all
}

// thread is one that waits.
type thread struct {
	tid      int
	switches int // how often it has blocked, ever
	cpu      int // how much processor time it has used, ever, in nanoseconds
}

// waiting finds the thread of p that waits in p's call. It may be any: the
// goroutine that accepts moves from thread to thread until it waits.
func waiting(t testing.TB, p process) (thread, bool) {
	t.Helper()
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", p.pid))
	for _, task := range tasks {
		call, err := os.ReadFile(filepath.Join(task, "syscall"))
		if os.IsPermission(err) {
			t.Skip("this user may not see in which system call a process of its own waits: ", err)
		}
		if strings.HasPrefix(string(call), fmt.Sprint(p.call, " ")) { // and not "running"
			return look(t, task), true
		}
	}
	return thread{}, false
}

func look(t testing.TB, task string) thread {
	t.Helper()
	return thread{
		tid:      number(t, filepath.Base(task)),
		switches: number(t, statusOf(task, "voluntary_ctxt_switches")),
		cpu:      cpu(t, task),
	}
}

// cpu is the processor time that a thread has used: the first of three numbers.
func cpu(t testing.TB, task string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(task, "schedstat"))
	if err != nil {
		t.Fatal(err)
	}
	return number(t, string(text))
}

// statusOf is one field of the file status in a directory of /proc, "" if the
// process or thread has ended.
func statusOf(dir, field string) string {
	text, _ := os.ReadFile(filepath.Join(dir, "status"))
	_, rest, _ := strings.Cut(string(text), "\n"+field+":")
	value, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(value)
}

func number(t testing.TB, text string) (n int) {
	t.Helper()
	if _, err := fmt.Sscan(text, &n); err != nil {
		t.Fatalf("number %q: %v", text, err)
	}
	return n
}

// awaitIdle waits until all processes wait, and returns the threads that do.
// Whoever the kernel has woken is runnable and so not idle, even if it has not
// yet run.
func awaitIdle(t testing.TB, processes []process) (idle []thread) {
	t.Helper()
	for _, p := range processes {
		servertest.Eventually(t, fmt.Sprintf("process %d is idle", p.pid), func() bool {
			th, ok := waiting(t, p)
			if ok {
				idle = append(idle, th)
			}
			return ok
		})
	}
	return idle
}

// price is what connections have cost the waiting threads.
type price struct {
	wakeups int
	cpu     []int // nanoseconds, by connection
}

func (p *price) add(before, after []thread) {
	cpu := 0
	for i := range after {
		if after[i].tid != before[i].tid {
			p.wakeups++ // another thread of the process waits now, so it has woken
			continue
		}
		p.wakeups += after[i].switches - before[i].switches
		cpu += after[i].cpu - before[i].cpu
	}
	p.cpu = append(p.cpu, cpu)
}

// per is the number of wakeups a connection.
func (p *price) per(conns int) float64 { return float64(p.wakeups) / float64(conns) }

// spaced asks n times, each time of an idle server, and returns who answered and
// what it cost the processes.
func spaced(t testing.TB, s *servertest.Server, processes []process, n int) (answers []int, paid price) {
	t.Helper()
	before := awaitIdle(t, processes)
	for range n {
		answers = append(answers, s.Ask())
		after := awaitIdle(t, processes)
		paid.add(before, after)
		before = after
	}
	return answers, paid
}

// tally counts by whom connections were answered.
func tally(answers []int) map[int]int {
	counts := make(map[int]int)
	for _, pid := range answers {
		counts[pid]++
	}
	return counts
}

// freeze stops workers as a debugger or a lack of memory would, and waits until
// no thread of theirs runs.
func freeze(t testing.TB, pids ...int) {
	t.Helper()
	for _, pid := range pids {
		signal(t, pid, syscall.SIGSTOP)
	}
	for _, pid := range pids {
		servertest.Eventually(t, fmt.Sprintf("worker %d is stopped", pid), func() bool { return stopped(pid) })
	}
}

func stopped(pid int) bool {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	return !slices.ContainsFunc(tasks, func(task string) bool {
		state := statusOf(task, "State")
		return state != "" && state[0] != 'T'
	})
}

func thaw(t testing.TB, pids ...int) {
	t.Helper()
	for _, pid := range pids {
		signal(t, pid, syscall.SIGCONT)
	}
}

func signal(t testing.TB, pid int, sig syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, sig); err != nil {
		t.Fatalf("%v to %d: %v", sig, pid, err)
	}
}

// slots are the lines of a server's scoreboard that have been in use.
func slots(s *servertest.Server) (all []scoreboard.Slot) {
	for i := range scoreboard.MaxSlots {
		if sum := s.Scores().Slot(i); sum.Speaks {
			all = append(all, sum)
		}
	}
	return all
}
