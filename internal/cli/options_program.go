//go:build linux

package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"prefork/internal/lookup"
	"prefork/internal/supervisor"
	"prefork/internal/worker"
)

// Flags that mean nothing to the other kind of worker.
var (
	forBuiltIn = []string{"app", "concurrency", "accept", "read-timeout", "max-conns", "max-conns-jitter", "reuseport-bind"}
	forProgram = []string{"ready-after", "stop-signal"}
)

// readCommand rejects a word where no command is known by it.
func readCommand(c *cli.Context, _ *supervisor.Options) error {
	if argv, separated := program(c); separated && len(argv) == 0 {
		return usage(errors.New("nothing follows --: a program to run as worker goes there"))
	}
	words := c.Args().Slice()
	if len(words) == 0 {
		return nil
	}
	err := lookup.Unknown("command", words[0], names(c.App.Commands, func(c *cli.Command) string { return c.Name }))
	return usage(fmt.Errorf("%w; a program to run as worker goes after --: prefork -- %s", err, strings.Join(words, " ")))
}

// readApp settles what built-in workers do.
func readApp(c *cli.Context, o *supervisor.Options) error {
	if _, err := worker.LookupApp(c.String("app")); err != nil {
		return usage(err)
	}
	s := worker.Spec{
		App:         c.String("app"),
		Concurrency: c.Int("concurrency"),
		MaxConns:    c.Int("max-conns"),
		MaxJitter:   c.Int("max-conns-jitter"),
		ReadTimeout: c.Duration("read-timeout"),
		Unix:        o.Config.Bind.Network == "unix",
		LogJSON:     c.String("log-format") == "json",
	}
	o.Launch.Spec, o.Config.Concurrency = s, s.Concurrency
	switch {
	case s.Concurrency < 1:
		return usage(fmt.Errorf("--concurrency %d: a worker serves at least one connection", s.Concurrency))
	case s.ReadTimeout <= 0:
		return usage(fmt.Errorf("--read-timeout %s: a client needs some time to send", s.ReadTimeout))
	case s.MaxConns < 0:
		return usage(fmt.Errorf("--max-conns %d: give how many a worker is to serve, or 0 for no limit", s.MaxConns))
	case s.MaxJitter < 0 || s.MaxJitter > 0 && s.MaxConns == 0:
		return usage(fmt.Errorf("--max-conns-jitter %d: give how many to add to --max-conns at most", s.MaxJitter))
	}
	return nil
}

// readProgram settles what the workers are: ours, or the program after --.
func readProgram(c *cli.Context, o *supervisor.Options) error {
	argv, foreign := program(c)
	if !foreign {
		return reject(c, forProgram, "a program after --; built-in workers say for themselves when they are ready and stop on TERM")
	}
	if err := reject(c, forBuiltIn, fmt.Sprintf("built-in workers; %s decides that for itself", argv[0])); err != nil {
		return err
	}
	if _, err := exec.LookPath(argv[0]); err != nil {
		return coded{supervisor.ExitNoStart, fmt.Errorf("cannot run %s as worker: %w", argv[0], nameless(err))}
	}
	o.Config.Foreign = true
	o.Launch.Program, o.Launch.Dir = argv, throughLink()
	o.Limits.Programs, o.Limits.StartTimeout = true, 0
	if o.Limits.ReadyAfter = c.Duration("ready-after"); o.Limits.ReadyAfter < 0 {
		return usage(fmt.Errorf("--ready-after %s: give a time, or 0 to wait for READY=1", o.Limits.ReadyAfter))
	}
	return nil
}

// throughLink is the directory that we were started in, if the way there goes through
// a link, else "". A program that is given as ./server is looked for on that way at
// each start, and so found in another release when the link has been moved there.
func throughLink() string {
	way, err := os.Getwd() // which is $PWD, if that leads here
	if err != nil {
		return ""
	}
	if direct, err := filepath.EvalSymlinks(way); err != nil || direct == way {
		return ""
	}
	return way
}

// nameless is why a program cannot be run, without its name.
func nameless(err error) error {
	var lookup *exec.Error
	if errors.As(err, &lookup) {
		err = lookup.Err
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return err
}

// reject returns an error if one of the flags is set, which are for others.
func reject(c *cli.Context, flags []string, whom string) error {
	for _, flag := range flags {
		if c.IsSet(flag) {
			return usage(fmt.Errorf("--%s is for %s", flag, whom))
		}
	}
	return nil
}
