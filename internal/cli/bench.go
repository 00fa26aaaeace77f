//go:build linux

package cli

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"prefork/bench"
	"prefork/bench/many"
	"prefork/bench/result"
)

func benchCommand() *cli.Command {
	return &cli.Command{
		Name:            "bench",
		Usage:           benchSentence,
		UsageText:       "prefork bench [flags]",
		Flags:           benchFlags(),
		Subcommands:     benchSubcommands(),
		Action:          runBench,
		OnUsageError:    plainly,
		HideHelpCommand: true,
	}
}

// runBench measures, prints what was found, and says by the exit code whether it
// is what was hoped for.
func runBench(c *cli.Context) error {
	if c.Args().Present() {
		return stray("bench", c.Args().First())
	}
	ctx, stop := interruptible(c.Context)
	defer stop()
	away, err := readElsewhere(c)
	if err != nil {
		return err
	}
	if away != nil {
		if err := needMany(); err != nil {
			return err
		}
	}
	plan, arms, err := benchPlan(ctx, c, away)
	if err != nil {
		return err
	}
	outputs, err := benchOutputs(c)
	if err != nil {
		return err
	}
	limits, err := thresholds(c, append(armNames(arms), leftOutNames(plan)...), nil)
	if err != nil {
		return err
	}
	if err := checkRates(limits, plan, nil); err != nil {
		return err
	}
	if done, err := enterNamespace(ctx, c, plan); done || err != nil {
		return err
	}
	progress := newProgress(c.App.ErrWriter, c.Bool("quiet"))
	measure := bench.Run
	if away != nil {
		measure = away.run(c, progress)
	}
	result, err := measure(ctx, plan, arms, version(), progress.tell)
	progress.end()
	switch {
	case result == nil && ctx.Err() != nil:
		return coded{exitInvalid, fmt.Errorf("%w before anything was measured", context.Cause(ctx))}
	case result == nil:
		return benchError(ctx, err)
	}
	if failed := outputs.write(c.App.Writer, result); failed != nil {
		return failed
	}
	if err != nil {
		return benchError(ctx, err)
	}
	if err := judge(c.App.ErrWriter, result, nil, limits); err != nil || !c.Bool("strict") {
		return err
	}
	return strictly(result)
}

// The ways to have a run end early.
var (
	errCtrlC      = errors.New("interrupted (Ctrl-C)")
	errTerminated = errors.New("interrupted (SIGTERM)")
)

// interruptible is a context that a signal ends, and which one is its cause.
func interruptible(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, unix.SIGTERM)
	go func() {
		select {
		case <-ctx.Done():
		case s := <-signals:
			cancel(map[os.Signal]error{os.Interrupt: errCtrlC, unix.SIGTERM: errTerminated}[s])
		}
	}()
	return ctx, func() { signal.Stop(signals); cancel(nil) }
}

// benchError is why a run was cut short.
func benchError(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return coded{exitInvalid, fmt.Errorf("%w: the result holds what was measured by then", context.Cause(ctx))}
	case errors.Is(err, bench.ErrRate), errors.As(err, new(*many.LostPart)):
		return coded{exitInvalid, err}
	}
	return err
}

// benchPlan reads the flags into a plan and its arms.
func benchPlan(ctx context.Context, c *cli.Context, away *remote) (result.Plan, []result.Arm, error) {
	plan, err := bench.Defaults(c.String("workload"), c.String("scenario"), pace(c))
	if err == nil {
		err = changePlan(c, &plan)
	}
	if err != nil {
		return plan, nil, usage(err)
	}
	if away != nil && away.target != "" {
		return away.plan(ctx, plan)
	}
	selection := bench.Selection{
		Arms: c.StringSlice("arm"), All: c.Bool("all"), Peers: c.StringSlice("peer"), Command: c.String("cmd"),
		Concurrency: c.Int("concurrency"),
	}
	if selection.Workers, err = workerCounts(c.String("workers")); err != nil {
		return plan, nil, usage(err)
	}
	plan, arms, err := bench.Prepare(plan, selection)
	switch {
	case errors.As(err, new(*bench.NotHereError)):
		return plan, nil, coded{exitNotAllowed, err}
	case err != nil:
		return plan, nil, usage(err)
	}
	return plan, arms, nil
}

func pace(c *cli.Context) bench.Pace {
	switch {
	case c.Bool("quick"):
		return bench.Quick
	case c.Bool("thorough"):
		return bench.Thorough
	}
	return bench.Usual
}

// changePlan takes over the flags that were given.
func changePlan(c *cli.Context, p *result.Plan) error {
	set(c, "rounds", c.Int, &p.Rounds)
	set(c, "length", c.Duration, &p.Length)
	set(c, "warmup", c.Duration, &p.Warmup)
	set(c, "timeout", c.Duration, &p.Timeout)
	set(c, "stall", c.Duration, &p.Stall)
	set(c, "clients", c.Int, &p.Clients)
	set(c, "service", c.String, &p.Service)
	set(c, "spin", c.Bool, &p.Spin)
	set(c, "requests", c.Int, &p.Requests)
	set(c, "think", c.Duration, &p.Think)
	set(c, "fin", c.Bool, &p.FIN)
	set(c, "pin", c.Bool, &p.Pin)
	set(c, "baseline", c.String, &p.Baseline)
	if err := readTime(c, p); err != nil {
		return err
	}
	p.Seed = rand.Uint64N(1e6) // short enough to be typed again
	set(c, "seed", c.Uint64, &p.Seed)
	if c.IsSet("phase") {
		if p.Phases = strings.Split(c.String("phase"), ","); slices.ContainsFunc(p.Phases, func(name string) bool { return name != result.Closed && name != result.Open }) {
			return fmt.Errorf("--phase %s: want closed, open or closed,open", c.String("phase"))
		}
	}
	if err := readRates(c, p); err != nil {
		return err
	}
	if err := idleFlag(c, *p); err != nil {
		return err
	}
	return readSysctls(c, p)
}

// set takes over the value of a flag that was given.
func set[T any](c *cli.Context, flag string, value func(string) T, to *T) {
	if c.IsSet(flag) {
		*to = value(flag)
	}
}

// enterNamespace has the whole command done in a network namespace of its own, if
// that was asked for and we are not in it yet.
func enterNamespace(ctx context.Context, c *cli.Context, p result.Plan) (done bool, err error) {
	if bench.InNamespace() {
		return false, bench.Furnish(p.Sysctls)
	}
	optional := c.Bool("netns-if-possible")
	if !c.Bool("netns") && !optional {
		return false, nil
	}
	code, err := bench.InPrivate(ctx, os.Args, c.App.Writer, c.App.ErrWriter)
	switch {
	case errors.Is(err, bench.ErrNamespace) && optional && len(p.Sysctls) > 0:
		return false, coded{exitNotAllowed, fmt.Errorf("--sysctl: %w; the host's settings are not touched: leave out --sysctl to go on without", err)}
	case errors.Is(err, bench.ErrNamespace) && optional:
		fmt.Fprintf(c.App.ErrWriter, "prefork: %v; going on without\n", err)
		return false, nil
	case errors.Is(err, bench.ErrNamespace):
		return false, coded{exitNotAllowed, fmt.Errorf("--netns: %w; or say --netns-if-possible", err)}
	case err != nil:
		return false, err
	case code != 0: // which has been explained there
		return false, logged{coded{code, errors.New("ended in its namespace")}}
	}
	return true, nil
}
