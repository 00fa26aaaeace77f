//go:build linux

package cli

import (
	"fmt"
	"os"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"prefork/internal/inspect"
	"prefork/internal/kernel"
	"prefork/internal/supervisor"
	"prefork/strategies"
)

func readBind(c *cli.Context, o *supervisor.Options) (err error) {
	address, from := c.String("bind"), ""
	if port := os.Getenv("PORT"); port != "" && !c.IsSet("bind") {
		address, from = ":"+port, "PORT in the environment: "
	}
	if o.Config.Bind, err = strategies.ParseBind(address); err != nil {
		return usage(fmt.Errorf("%s%w", from, err))
	}
	return nil
}

// readBacklog warns of a backlog that the kernel would cut in silence, if it is
// the user's own.
func readBacklog(c *cli.Context, o *supervisor.Options) error {
	backlog := c.Int("backlog")
	if backlog < 1 {
		return usage(fmt.Errorf("--backlog %d: at least one connection must be able to wait", backlog))
	}
	if limit, err := kernel.SysctlInt("net.core.somaxconn"); err == nil && backlog > limit {
		if c.IsSet("backlog") {
			o.Log.Warn("the kernel cuts the backlog", "backlog", backlog, "net.core.somaxconn", limit)
		}
		backlog = limit
	}
	o.Config.Backlog = backlog
	return nil
}

// inUse is the error for an address that is taken, with who has it if that can
// be told.
func inUse(bind strategies.Bind) error {
	const advice = "choose another address with --bind"
	if holder, err := inspect.Listener(bind.Network, bind.Address); err == nil {
		return fmt.Errorf("bind %s: %w by %s: stop it, or %s", bind, unix.EADDRINUSE, holder, advice)
	}
	if info, err := os.Lstat(bind.Address); bind.Network == "unix" && err == nil && info.Mode()&os.ModeSocket == 0 {
		return fmt.Errorf("bind %s: something is there that is no socket: remove it, or %s", bind, advice)
	}
	return fmt.Errorf("bind %s: %w: %s", bind, unix.EADDRINUSE, advice)
}
