//go:build linux

package cli

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"prefork/bench"
	"prefork/bench/report"
	"prefork/bench/result"
)

func chooseCommand() *cli.Command {
	return &cli.Command{
		Name:      "choose",
		Usage:     chooseSentence,
		UsageText: "prefork choose [flags] [-- your program…]",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "quick", Usage: "take half a minute at most, and be less sure"},
			&cli.IntFlag{Name: "workers", Aliases: []string{"w"}, Value: 4, Usage: "give every server `N` workers"},
			&cli.BoolFlag{Name: "more", Usage: "measure " + strings.Join(bench.MoreArms, " and ") + " too, where this user and kernel can have them"},
			&cli.StringFlag{Name: "workload", Value: "http", Usage: "what your program speaks: `WORK` is http, or hello if it greets whoever connects, and closes"},
			&cli.BoolFlag{Name: "quiet", Usage: "show no progress"},
		},
		Action:          runChoose,
		OnUsageError:    plainly,
		HideHelpCommand: true,
	}
}

// runChoose asks what decides, and says what to take: on a busy machine too.
func runChoose(c *cli.Context) error {
	if c.Args().Present() {
		return stray("choose", c.Args().First())
	}
	asking, err := readAsking(c)
	if err != nil {
		return usage(err)
	}
	ctx, stop := interruptible(c.Context)
	defer stop()
	progress := newProgress(c.App.ErrWriter, c.Bool("quiet"))
	arms, asked, found, err := bench.Choose(ctx, asking, version(), progress.tell)
	progress.end()
	switch {
	case ctx.Err() != nil:
		return coded{exitInvalid, fmt.Errorf("%w before all was asked", context.Cause(ctx))}
	case errors.As(err, new(*bench.NotHereError)):
		return coded{exitNotAllowed, err}
	case err != nil:
		return err
	}
	what := "built-in workers"
	if asking.Command != "" {
		what = asking.Command
	}
	heading := fmt.Sprintf("%s · %d under each strategy · %s", what, asking.Workers, found[0].Environment.Sharing())
	o := report.BriefOptions{Width: columns(c.App.Writer), Color: coloured(c.App.Writer), ASCII: !unicoded()}
	return report.Choice(c.App.Writer, report.Answer{
		Heading: heading, Disturbed: disturbance(found, asked), CPUs: found[0].Environment.CPUs,
		Arms: arms, LeftOut: found[0].LeftOut, Asked: asked,
	}, o)
}

func readAsking(c *cli.Context) (a bench.Asking, err error) {
	a = bench.Asking{
		Workers: c.Int("workers"), Workload: c.String("workload"),
		Quick: c.Bool("quick"), More: c.Bool("more"), Seed: rand.Uint64N(1e6),
	}
	if _, err := workerCounts(fmt.Sprint(a.Workers)); err != nil {
		return a, err
	}
	argv, separated := program(c)
	switch {
	case separated && len(argv) == 0:
		return a, errors.New("no program follows --: prefork choose -- ./my-worker")
	case !separated && c.IsSet("workload"):
		return a, errors.New("--workload is what your program speaks: prefork choose --workload http -- ./my-worker")
	case a.Workload != "http" && a.Workload != "hello":
		return a, fmt.Errorf("--workload %s: want http or hello, whichever your program speaks", a.Workload)
	case separated && a.More:
		return a, errors.New("--more is of built-in workers that wait in other ways, and a program waits as it likes: leave it out")
	}
	a.Command = inQuotes(argv)
	return a, nil
}

// inQuotes is a command line that a shell reads as these words.
func inQuotes(argv []string) string {
	var words []string
	for _, word := range argv {
		if word == "" || strings.ContainsAny(word, " \t\n'\"\\$`!*?[]{}()<>|&;#~") {
			word = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// disturbance is what was the matter, and the rows that it has spoilt.
func disturbance(found []*result.Result, asked []result.Asked) string {
	cause, rows := "", []string(nil)
	for i, a := range asked {
		if !a.Waiting && slices.ContainsFunc(a.Cells, func(c result.BriefCell) bool { return c.Rough }) {
			if text, _, some := strings.Cut(found[i].Disturbed(), ";"); some {
				cause, rows = text, append(rows, "'"+a.Name+"'")
			}
		}
	}
	if cause == "" {
		return ""
	}
	return cause + "; what is rough is in " + strings.Join(rows, " and ")
}
