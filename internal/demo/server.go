//go:build linux

package demo

import (
	"fmt"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"prefork/internal/kernel"
	"prefork/internal/subject"
	"prefork/strategies/accept"
)

// server is a prefork on the stage.
type server struct {
	*subject.Server
	stage    *Stage
	strategy string
	workers  []int // pids by slot, as they were at the start
	wait     waits
	visits   int
}

// waits are the system calls in which its processes wait when they have nothing to
// do; the master's is 0 if it has nothing to wait for.
type waits struct{ worker, master int }

// start starts a prefork and waits until its workers take connections. flags are
// those of prefork serve.
func (s *Stage) start(strategy string, workers int, flags ...string) (*server, error) {
	if s.alter != nil {
		strategy, flags = s.alter(strategy, flags)
	}
	args := append([]string{"--bind", "127.0.0.1:0", "--strategy", strategy, "-w", strconv.Itoa(workers)}, flags...)
	running, err := subject.Start(s.ctx, "prefork --strategy "+strategy, args...)
	if err != nil {
		return nil, err
	}
	v := &server{
		Server: running, stage: s, strategy: strategy,
		workers: make([]int, workers), wait: waitsOf(strategy, flags),
	}
	s.servers = append(s.servers, v)
	for _, pid := range running.Workers() {
		if slot := subject.SlotOf(pid); slot >= 0 && slot < workers {
			v.workers[slot] = pid
		}
	}
	if slot := slices.Index(v.workers, 0); slot >= 0 {
		return nil, fmt.Errorf("%s has no worker %d", running.Name, slot)
	}
	v.Processes() // so that all are known to Stop, even if the master dies
	return v, nil
}

func waitsOf(strategy string, flags []string) waits {
	w, name := waits{}, "" // the default
	if strategy == "dispatch" {
		w.master, name = unix.SYS_PPOLL, accept.Receive
	} else if i := slices.Index(flags, "--accept"); i >= 0 {
		name = flags[i+1]
	}
	mode, _ := accept.Lookup(name) // of those that there are: scenes ask for no other
	w.worker = mode.Call
	return w
}

// slotOf is the slot of the worker that was there at the start, -1 for any other.
func (v *server) slotOf(pid int) int {
	for slot, worker := range v.workers {
		if worker == pid {
			return slot
		}
	}
	return -1
}

// slots are those of all workers.
func (v *server) slots() (all []int) {
	for slot := range v.workers {
		all = append(all, slot)
	}
	return all
}

// freeze stops workers as a debugger or a lack of memory would, and waits until
// they stand still.
func (v *server) freeze(slots ...int) error {
	for _, slot := range slots {
		if err := v.signal(slot, unix.SIGSTOP); err != nil {
			return err
		}
	}
	return v.stage.await(fmt.Sprintf("workers %v stand still", slots), func() bool {
		return !slices.ContainsFunc(slots, func(slot int) bool { return !kernel.Stopped(v.workers[slot]) })
	})
}

// thaw lets it go on.
func (v *server) thaw(slot int) error { return v.signal(slot, unix.SIGCONT) }

func (v *server) signal(slot int, signal unix.Signal) error {
	if err := unix.Kill(v.workers[slot], signal); err != nil {
		return fmt.Errorf("send worker %d %v: %w", slot, signal, err)
	}
	return nil
}

// waitingFor is how many connections wait in a worker's queue: its own, or the one that
// all share.
func (v *server) waitingFor(slot int) (int, error) {
	depths, err := v.Queues()
	if len(depths) == 0 || err != nil {
		return 0, err
	}
	own := len(depths) - len(v.workers) + slot // the pairs of dispatch come after the master's queue
	if len(depths) == 1 {
		own = 0
	}
	if own >= len(depths) {
		return 0, nil
	}
	return depths[own], nil
}

// killMaster kills the master and waits for its end.
func (v *server) killMaster() error {
	v.Processes()
	if err := unix.Kill(v.PID(), unix.SIGKILL); err != nil {
		return fmt.Errorf("kill the master: %w", err)
	}
	return v.stage.await("the master is dead", v.Over)
}
