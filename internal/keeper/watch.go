//go:build linux

package keeper

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A Watch ends a master's workers if the master is killed. The kernel's death signal
// (PR_SET_PDEATHSIG) does that for a worker which stays as it was started. It is lost
// when a program changes its user or gains a capability, and is none for what the
// program has started itself. So a process of its own holds the reading end of a pipe:
// when that ends, the master has.
//
//	master ── "+ PID START" ──► watch      worker PID, begun at START, is there
//	       ── "- PID" ────────►            it has gone, with all it had started
//	       ── (end) ──────────►            so has the master
type Watch struct {
	to int // the writing end, owned
}

const (
	// envWatch makes a process a Watch: the signal that tells a worker to stop.
	envWatch = "PREFORK_WATCH"
	// envFork has it first become a child of nobody in particular.
	envFork = "PREFORK_WATCH_FORK"

	watchFD = 3
	// watchGrace is between being told to stop and KILL for workers without a master.
	watchGrace = time.Second
	watchPoll  = 20 * time.Millisecond
)

// NewWatch starts one that tells workers by a signal. It is to be called before Adopt,
// after which it would be a child of the master, and be taken for one of its workers'.
func NewWatch(stop syscall.Signal) (*Watch, error) {
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return nil, fmt.Errorf("watch over workers: %w", err)
	}
	defer unix.Close(ends[0])
	pid, err := startWatch(ends[0], envFork+"=1", envWatch+"="+strconv.Itoa(int(stop)))
	if err == nil {
		// It ends as soon as its own child runs.
		_, err = unix.Wait4(pid, nil, 0, nil)
	}
	if err != nil {
		_ = unix.Close(ends[1])
		return nil, fmt.Errorf("watch over workers: %w", err)
	}
	return ResumeWatch(ends[1]), nil
}

// ResumeWatch goes on with one whose pipe this process has.
func ResumeWatch(fd int) *Watch { return &Watch{to: fd} }

// FD is its pipe, which stays its own; -1 where there is no Watch.
func (w *Watch) FD() int {
	if w == nil {
		return -1
	}
	return w.to
}

// Add says that there is a worker.
func (w *Watch) Add(pid int) {
	if p, ok := processOf(pid); ok && w != nil {
		w.say(fmt.Sprintf("+ %d %d\n", pid, p.start))
	}
}

// Remove says that nothing is left of it.
func (w *Watch) Remove(pid int) {
	if w != nil {
		w.say(fmt.Sprintf("- %d\n", pid))
	}
}

// say is best effort: a Watch that was killed is no reason not to serve.
func (w *Watch) say(line string) { _, _ = unix.Write(w.to, []byte(line)) }

// Close has it end.
func (w *Watch) Close() {
	if w != nil {
		_ = unix.Close(w.to)
	}
}

func startWatch(pipe int, environ ...string) (pid int, err error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	n := null.Fd()
	return syscall.ForkExec("/proc/self/exe", []string{"prefork: watch"}, &syscall.ProcAttr{
		Dir: "/", Env: environ, Files: []uintptr{n, n, n, uintptr(pipe)}, Sys: &syscall.SysProcAttr{Setsid: true},
	})
}

// IsWatch reports whether this process is one, and must call KeepWatch before
// anything else.
func IsWatch() bool { return os.Getenv(envWatch) != "" }

// KeepWatch is a Watch's whole life. It returns the exit code.
func KeepWatch() int {
	if os.Getenv(envFork) != "" {
		if _, err := startWatch(watchFD, envWatch+"="+os.Getenv(envWatch)); err != nil {
			return 1
		}
		return 0
	}
	// A service manager tells all processes of a service to stop, and this one has to
	// outlast the others.
	signal.Ignore(unix.SIGTERM, unix.SIGINT, unix.SIGQUIT, unix.SIGHUP, unix.SIGUSR1, unix.SIGUSR2)
	stop, _ := strconv.Atoi(os.Getenv(envWatch))
	End(workersOf(os.NewFile(watchFD, "master")), syscall.Signal(stop), watchGrace)
	return 0
}

// workersOf are those that are there when the master has ended, with when they began.
func workersOf(master io.Reader) map[int]uint64 {
	workers := map[int]uint64{}
	for lines := bufio.NewScanner(master); lines.Scan(); {
		var what string
		var pid int
		var start uint64
		switch n, _ := fmt.Sscan(lines.Text(), &what, &pid, &start); {
		case n == 3 && what == "+":
			workers[pid] = start
		case n >= 2 && what == "-":
			delete(workers, pid)
		}
	}
	return workers
}

// End tells workers, by pid and when they began, to stop, with all that they have
// started, and kills what is left after the grace. It is for who is not their parent.
func End(workers map[int]uint64, stop syscall.Signal, grace time.Duration) {
	end := time.Now().Add(grace)
	for sent := stop; ; time.Sleep(watchPoll) {
		left := 0
		for pid, began := range workers {
			for _, one := range kinOf(pid, began) {
				left++
				if sent != 0 {
					_ = unix.Kill(one, sent)
				}
			}
		}
		if left == 0 {
			return
		}
		if sent = 0; time.Now().After(end) {
			sent = unix.SIGKILL
		}
	}
}

// Began is when a process did, in ticks since the machine did; 0 if it has gone.
func Began(pid int) uint64 {
	p, _ := processOf(pid)
	return p.start
}

// kinOf are a worker, if that is still the one that began then, and its rest. Of a
// number that is somebody else's by now the rest is not the worker's either.
func kinOf(pid int, start uint64) []int {
	p, ok := processOf(pid)
	if ok && p.start != start {
		return nil
	}
	rest := Rest(pid)
	if ok && !p.dead {
		return append(rest, pid)
	}
	return rest
}
