//go:build linux

package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"prefork/bench/result"
)

// idle are the flags that would do nothing: when, and what to do about it. Who gives
// one of them believes that it does something.
var idle = []struct {
	flag string
	when func(*cli.Context, result.Plan) bool
	why  string
}{
	{"service", workless, "is for --workload work and mixed: the others have nothing that takes time"},
	{"spin", workless, "is for --workload work and mixed: the others have nothing that takes time"},
	{"requests", func(_ *cli.Context, p result.Plan) bool { return p.Workload != "http" }, "is for --workload http: a connection of hello, work and mixed has one request, and one of long-lived goes on to the end"},
	{"think", func(_ *cli.Context, p result.Plan) bool { return p.Requests >= 0 && p.Requests < 2 }, "is the pause between the requests of a connection, which has one here: it is for --workload long-lived, and for http with --requests 2 or more"},
	{"rate", func(_ *cli.Context, p result.Plan) bool { return !slices.Contains(p.Phases, result.Open) }, "is for the open loop, and this run has none: leave it out, or --phase closed"},
	{"clients", func(_ *cli.Context, p result.Plan) bool { return !slices.Contains(p.Phases, result.Closed) }, "is for the closed loop, and this run has none: say --rate for the open one"},
	{"stall", func(_ *cli.Context, p result.Plan) bool { return p.Stall > p.Timeout }, "is longer than --timeout, so that nothing would ever count as stalled"},
	{"quick", func(c *cli.Context, _ result.Plan) bool { return c.Bool("thorough") }, "and --thorough contradict each other: choose one"},
	{"details", func(c *cli.Context, _ result.Plan) bool { return c.String("format") != formats[0].name }, "is of --format table: leave out one of the two"},
	{"explain", func(c *cli.Context, _ result.Plan) bool {
		return c.Bool("details") || c.String("format") != formats[0].name
	}, "is of the short table, and --details or --format print another: leave out one of the two"},
	{"all", func(c *cli.Context, _ result.Plan) bool { return c.IsSet("arm") }, "compares all arms there are: leave it out, or --arm"},
	{"cmd", func(c *cli.Context, _ result.Plan) bool { return strings.TrimSpace(c.String("cmd")) == "" }, "names no program: leave it out for the built-in ones"},
}

func workless(_ *cli.Context, p result.Plan) bool {
	return p.Workload != "work" && p.Workload != "mixed"
}

// idleFlag is an error for the first flag that was given and would do nothing.
func idleFlag(c *cli.Context, p result.Plan) error {
	for _, f := range idle {
		if given(c, f.flag) && f.when(c, p) {
			return fmt.Errorf("--%s %s", f.flag, f.why)
		}
	}
	return nil
}

// given reports whether a flag was given, --quick=false being none.
func given(c *cli.Context, flag string) bool {
	value, isBool := c.Value(flag).(bool)
	return c.IsSet(flag) && (!isBool || value)
}
