//go:build linux

package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"prefork/bench/load"
	"prefork/internal/inspect"
	"prefork/internal/keeper"
	"prefork/internal/supervisor"
	"prefork/internal/worker"
	"prefork/strategies"
)

// Worker runs this process as what another of this binary has started it as: a
// worker of a master, a load generator, or a process that outlives a master or a demo.
func Worker() (code int, isWorker bool) {
	if load.IsGenerator() {
		return load.Main(os.Stdin, os.Stdout), true
	}
	if keeper.IsKeeper() {
		return keeper.Keep(os.Stdin), true
	}
	if keeper.IsWatch() {
		return keeper.KeepWatch(), true
	}
	if !worker.IsWorker() {
		return 0, false
	}
	return worker.Main(), true
}

// serving are the flags of serve, and what serves as they say.
func serving() (flags []cli.Flag, action cli.ActionFunc) {
	o := new(options)
	return o.flags(), func(c *cli.Context) error {
		o.read(c)
		return serve(c, o)
	}
}

// serve runs a master until it is told to stop. What the flags say is looked at twice:
// the master is this program run again, in a process that is prepared for it, and
// flags that are wrong are to be told of before that. What is only a remark is told
// once.
func serve(c *cli.Context, o *options) error {
	log := o.openLog(c.App.ErrWriter)
	defer log.flush()
	here, err := o.check()
	if err != nil || supervisor.Begun() {
		for _, remark := range remarks {
			remark(o, here, log.Logger)
		}
	}
	switch {
	case err == nil && !supervisor.Begun():
		err = supervisor.Begin() // does not return if all is well
	case err == nil:
		master := o.master(here, log, c.App.Writer)
		err = explain(supervisor.Run(c.Context, master), master)
	}
	if err != nil && o.logFormat == "json" {
		log.Error("failed", "error", err.Error(), "exit", codeOf(err))
		return logged{err}
	}
	return err
}

// hiddenCommands are not for people.
func hiddenCommands() []*cli.Command {
	o := new(options)
	return []*cli.Command{{
		Name: supervisor.ProbeCommand, Hidden: true, HideHelpCommand: true,
		Flags: o.flags(), OnUsageError: plainly,
		Action: func(c *cli.Context) error {
			o.read(c)
			return canTakeOver(c, o)
		},
	}}
}

// canTakeOver answers a master that is to be upgraded to this binary.
func canTakeOver(c *cli.Context, o *options) error {
	here, err := o.check()
	if err != nil {
		return err
	}
	return supervisor.CanTakeOver(o.master(here, o.openLog(c.App.ErrWriter), c.App.Writer), c.App.Writer)
}

// explain adds to a master's error what the user can do, and its exit code.
func explain(err error, o supervisor.Options) error {
	var exit *supervisor.ExitError
	switch {
	case errors.As(err, &exit):
		return coded{exit.Code, exit.Err}
	case errors.Is(err, unix.EADDRINUSE):
		return inUse(o.Config.Bind)
	}
	return err
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
