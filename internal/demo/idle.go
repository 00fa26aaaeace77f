//go:build linux

package demo

import (
	"errors"
	"fmt"
	"slices"

	"prefork/internal/kernel"
)

// idle waits until every process of a server waits for the next connection, but
// for workers that stand still, and returns the threads that do, the workers' by
// slot and then the master's, if it waits too.
func (v *server) idle(still ...int) (threads []kernel.Thread, err error) {
	for slot, pid := range v.workers {
		if slices.Contains(still, slot) {
			continue
		}
		thread, err := v.awaitIn(fmt.Sprintf("worker %d", slot), pid, v.wait.worker)
		if err != nil {
			return nil, err
		}
		threads = append(threads, thread)
	}
	if v.wait.master != 0 {
		thread, err := v.awaitIn("the master", v.PID(), v.wait.master)
		if err != nil {
			return nil, err
		}
		threads = append(threads, thread)
	}
	return threads, nil
}

// awaitIn waits until a process waits in a system call.
func (v *server) awaitIn(who string, pid, call int) (thread kernel.Thread, err error) {
	failed := v.stage.await(who+" waits for a connection", func() (ok bool) {
		thread, ok, err = kernel.Waiting(pid, call)
		if !ok && err == nil && kernel.Gone(pid) {
			err = fmt.Errorf("%s has gone, and was to wait for connections", who)
		}
		return ok || err != nil
	})
	if errors.Is(err, kernel.ErrUnseen) {
		return thread, errCannot{err}
	}
	return thread, errors.Join(err, failed)
}

// spaced asks n times, each time of a server that is idle, and returns the slots
// that have answered (-1 for nobody) and how often workers and master have woken.
func (v *server) spaced(n int) (slots []int, wakeups wakeups, err error) {
	before, err := v.idle()
	for range n {
		if err != nil {
			return nil, wakeups, err
		}
		slots = append(slots, v.slotOf(v.ask()))
		var after []kernel.Thread
		after, err = v.idle()
		wakeups.add(before, after, len(v.workers))
		before = after
	}
	return slots, wakeups, err
}

// wakeups is how often threads have gone from waiting to running.
type wakeups struct{ workers, master int }

func (w *wakeups) add(before, after []kernel.Thread, workers int) {
	for i := range after {
		woken := int(after[i].Switches - before[i].Switches)
		if after[i].ID != before[i].ID {
			woken = 1 // another thread of the process waits now, so it has woken
		}
		if i < workers {
			w.workers += woken
		} else {
			w.master += woken
		}
	}
}
