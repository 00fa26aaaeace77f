//go:build linux

package cli

import (
	"fmt"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"prefork/internal/supervisor"
)

func readGraceful(c *cli.Context, o *supervisor.Options) error {
	if o.Limits.Graceful = c.Duration("graceful-timeout"); o.Limits.Graceful <= 0 {
		return usage(fmt.Errorf("--graceful-timeout %s: workers need some time to finish", o.Limits.Graceful))
	}
	// The other half is for what they have taken by then.
	o.Launch.Drain = o.Limits.Graceful / 2
	return nil
}

// readSignal reads TERM, SIGTERM or term. Built-in workers are told by TERM.
func readSignal(c *cli.Context, o *supervisor.Options) error {
	o.StopSignal = syscall.SIGTERM
	if !o.Config.Foreign {
		return nil
	}
	name := strings.TrimPrefix(strings.ToUpper(c.String("stop-signal")), "SIG")
	if o.StopSignal = unix.SignalNum("SIG" + name); o.StopSignal == 0 {
		return usage(fmt.Errorf("--stop-signal %q is no signal; TERM, QUIT, INT and WINCH are common", c.String("stop-signal")))
	}
	return nil
}

// deaths are what workers may do when their master is killed; the first is the
// default.
var deaths = []string{"exit", "serve"}

func readDeath(c *cli.Context, o *supervisor.Options) error {
	what, err := oneOf(c, "on-master-death", deaths)
	switch {
	case err != nil:
		return err
	case what == "exit":
		o.Launch.DeathSignal = o.StopSignal
	case o.Strategy.Name == "dispatch":
		o.Log.Warn("workers cannot go on without a master under dispatch: nobody would accept for them")
	}
	return nil
}
