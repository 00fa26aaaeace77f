//go:build linux

package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"prefork/internal/supervisor"
	"prefork/strategies"
)

// shortestStuck leaves the master time to look at queues where workers count
// nothing.
const shortestStuck = 50 * time.Millisecond

// readSteer settles how the kernel picks under reuseport. NAME? is for those who
// want it where it can be had.
func readSteer(c *cli.Context, o *supervisor.Options) error {
	name, optional := strings.CutSuffix(c.String("steer"), "?")
	if optional && name == "" {
		return usage(fmt.Errorf("--steer ?: a name goes before the question mark: %s", or(names(strategies.Steers, steerName))))
	}
	steer, err := strategies.LookupSteer(name)
	if err != nil {
		return usage(err)
	}
	if err := o.Strategy.Has("", name, ""); err != nil {
		return usage(err)
	}
	if err := readStuckAfter(c, o, steer); err != nil {
		return err
	}
	fallback := strategies.Steers[0].Name
	if o.Config.BindInWorker && steer.Name != fallback {
		return usage(fmt.Errorf("--steer %s is for sockets that the master binds; leave out --reuseport-bind worker", steer.Name))
	}
	if err := steer.Probe(); err != nil {
		if !optional {
			return fmt.Errorf("--steer %s: %w; --steer '%s?' falls back to %s", steer.Name, err, steer.Name, fallback)
		}
		o.Log.Warn("not steered as asked for", "asked", steer.Name, "steer", fallback, "reason", err)
		name = fallback
	}
	o.Config.Steer = orFirst(name, o.Strategy.Steers)
	o.Launch.Pin = c.Bool("pin")
	return nil
}

func readStuckAfter(c *cli.Context, o *supervisor.Options, steer strategies.Steer) error {
	o.Config.StuckAfter = c.Duration("stuck-after")
	switch {
	case c.IsSet("stuck-after") && len(o.Strategy.Steers) == 0:
		return usage(fmt.Errorf("--stuck-after is for --strategy reuseport with --steer %s; %s has no queue of each worker's own for the kernel to pass over", or(watching()), o.Strategy.Name))
	case c.IsSet("stuck-after") && !steer.Watches:
		return usage(fmt.Errorf("--stuck-after is for --steer %s; %s passes over nobody", or(watching()), steer.Name))
	case o.Config.StuckAfter < shortestStuck:
		return usage(fmt.Errorf("--stuck-after %s: a queue needs some time to move; give %s or more", o.Config.StuckAfter, shortestStuck))
	}
	return nil
}
