//go:build linux

package subject

import (
	"maps"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/kernel"
)

// Account is what a server has used since it was started.
type Account struct {
	// CPU is the processor time of all that the server ran, whoever has ended: see
	// Server.Account.
	CPU    time.Duration
	Master time.Duration // of the first process alone, all its threads
	// Threads is what those threads have used that live, by ID. The kernel tells of no
	// other's context switches.
	Threads map[int]ThreadUse
	// Unwaited are the children of processes that ignore their end (SIGCHLD is SIG_IGN,
	// wait(2)): when one ends, the kernel adds its time to nobody's, and CPU lacks it.
	Unwaited map[int]bool
}

// ThreadUse is what one thread has used.
type ThreadUse struct {
	CPU      time.Duration
	Switches uint64 // voluntary: how often it has waited
}

// settleTries is how often an account is begun anew because somebody ended meanwhile. A
// server that starts a process for each connection may never hold still; then a time of
// one such process is in doubt.
const settleTries = 5

// Account adds up what the server has used. When a process ends and its parent waits for
// it, the kernel moves its time, its own and that of the children it has waited for, to
// its parent's. So the sum over all processes that are left, of their own time and of that
// of the children they have waited for, loses nothing and counts nothing twice:
//
//	worker: own 80 ms                                    (ended)
//	master: own 20 ms, children 0 ms    ─ wait(2) ─►     own 20 ms, children 80 ms
//
// A process's own time is by its clock, in nanoseconds, threads included that have ended;
// children's is in ticks of 10 ms. The first process, which is ours to wait for, leaves its
// sum in wait4(2)'s rusage.
//
// It may be called from several goroutines.
func (s *Server) Account() Account {
	s.accounting.Lock()
	defer s.accounting.Unlock()
	var a Account
	for range settleTries {
		pids := s.Processes()
		before := reaped(pids)
		a = s.addUp(pids)
		if before == reaped(pids) {
			break
		}
	}
	return a
}

func (s *Server) addUp(pids []int) Account {
	a := Account{Threads: map[int]ThreadUse{}, Unwaited: map[int]bool{}}
	if s.Over() {
		a.CPU = s.cmd.ProcessState.UserTime() + s.cmd.ProcessState.SystemTime()
	}
	for _, pid := range pids {
		own, err := kernel.ProcessCPU(pid)
		if err != nil {
			continue // it has ended since, and is in its parent's
		}
		children, _ := kernel.ReapedCPU(pid)
		a.CPU += own + children
		if pid == s.PID() && !s.Over() {
			a.Master = own
		}
		if ignores, _ := kernel.Ignores(pid, unix.SIGCHLD); ignores {
			living, _ := kernel.Children(pid)
			for _, child := range living {
				a.Unwaited[child] = true
			}
		}
		maps.Copy(a.Threads, threadsOf(pid))
	}
	return a
}

// reaped is what processes have of children they have waited for, together.
func reaped(pids []int) (sum time.Duration) {
	for _, pid := range pids {
		cpu, _ := kernel.ReapedCPU(pid)
		sum += cpu
	}
	return sum
}

// threadsOf are those of a process that live.
func threadsOf(pid int) map[int]ThreadUse {
	all := map[int]ThreadUse{}
	threads, _ := kernel.Threads(pid)
	for _, t := range threads {
		if cpu, err := kernel.ThreadCPU(pid, t.ID); err == nil {
			all[t.ID] = ThreadUse{cpu, t.Switches}
		}
	}
	return all
}
