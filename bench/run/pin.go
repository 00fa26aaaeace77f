//go:build linux

package run

import (
	"context"
	"fmt"
	"runtime"
	"slices"

	"prefork/bench/result"
	"prefork/internal/kernel"
	"prefork/internal/subject"
	"prefork/internal/sys"
)

// start starts an arm's server on its own processors, if it has any: it and all that it
// starts inherit them from this thread.
func (r *run) start(ctx context.Context, arm result.Arm) (*subject.Server, error) {
	if p := r.Environment.Pinning; p != nil {
		back, err := sys.PinThreadTo(p.Server)
		if err != nil {
			return nil, err
		}
		defer back()
	}
	return r.Start(ctx, arm)
}

// confine has this process, and so the load generators that it starts, on the load's own
// processors, if there are any, and returns what undoes that.
func (r *run) confine() (undo func(), err error) {
	if p := r.Environment.Pinning; p != nil {
		return sys.Confine(p.Load)
	}
	return func() {}, nil
}

// generatorCPUs is how many processors the load generator has.
func (r *run) generatorCPUs() int {
	if p := r.Environment.Pinning; p != nil {
		return len(p.Load)
	}
	return runtime.NumCPU()
}

// strayed is an error if a thread of a server may run on other processors than its own, since
// it has chosen them itself.
func (r *run) strayed(server *subject.Server) error {
	p := r.Environment.Pinning
	if p == nil {
		return nil
	}
	for _, pid := range server.Processes() {
		threads, _ := kernel.Threads(pid)
		for _, thread := range threads {
			cpus, _ := sys.ProcessorsOf(thread.ID)
			if slices.ContainsFunc(cpus, func(cpu int) bool { return !slices.Contains(p.Server, cpu) }) {
				return fmt.Errorf("its process %d has chosen by itself on which CPUs it runs, and not those that --pin gave it: have it leave that alone, or leave out --pin", pid)
			}
		}
	}
	return nil
}
