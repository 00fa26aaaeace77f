//go:build linux

package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"prefork/bench/load"
	"prefork/internal/entry"
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

// serve runs a master until it is told to stop, and tells of its failure in the log, if
// that is for those who read by machine.
func serve(c *cli.Context, o *options) error {
	log := o.openLog(c.App.ErrWriter)
	defer log.flush()
	err := o.serve(c, log)
	if err != nil && o.logFormat == "json" {
		entry.Failed.Log(log.Logger, "error", explained(err), "exit", codeOf(err))
		return logged{err}
	}
	return err
}

// serve looks at what was asked for twice: the master is this program run again, in a
// process that is prepared for it, and what is wrong is to be told of before that. What
// is only a remark is told once.
func (o *options) serve(c *cli.Context, log journal) error {
	if err := o.check(); err != nil {
		return err
	}
	here := o.look()
	err := o.obstacle(here)
	if err != nil || supervisor.Begun() {
		o.remark(here, log.Logger)
	}
	if err != nil {
		return err
	}
	if !supervisor.Begun() {
		return supervisor.Begin() // does not return if all is well
	}
	if err := o.settle(); err != nil {
		return err
	}
	o.sockets.take()
	master := o.master(here, log, c.App.Writer)
	return explain(supervisor.Run(c.Context, master), master)
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
	if err := o.check(); err != nil {
		return err
	}
	here := o.look()
	if err := o.obstacle(here); err != nil {
		return err
	}
	return supervisor.CanTakeOver(o.master(here, o.openLog(c.App.ErrWriter), c.App.Writer), c.App.Writer)
}

// explain adds to a master's error what the user can do, and its exit code.
func explain(err error, o supervisor.Options) error {
	var exit *supervisor.ExitError
	var bind *strategies.BindError
	var metrics *supervisor.MetricsError
	switch {
	case errors.As(err, &exit):
		return coded{exit.Code, explainStart(exit, o)}
	case errors.As(err, &bind) && errors.Is(err, unix.EADDRINUSE):
		return inUse("bind", bind.Bind, "--bind")
	case errors.As(err, &metrics) && errors.Is(err, unix.EADDRINUSE):
		return inUse("--metrics", strategies.Bind{Network: "tcp", Address: metrics.Address}, "--metrics")
	}
	return err
}

// inUse is the error for an address that is taken, with who has it if that can be told.
// what was to be done with it, and by which flag it is chosen.
func inUse(what string, bind strategies.Bind, flag string) error {
	advice := "choose another address with " + flag
	if holder, err := inspect.Listener(bind.Network, bind.Address); err == nil {
		return fmt.Errorf("%s %s: %w by %s: stop it, or %s", what, bind, unix.EADDRINUSE, holder, advice)
	}
	if info, err := os.Lstat(bind.Address); bind.Network == "unix" && err == nil && info.Mode()&os.ModeSocket == 0 {
		return fmt.Errorf("%s %s: something is there that is no socket: remove it, or %s", what, bind, advice)
	}
	return fmt.Errorf("%s %s: %w: %s", what, bind, unix.EADDRINUSE, advice)
}
