package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"syscall"

	"github.com/urfave/cli/v2"
	"github.com/xrash/smetrics"
)

// Exit codes; see also those of package supervisor.
const (
	exitFailed     = 1
	exitUsage      = 2
	exitNotAllowed = 77
)

// coded is an error with an exit code.
type coded struct {
	code int
	error
}

func (c coded) Unwrap() error { return c.error }

// logged is an error that the user has been told of.
type logged struct{ error }

func (l logged) Unwrap() error { return l.error }

// usage marks an error as one of how the command was called.
func usage(err error) error { return coded{exitUsage, err} }

func codeOf(err error) int {
	var c coded
	switch {
	case err == nil:
		return 0
	case errors.As(err, &c):
		return c.code
	case errors.Is(err, os.ErrPermission):
		return exitNotAllowed
	}
	return exitFailed
}

// complain tells the user of an error and returns the exit code.
func complain(err error, args []string, w io.Writer) int {
	code := codeOf(err)
	if err == nil || errors.As(err, new(logged)) || unread(err) {
		return code
	}
	fmt.Fprintln(w, folded(w, "prefork: "+explained(err)))
	if code == exitUsage {
		fmt.Fprintf(w, "%s --help tells how it is used\n", called(args))
	}
	return code
}

// unread reports whether an error is that of an output which nobody reads any more,
// such as that of | head. That is no news to whoever has stopped reading.
func unread(err error) bool {
	var path *fs.PathError
	return errors.As(err, &path) && path.Path == os.Stdout.Name() && errors.Is(path, syscall.EPIPE)
}

// called is the command as it was called, if it has flags that its help tells of.
func called(args []string) string {
	for _, command := range commands() {
		if len(args) > 1 && command.HasName(args[1]) && len(command.Flags) > 0 {
			return "prefork " + command.Name
		}
	}
	return "prefork"
}

// plainly says in our words what package flag and the cli have to say about the
// command line. What it does not know it passes on.
func plainly(c *cli.Context, err error, _ bool) error {
	if flags, serve := serving(); len(flags) == 0 {
		return serve(c) // which says why its flags are not known here
	}
	for _, p := range plainer() {
		if m := regexp.MustCompile(p.pattern).FindStringSubmatch(err.Error()); m != nil {
			return usage(errors.New(p.say(c.Command.Flags, m[1:])))
		}
	}
	return usage(err)
}

// plainer are words for what the libraries say by a pattern.
func plainer() []plain {
	return []plain{
		{
			`^flag provided but not defined: -(.*)$`,
			func(flags []cli.Flag, m []string) string {
				if other := withFlag(m[0]); other != "" {
					return fmt.Sprintf("unknown flag %s: it is one of prefork %s", dashed(m[0]), other)
				}
				return "unknown flag " + dashed(m[0]) + suggestion(flags, m[0])
			},
		},
		{
			`^flag needs an argument: -(.*)$`,
			func(_ []cli.Flag, m []string) string { return dashed(m[0]) + " needs a value" },
		},
		{
			`^invalid value (".*") for flag -(.*?): `,
			func(flags []cli.Flag, m []string) string {
				return fmt.Sprintf("%s %s: want %s", dashed(m[1]), m[0], wanted(flags, m[1]))
			},
		},
		{
			`^could not parse (".*") as \w+ value from environment variable "(.*)" for flag (.*?): `,
			func(flags []cli.Flag, m []string) string {
				return fmt.Sprintf("%s=%s in the environment: want %s", m[1], m[0], wanted(flags, m[2]))
			},
		},
	}
}

// plain is what to say in place of what matches a pattern.
type plain struct {
	pattern string
	say     func(flags []cli.Flag, m []string) string
}

// wanted is the kind of value that a flag takes.
func wanted(flags []cli.Flag, name string) string {
	switch named(flags, name).(type) {
	case *cli.IntFlag:
		return "a whole number"
	case *cli.Uint64Flag:
		return "a whole number of 0 or more"
	case *cli.DurationFlag:
		return "a time such as 30s or 500ms"
	}
	return "another value"
}

// named is the flag of a name, or nil.
func named(flags []cli.Flag, name string) cli.Flag {
	for _, flag := range flags {
		for _, n := range flag.Names() {
			if n == name {
				return flag
			}
		}
	}
	return nil
}

// suggestion is what may have been meant, if anything comes close.
func suggestion(flags []cli.Flag, name string) string {
	const close = 0.8 // of 1; a slip of a letter or two
	best, score := "", close
	for _, flag := range flags {
		if s := smetrics.JaroWinkler(flag.Names()[0], name, 0.7, 4); s >= score {
			best, score = flag.Names()[0], s
		}
	}
	if best == "" {
		return ""
	}
	return " (did you mean " + dashed(best) + "?)"
}

// withFlag is the command that has a flag of this name, or "".
func withFlag(name string) string {
	for _, command := range visible(commands()) {
		if named(command.Flags, name) != nil {
			return command.Name
		}
	}
	return ""
}

func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}
