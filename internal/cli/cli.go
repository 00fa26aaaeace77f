// Package cli is the command line: one file a subcommand, and what they share.
package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// programKey is where an App keeps the program that follows --.
const programKey = "program"

// Run is the whole program but for the process: it runs args, writes to out and
// errOut, and returns the exit code.
func Run(ctx context.Context, args []string, out, errOut io.Writer) int {
	forgetEmpty()
	args, program := split(args)
	args = inOneForm(flagsFirst(args))
	flags, serve := serving()
	app := &cli.App{
		Name:            "prefork",
		Usage:           appSentence,
		HideHelpCommand: true,
		HideVersion:     true,
		// A command, an arm or a threshold may have a comma in it.
		DisableSliceFlagSeparator: true,
		Writer:                    out,
		ErrWriter:                 errOut,
		Metadata:                  map[string]any{programKey: program},
		ExitErrHandler:            func(*cli.Context, error) {}, // the code is ours to give
		OnUsageError:              plainly,
		Before:                    flagsFollowCommand,
		Flags:                     append(flags, versionFlag, cli.HelpFlag),
		Action:                    root(serve),
		Commands:                  commands(),
	}
	setHelp(app, helpWidth(out))
	return complain(app.RunContext(ctx, args), args, errOut)
}

var versionFlag = &cli.BoolFlag{Name: "version", Usage: "print the version"}

// root is what happens when no command is given.
func root(serve cli.ActionFunc) cli.ActionFunc {
	return func(c *cli.Context) error {
		if c.Bool("version") {
			return printVersion(c)
		}
		return serve(c)
	}
}

// usages are the ways to call prefork without a command.
var usages = [][2]string{
	{"prefork [flags]", "serve with a built-in app"},
	{"prefork [flags] -- command args…", "serve with any program as worker"},
}

const appSentence = "a pre-fork server under three strategies, and what each of them costs"

// What the commands that are not everywhere do.
const (
	chooseSentence = "which strategy to take, by three short trials"
	benchSentence  = "measure strategies, and other servers, side by side"
	loadSentence   = "the load generator alone, against anything that listens"
	fleetSentence  = "several hosts behind a real balancer, restarted and killed under load"
	demoSentence   = "see what each strategy does, in the terminal or a browser"
	ctlSentence    = "ask a running server for something: status, reload, stop and so on"
)

func commands() []*cli.Command {
	flags, serve := serving()
	return append([]*cli.Command{
		{
			Name:            "serve",
			Usage:           "run a server; the same as no command",
			UsageText:       "prefork serve [flags] [-- command args…]",
			Flags:           flags,
			Action:          serve,
			OnUsageError:    plainly,
			HideHelpCommand: true,
		},
		chooseCommand(),
		benchCommand(),
		compareCommand(),
		loadCommand(),
		demoCommand(),
		fleetCommand(),
		ctlCommand(),
		completionCommand(),
		manualCommand(),
		{
			Name:            "version",
			Usage:           "print the version",
			UsageText:       "prefork version",
			HideHelpCommand: true,
			OnUsageError:    plainly,
			Action:          printVersion,
		},
		{
			Name:            "help",
			Usage:           "print this, or the help of a command",
			UsageText:       "prefork help [COMMAND]",
			HideHelpCommand: true,
			OnUsageError:    plainly,
			Action:          help,
		},
	}, hiddenCommands()...)
}

// visible are the commands that people use.
func visible(commands []*cli.Command) []*cli.Command {
	return slices.DeleteFunc(slices.Clone(commands), func(c *cli.Command) bool { return c.Hidden })
}

// split takes the program after -- off the command line, before it is parsed: to
// the parser, `prefork -- serve` would be `prefork serve`. program is nil if
// there is no --.
func split(args []string) (own, program []string) {
	at := slices.Index(args, "--")
	if at < 0 {
		return args, nil
	}
	return args[:at], append([]string{}, args[at+1:]...)
}

// repeatable are the short forms of flags that may be given several times.
var repeatable = map[string]string{"-b": "--bind", "-H": "--header"}

// inOneForm has them be given by their long form alone: the parser does not put together
// what was given by both.
func inOneForm(args []string) []string {
	args = slices.Clone(args)
	for i, arg := range args {
		name, value, together := strings.Cut(arg, "=")
		if long := repeatable[name]; long != "" && together {
			args[i] = long + "=" + value
		} else if long != "" {
			args[i] = long
		}
	}
	return args
}

// program is what follows --, and whether there is a -- at all.
func program(c *cli.Context) (argv []string, separated bool) {
	argv, _ = c.App.Metadata[programKey].([]string)
	return argv, argv != nil
}

// flagsFollowCommand rejects `prefork -s dispatch serve`, where the flag would be
// read and then forgotten.
func flagsFollowCommand(c *cli.Context) error {
	name := c.Args().First()
	if c.App.Command(name) == nil || c.NumFlags() == 0 {
		return nil
	}
	return usage(fmt.Errorf("flags go after the command: prefork %s %s …", name, dashed(c.LocalFlagNames()[0])))
}

// forgetEmpty takes an empty variable for none: compose files leave such behind.
func forgetEmpty() {
	for _, entry := range os.Environ() {
		if name, value, _ := strings.Cut(entry, "="); value == "" && strings.HasPrefix(name, "PREFORK_") {
			_ = os.Unsetenv(name)
		}
	}
}
