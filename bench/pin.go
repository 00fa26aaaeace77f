//go:build linux

package bench

import (
	"fmt"
	"runtime"

	"prefork/bench/result"
	"prefork/internal/kernel"
	"prefork/internal/sys"
)

// pinning divides the processors that this process may use (sched_setaffinity(2), cgroups'
// cpusets) between server and load generator.
func pinning() (*result.Pinning, error) {
	cpus, err := sys.Processors()
	if err != nil {
		return nil, err
	}
	p, err := result.Pin(kernel.Cores(cpus))
	if err != nil {
		return nil, fmt.Errorf("--pin: %w: leave it out, or allow more (taskset, or the container's cpuset)", err)
	}
	return &p, nil
}

// processors are how many a plan has for the server, and for the load generator. Without
// --pin both have all.
func processors(p result.Plan) (server, generator int) {
	if p.Pin {
		if sides, err := pinning(); err == nil { // else it is for Prepare to tell
			return len(sides.Server), len(sides.Load)
		}
	}
	return runtime.NumCPU(), runtime.NumCPU()
}
