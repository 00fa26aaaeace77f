//go:build linux

package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"prefork/bench/load"
)

func loadCommand() *cli.Command {
	return &cli.Command{
		Name:            "load",
		Usage:           loadSentence,
		UsageText:       "prefork load [flags] URL",
		Flags:           loadCommandFlags(),
		Action:          runLoad,
		OnUsageError:    plainly,
		HideHelpCommand: true,
	}
}

func loadTopics() []topic {
	return []topic{
		{"URL", [][2]string{
			{"http://…", "HTTP/1.1; a Unix-domain socket is http://unix:/run/app.sock:/path"},
			{"https://…", "the same over TLS, with a handshake a connection, by an ordinary Go client: it is slower"},
			{"tcp://host:port", "connect, say --body if there is one, and wait for an answer"},
			{"unix:/path", "the same by a Unix-domain socket"},
			{"--null", "in place of a URL, no server: answers are simulated"},
		}},
		{"Metrics (--fail-if)", loadMetricRows()},
	}
}

// runLoad puts a load on somebody's server and prints how it did.
func runLoad(c *cli.Context) error {
	g, err := loadGoal(c)
	if err != nil {
		return usage(err)
	}
	order, err := loadOrder(c, g)
	if err != nil {
		return usage(err)
	}
	limits, err := loadLimits(c, loop(order))
	if err != nil {
		return err
	}
	out, err := loadOutputs(c)
	if err != nil {
		return err
	}
	ctx, stop := interruptible(c.Context)
	defer stop()
	if order.Address, err = g.reach(ctx, order); err != nil {
		return interruptedOr(ctx, err)
	}
	started, machine := time.Now().UTC(), machineTime{}
	seen, err := load.Start(ctx, order, machine.pass)
	if seen == nil || seen.Seconds == 0 {
		return interruptedOr(ctx, err)
	}
	found := newLoaded(g, order, started, seen, machine.stolen())
	if failed := out.write(c.App.Writer, found); failed != nil {
		return failed
	}
	if err != nil {
		return coded{exitInvalid, fmt.Errorf("%w: the result holds what was measured by then", err)}
	}
	return found.judge(limits)
}

// loadGoal reads the one argument.
func loadGoal(c *cli.Context) (goal, error) {
	args := c.Args().Slice()
	flag := slices.IndexFunc(args, func(arg string) bool { return strings.HasPrefix(arg, "-") })
	switch {
	case c.Bool("null") && len(args) > 0:
		return goal{}, fmt.Errorf("--null asks no server, and %s is one: leave out one of them", args[0])
	case c.Bool("null"):
		return nullGoal, nil
	case len(args) == 0:
		return goal{}, errors.New("load takes a URL: " + urlForms)
	case flag > 0:
		return goal{}, fmt.Errorf("flags go before the URL: prefork load %s … %s", args[flag], args[0])
	case len(args) > 1:
		return goal{}, fmt.Errorf("load takes one URL, and %q is another argument", args[1])
	}
	return parseURL(args[0])
}

// interruptedOr is the error of a load that has measured nothing.
func interruptedOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return coded{exitInvalid, fmt.Errorf("%w before anything was measured", context.Cause(ctx))}
	}
	return err
}

// judge turns what was found into an exit code.
func (l loaded) judge(limits []loadLimit) error {
	if l.seen.Requests == 0 && l.seen.Response.TotalCount() == 0 {
		return coded{exitFailed, errors.New(l.nobodyAnswered())}
	}
	code, said := 0, []string(nil)
	for _, limit := range limits {
		crossed, value, err := limit.crossed(l)
		switch {
		case err != nil:
			code = max(code, exitInvalid)
			said = append(said, fmt.Sprintf("--fail-if '%s': %v", limit.text, err))
		case crossed:
			code = max(code, exitCrossed)
			said = append(said, fmt.Sprintf("--fail-if '%s' holds: %s", limit.text, value))
		}
	}
	if code == 0 {
		return nil
	}
	return coded{code, errors.New(strings.Join(said, "\nprefork: "))}
}

// nobodyAnswered says why no request was answered, as far as that can be seen.
func (l loaded) nobodyAnswered() string {
	errors := l.seen.Errors
	said := "no request was answered"
	for _, kind := range slices.Sorted(maps.Keys(errors)) {
		said += fmt.Sprintf("; %d × %s", errors[kind], kind)
		if first := l.seen.First[kind]; first != "" {
			said += ", the first: " + first
		}
	}
	switch {
	case len(errors) == 0:
		return said + ", nor has one failed that began while it was measured: is the server stuck, or the --length too short?"
	case errors[load.Late] > 0 && !l.goal.web():
		return said + "; a server that waits for a word from the client needs a --body"
	case errors[load.Empty]+errors[load.Late] > 0 && l.goal.scheme == "http":
		return said + "; does the server speak HTTP? If it is TLS, say https://, and for anything else tcp://"
	}
	return said
}
