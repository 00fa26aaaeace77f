// Package cli is the command line: one file a subcommand, and what they share.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"
)

// Exit codes; see also those of package supervisor.
const (
	exitUsage      = 2
	exitNotAllowed = 77
)

// Run is the whole program but for the process: it runs args, writes to out and
// errOut, and returns the exit code.
func Run(ctx context.Context, args []string, out, errOut io.Writer) int {
	app := &cli.App{
		Name:            "prefork",
		Usage:           "a pre-fork server under three strategies, and what each of them costs",
		UsageText:       usageText,
		Version:         version(),
		HideHelpCommand: true,
		HideVersion:     true,
		Suggest:         true,
		Writer:          out,
		ErrWriter:       errOut,
		ExitErrHandler:  func(*cli.Context, error) {}, // the code is ours to give
		OnUsageError:    func(_ *cli.Context, err error, _ bool) error { return usage(err) },
		Flags:           serveFlags(),
		Action:          serve,
		Commands:        commands(),
	}
	err := app.RunContext(ctx, args)
	if err == nil {
		return 0
	}
	fmt.Fprintf(errOut, "prefork: %v\n", err)
	return codeOf(err)
}

const usageText = `prefork [flags]                    serve with a built-in app
prefork [flags] -- command args…   serve with any program as worker
prefork version                    what this is`

func commands() []*cli.Command {
	return []*cli.Command{
		{
			Name:         "serve",
			Usage:        "serve; the same as no command",
			ArgsUsage:    "[-- command args…]",
			Flags:        serveFlags(),
			Action:       serve,
			OnUsageError: func(_ *cli.Context, err error, _ bool) error { return usage(err) },
		},
		{
			Name:   "version",
			Usage:  "print the version",
			Action: func(c *cli.Context) error { _, err := fmt.Fprintln(c.App.Writer, "prefork", version()); return err },
		},
	}
}

// version is the module's, or the commit's it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown " + runtime.Version()
	}
	name := info.Main.Version
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" && (name == "" || name == "(devel)") {
			name = setting.Value
		}
	}
	return fmt.Sprintf("%s %s/%s %s", name, runtime.GOOS, runtime.GOARCH, info.GoVersion)
}

// coded is an error with an exit code.
type coded struct {
	code int
	error
}

func (c coded) Unwrap() error { return c.error }

// usage marks an error as one of how the command was called.
func usage(err error) error {
	return coded{exitUsage, fmt.Errorf("%w\nprefork --help tells how it is used", err)}
}

func codeOf(err error) int {
	var c coded
	switch {
	case errors.As(err, &c):
		return c.code
	case errors.Is(err, os.ErrPermission):
		return exitNotAllowed
	}
	return 1
}
