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

// spaced asks n times, each time of a server that is idle. For each it returns the
// slot that has answered (-1 for nobody) and how often the thread of each worker, and
// then of the master if it waits too, has gone from waiting to running.
func (v *server) spaced(n int) (slots []int, woken [][]int, err error) {
	before, err := v.idle()
	for range n {
		if err != nil {
			return nil, nil, err
		}
		slots = append(slots, v.slotOf(v.ask()))
		var after []kernel.Thread
		if after, err = v.idle(); err != nil {
			return nil, nil, err
		}
		var each []int
		for i := range after {
			each = append(each, wakesOf(before[i], after[i]))
		}
		woken, before = append(woken, each), after
	}
	return slots, woken, err
}

// wakesOf is how often the thread of a process that waits has woken.
func wakesOf(before, after kernel.Thread) int {
	if after.ID != before.ID {
		return 1 // another thread of the process waits now, so it has woken
	}
	return int(after.Switches - before.Switches)
}

// wakesBy adds them up, by thread.
func wakesBy(woken [][]int) (all []int) {
	all = make([]int, len(woken[0]))
	for _, each := range woken {
		for i, n := range each {
			all[i] += n
		}
	}
	return all
}

// sum adds up.
func sum(all []int) (n int) {
	for _, one := range all {
		n += one
	}
	return n
}
