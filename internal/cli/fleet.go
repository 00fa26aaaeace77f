//go:build linux

package cli

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"prefork/bench"
	"prefork/internal/fleet"
	"prefork/internal/lan"
	"prefork/strategies"
)

const catFleet = "The fleet"

func fleetCommand() *cli.Command {
	return &cli.Command{
		Name: "fleet", Usage: fleetSentence, UsageText: "prefork fleet demo [flags] [ROW…]",
		Subcommands:  fleetSubcommands(),
		OnUsageError: plainly, HideHelpCommand: true,
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usage(fmt.Errorf("fleet has no %q: prefork fleet demo plays its rows", c.Args().First()))
			}
			return cli.ShowSubcommandHelp(c)
		},
	}
}

func fleetSubcommands() []*cli.Command {
	return []*cli.Command{{
		Name: "demo", Usage: "restart and kill hosts behind HAProxy and nftables under load, and count who is harmed", UsageText: "prefork fleet demo [flags] [ROW…]",
		Flags: []cli.Flag{
			&cli.IntFlag{Name: "hosts", Category: catFleet, Value: 2, Usage: "`N` hosts serve, each in a network namespace of its own"},
			&cli.StringFlag{Name: "strategy", Aliases: []string{"s"}, Category: catFleet, DefaultText: "each in turn", Usage: "hosts serve by `STRATEGY`: " + or(names(strategies.Strategies, strategyName))},
			&cli.IntFlag{Name: "workers", Aliases: []string{"w"}, Category: catFleet, Value: 2, Usage: "a host has `N` workers"},
			&cli.Float64Flag{Name: "rate", Category: catFleet, Value: 200, Usage: "clients make `N` connections a second, at random times"},
			&cli.Uint64Flag{Name: "seed", Category: catFleet, DefaultText: "drawn", Usage: "repeat the random times of run `N`"},
			&cli.BoolFlag{Name: "json", Category: catFleet, Usage: "print each account as JSON, one a line"},
			&cli.BoolFlag{Name: "list", Category: catFleet, Usage: "print which rows there are, and play none"},
		},
		Action: runFleet, OnUsageError: plainly, HideHelpCommand: true,
	}}
}

func fleetTopic() topic {
	return topic{"Rows", rows(fleet.Rows, rowName, func(r fleet.Row) string { return r.Sentence })}
}

func fleetRowNames() []string { return names(fleet.Rows, rowName) }

func rowName(r fleet.Row) string { return r.Name }

// mostHosts is more than anybody needs to see it.
const mostHosts = 16

func runFleet(c *cli.Context) error {
	chosen, err := fleetRows(c)
	if err != nil {
		return usage(err)
	}
	o := fleet.Options{Prefork: preforkBinary(), Hosts: c.Int("hosts"), Workers: c.Int("workers"), Rate: c.Float64("rate"), Seed: rand.Uint64N(1e6)}
	set(c, "seed", c.Uint64, &o.Seed)
	switch {
	case o.Hosts < 2 || o.Hosts > mostHosts:
		return usage(fmt.Errorf("--hosts %d: want 2 to %d: one has nobody to take its place", o.Hosts, mostHosts))
	case o.Workers < 1:
		return usage(fmt.Errorf("--workers %d: one at least", o.Workers))
	case !(o.Rate > 0) || o.Rate > 5000:
		return usage(fmt.Errorf("--rate %g: want connections a second, up to 5000", o.Rate))
	}
	ways := names(strategies.Strategies, strategyName)
	if c.IsSet("strategy") {
		s, err := strategies.Lookup(c.String("strategy"))
		if err != nil {
			return usage(err)
		}
		ways = []string{s.Name}
	}
	if c.Bool("list") {
		list := helpText{width: helpWidth(c.App.Writer)}
		list.table(fleetTopic())
		_, err := fmt.Fprint(c.App.Writer, list.String())
		return err
	}
	if os.Geteuid() != 0 && !bench.InNamespace() {
		return fleetApart(c)
	}
	return playRows(c, o, chosen, ways)
}

// fleetApart has it done as root of a user namespace, by whom is not root.
func fleetApart(c *cli.Context) error {
	code, err := bench.InPrivate(c.Context, os.Args, c.App.Writer, c.App.ErrWriter)
	switch {
	case err != nil:
		return coded{exitNotAllowed, err}
	case code != 0:
		return logged{coded{code, errors.New("ended in its namespace")}}
	}
	return nil
}

// fleetRows are those to play: all where none is named.
func fleetRows(c *cli.Context) (chosen []fleet.Row, err error) {
	for _, name := range c.Args().Slice() {
		if strings.HasPrefix(name, "-") {
			return nil, fmt.Errorf("flags go before the rows: prefork fleet demo %s …", name)
		}
		row, err := fleet.LookupRow(name)
		if err != nil {
			return nil, err
		}
		chosen = append(chosen, row)
	}
	if len(chosen) > 0 {
		return chosen, nil
	}
	return fleet.Rows, nil
}

// playRows plays each row with each strategy, and tells of it as it is done.
func playRows(c *cli.Context, o fleet.Options, chosen []fleet.Row, ways []string) error {
	for _, row := range chosen {
		if err := row.Missing(); err != nil {
			return coded{exitFailed, fmt.Errorf("%s: %w", row.Name, err)}
		}
	}
	ctx, stop := interruptible(c.Context)
	defer stop()
	tell := tellFleet{w: c.App.Writer, json: c.Bool("json")}
	for _, row := range chosen {
		tell.row(row, o)
		for _, way := range ways {
			o.Strategy = way
			account, err := fleet.Run(ctx, o, row)
			switch {
			case ctx.Err() != nil:
				return fmt.Errorf("%w; nothing is left running", ctx.Err())
			case errors.Is(err, lan.ErrDenied):
				return coded{exitNotAllowed, err}
			case err != nil:
				return err
			}
			if err := tell.account(account); err != nil {
				return err
			}
		}
	}
	return tell.end()
}
