//go:build linux

package cli

import (
	"errors"
	"os"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"prefork/bench/load"
	"prefork/internal/keeper"
	"prefork/internal/supervisor"
	"prefork/internal/worker"
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

// serve runs a master until it is told to stop. What the flags say is looked at twice:
// the master is this program run again, in a process that is prepared for it, and
// flags that are wrong are to be told of before that.
func serve(c *cli.Context) error {
	o, err := options(c)
	switch {
	case err == nil && !supervisor.Begun():
		err = supervisor.Begin() // does not return if all is well
	case err == nil:
		err = explain(supervisor.Run(c.Context, o), o)
		o.Flush()
	}
	if err != nil && o.Log != nil && c.String("log-format") == "json" {
		return tell(o, err)
	}
	return err
}

// hiddenCommands are not for people.
func hiddenCommands() []*cli.Command {
	return []*cli.Command{{
		Name: supervisor.ProbeCommand, Hidden: true, HideHelpCommand: true,
		Flags: serveFlags(), Action: canTakeOver, OnUsageError: plainly,
	}}
}

// canTakeOver answers a master that is to be upgraded to this binary.
func canTakeOver(c *cli.Context) error {
	o, err := options(c)
	if err != nil {
		return err
	}
	return supervisor.CanTakeOver(o, c.App.Writer)
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

// tell writes an error to the log, for those who read that by machine.
func tell(o supervisor.Options, err error) error {
	o.Log.Error("failed", "error", err.Error(), "exit", codeOf(err))
	o.Flush()
	return logged{err}
}
