//go:build linux

package cli

import (
	"errors"
	"log/slog"
	"os"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"prefork/bench/load"
	"prefork/internal/keeper"
	"prefork/internal/supervisor"
	"prefork/internal/worker"
)

// Worker runs this process as what another of this binary has started it as: a
// worker of a master, a load generator, or a demo's keeper.
func Worker() (code int, isWorker bool) {
	if load.IsGenerator() {
		return load.Main(os.Stdin, os.Stdout), true
	}
	if keeper.IsKeeper() {
		return keeper.Keep(os.Stdin), true
	}
	if !worker.IsWorker() {
		return 0, false
	}
	return worker.Main(), true
}

// serve runs a master until it is told to stop.
func serve(c *cli.Context) error {
	o, err := options(c)
	if err == nil {
		err = explain(supervisor.Run(c.Context, o), o)
	}
	if err != nil && o.Log != nil && c.String("log-format") == "json" {
		return tell(o.Log, err)
	}
	return err
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
func tell(log *slog.Logger, err error) error {
	log.Error("failed", "error", err.Error(), "exit", codeOf(err))
	return logged{err}
}
