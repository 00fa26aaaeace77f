//go:build linux

package cli

import (
	"fmt"
	"math/rand/v2"

	"github.com/urfave/cli/v2"

	"prefork/internal/lookup"
	"prefork/internal/supervisor"
	"prefork/strategies"
	"prefork/strategies/accept"
)

func readStrategy(c *cli.Context, o *supervisor.Options) error {
	strategy, err := strategies.Lookup(c.String("strategy"))
	if err != nil {
		return usage(err)
	}
	mode, policy := c.String("accept"), c.String("policy")
	if _, err := accept.LookupListening(mode); err != nil {
		return usage(err)
	}
	if _, err := strategies.LookupPolicy(policy); err != nil {
		return usage(err)
	}
	if err := strategy.Has(mode, "", policy); err != nil {
		return usage(err)
	}
	if o.Config.Bind.Network == "unix" && !strategy.Unix {
		return usage(fmt.Errorf("--strategy %s cannot listen on %s: the kernel only spreads TCP and UDP over several sockets; use --strategy shared or dispatch", strategy.Name, o.Config.Bind))
	}
	o.Strategy = strategy
	o.Config.Accept, o.Config.Policy = orFirst(mode, strategy.Modes), orFirst(policy, strategy.Policies)
	o.Config.Random = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	o.Launch.Strategy, o.Launch.Accept = strategy.Name, strategy.Accept(mode)
	return nil
}

// orFirst is the name, or the default among those that there are, if any.
func orFirst(name string, all []string) string {
	if name == "" && len(all) > 0 {
		return all[0]
	}
	return name
}

// binders may bind the sockets of reuseport; the first is the default.
var binders = []string{"master", "worker"}

func readBinder(c *cli.Context, o *supervisor.Options) error {
	who, err := oneOf(c, "reuseport-bind", binders)
	if err != nil {
		return err
	}
	if c.IsSet("reuseport-bind") && o.Strategy.Name != "reuseport" {
		return usage(fmt.Errorf("--reuseport-bind is for --strategy reuseport; %s has one socket", o.Strategy.Name))
	}
	o.Config.BindInWorker = who == "worker"
	return nil
}

func readWindow(c *cli.Context, o *supervisor.Options) error {
	o.Config.Window = c.Int("window")
	switch {
	case c.IsSet("window") && o.Strategy.Name != "dispatch":
		return usage(fmt.Errorf("--window is for --strategy dispatch; under %s no connection is on its way to a worker", o.Strategy.Name))
	case o.Config.Window < 1:
		return usage(fmt.Errorf("--window %d: at least one connection must be on its way", o.Config.Window))
	}
	return nil
}

// oneOf is the value of a flag that takes one of few.
func oneOf(c *cli.Context, flag string, values []string) (string, error) {
	value := c.String(flag)
	for _, v := range values {
		if v == value {
			return value, nil
		}
	}
	return "", usage(lookup.Unknown("--"+flag, value, values))
}
