//go:build linux

package cli

import (
	"fmt"
	"runtime"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"prefork/internal/supervisor"
	"prefork/internal/worker"
)

func readWorkers(c *cli.Context, o *supervisor.Options) error {
	workers := c.Int("workers")
	if workers < 1 {
		return usage(fmt.Errorf("--workers %d: somebody has to do it; give 1 to %d", workers, worker.MaxWorkers))
	}
	if workers > worker.MaxWorkers {
		if c.IsSet("workers") {
			return usage(fmt.Errorf("--workers %d: the scoreboard has a line for %d; give 1 to %d (far fewer serve a machine best)", workers, worker.MaxWorkers, worker.MaxWorkers))
		}
		workers = worker.MaxWorkers
	}
	if cpus := runtime.NumCPU(); o.Config.Steer == "cpu" && workers > cpus {
		o.Log.Warn("some workers may stay idle", "workers", workers, "cpus", cpus, "reason", "--steer cpu has one worker for each CPU")
	}
	o.Limits.Workers, o.Limits.MaxWorkers = workers, worker.MaxWorkers
	o.Limits.Settle, o.Limits.OneQueue = o.Strategy.Settle, o.Strategy.OneQueue
	o.Limits.StartTimeout = startTimeout
	return nil
}

// startTimeout ends a built-in worker that does not get ready.
const startTimeout = time.Minute

// Descriptors that the master and a worker have whatever they do.
const (
	masterFiles = 64
	workerFiles = 32
)

// checkRoom makes sure that the master can open what it will need, and a worker
// too: its limit is the same. A master has for each worker a socket or a pair, a
// handle on the process and, while it starts, a pipe.
//
// The hard limit counts: Go's runtime raises the soft one to it at the start of a
// process, and gives programs the one back that was there before.
func checkRoom(_ *cli.Context, o *supervisor.Options) error {
	master, one := uint64(masterFiles+4*o.Limits.Workers), uint64(workerFiles+o.Config.Concurrency)
	need, who := master, count(o.Limits.Workers, "worker")
	if one > master {
		need, who = one, "a worker with --concurrency "+fmt.Sprint(o.Config.Concurrency)
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("how many files may be open: %w", err)
	}
	if limit.Max < need {
		return coded{exitNotAllowed, fmt.Errorf("no room: %s may need %d open files, and the hard limit is %d: raise it (ulimit -Hn, LimitNOFILE=) or ask for less", who, need, limit.Max)}
	}
	return nil
}
