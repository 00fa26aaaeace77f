//go:build linux

package cli

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"prefork/bench"
	"prefork/bench/result"
	"prefork/internal/worker"
)

const (
	catArms   = "What to compare"
	catLoad   = "Under which load"
	catRounds = "How long, and how sure"
	catHost   = "Apart from the host"
	catOutput = "What to print and keep"
)

func benchFlags() []cli.Flag {
	var all []cli.Flag
	for _, some := range [][]cli.Flag{armFlags(), loadFlags(), roundFlags(), hostFlags(), elsewhereFlags(), outputFlags()} {
		all = append(all, some...)
	}
	return all
}

func armFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{
			Name: "arm", Category: catArms, DefaultText: strings.Join(bench.DefaultArms, ", "),
			Usage: "compare `ARM`, such as shared/exclusive, or 'reuseport/hash --backlog 5' with flags of serve; ARM? is left out where this user or kernel cannot have it; repeatable",
		},
		&cli.BoolFlag{Name: "all", Category: catArms, Usage: "compare all arms, but for those that this user or kernel cannot have"},
		&cli.StringFlag{Name: "workers", Aliases: []string{"w"}, Category: catArms, Value: "4", Usage: "give every server `N` workers; with 4,32,64 each arm runs three times"},
		&cli.StringFlag{Name: "baseline", Category: catArms, DefaultText: "the first", Usage: "compare the others with `ARM`"},
		&cli.StringSliceFlag{
			Name: "peer", Category: catArms, DefaultText: "none",
			Usage: "compare somebody else's server too: `NAME=COMMAND` with {host}, {port} and {workers}; repeatable",
		},
		&cli.StringFlag{Name: "cmd", Category: catArms, DefaultText: "a built-in app", Usage: "run `PROGRAM` as worker under each strategy; under dispatch, unless named by --arm, only if it can take connections that are passed to it"},
		&cli.IntFlag{Name: "concurrency", Category: catArms, DefaultText: "the workload's", Usage: "a worker serves `N` connections at once"},
	}
}

func loadFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "workload", Category: catLoad, Value: bench.Workloads[0].Name, Usage: "what clients ask for: `WORK` is " + or(names(bench.Workloads, workloadName))},
		&cli.StringFlag{Name: "scenario", Category: catLoad, Value: bench.Scenarios[0].Name, Usage: "what happens to the servers: `NAME` is " + or(names(bench.Scenarios, scenarioName))},
		&cli.StringFlag{Name: "phase", Category: catLoad, DefaultText: "closed,open", Usage: "`LOOP` is closed (clients wait for answers, which shows capacity), open (clients come at random, which shows latency), or both"},
		&cli.IntFlag{Name: "clients", Category: catLoad, DefaultText: "16; 40 for work and mixed", Usage: "the closed loop has `N` clients"},
		&cli.StringFlag{Name: "rate", Category: catLoad, DefaultText: "50%", Usage: "the open loop has `N` connections a second, or N% of what the weakest arm reached in the closed one; several rates draw a load curve: 20%,40%,60%,80%,90%"},
		&cli.StringFlag{Name: "service", Category: catLoad, DefaultText: "the workload's", Usage: "for work and mixed, how long a request takes: `TIMES` is fixed:5ms, exp:5ms or bimodal:1ms,100ms,1%"},
		&cli.BoolFlag{Name: "spin", Category: catLoad, Usage: "a request uses the processor for its time, where it would sleep"},
		&cli.IntFlag{Name: "requests", Category: catLoad, DefaultText: "1", Usage: "for http, `N` requests on a connection, one after the other"},
		&cli.DurationFlag{Name: "think", Category: catLoad, DefaultText: "none", Usage: "pause for `PAUSE` between the requests of a connection"},
		&cli.BoolFlag{Name: "fin", Category: catLoad, Usage: "clients close connections as usual, from many addresses; without it they reset them, which frees the port at once"},
		&cli.DurationFlag{Name: "timeout", Category: catLoad, DefaultText: "10s", Usage: "give up a connection after `T`"},
		&cli.DurationFlag{Name: "stall", Category: catLoad, DefaultText: "500ms", Usage: "count a request as stalled after `T`"},
	}
}

func roundFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "quick", Category: catRounds, Usage: "a first look within 15 s, which claims little"},
		&cli.BoolFlag{Name: "thorough", Category: catRounds, Usage: "20 rounds of 2 s"},
		&cli.IntFlag{Name: "rounds", Category: catRounds, DefaultText: "10", Usage: "`N` rounds of each loop; every round has every arm once, in random order"},
		&cli.DurationFlag{Name: "length", Category: catRounds, DefaultText: "600ms", Usage: "measure an arm for `T` in each round"},
		&cli.DurationFlag{Name: "warmup", Category: catRounds, DefaultText: "150ms", Usage: "before that, put `T` of load on it that does not count"},
		&cli.DurationFlag{Name: "budget", Category: catRounds, DefaultText: "twice the plan's time", Usage: "end within `T`; while there is time, measure again what other programs have disturbed"},
		&cli.StringFlag{Name: "until", Category: catRounds, DefaultText: "as the rounds come", Usage: "add rounds until the ratios that decide are known to within `N%`, or the budget is used up"},
		&cli.StringFlag{Name: "margin", Category: catRounds, DefaultText: "10%", Usage: "call two arms the same if they surely differ by less than `N%`"},
		&cli.Uint64Flag{Name: "seed", Category: catRounds, DefaultText: "drawn, and printed", Usage: "use the random numbers of the run with seed `N` again"},
	}
}

func hostFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "pin", Category: catHost, Usage: "server and load generator have CPUs of their own, half of them each; the table says which"},
		&cli.BoolFlag{Name: "netns", Category: catHost, Usage: "run it all in a network namespace of its own"},
		&cli.BoolFlag{Name: "netns-if-possible", Category: catHost, Usage: "the same, but go on without where that is not permitted"},
		&cli.StringSliceFlag{Name: "sysctl", Category: catHost, DefaultText: "none", Usage: "set `NAME=VALUE` in that namespace; repeatable"},
	}
}

func outputFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "format", Category: catOutput, Value: formats[0].name, Usage: "print as `FORMAT`: " + or(formatNames())},
		&cli.BoolFlag{Name: "details", Category: catOutput, Usage: "print the long table: intervals, fairness, wakeups, and how it was measured"},
		&cli.BoolFlag{Name: "explain", Category: catOutput, Usage: "say below the table how it is to be read"},
		&cli.StringFlag{Name: "json", Category: catOutput, DefaultText: "none", Usage: "keep the whole result in `FILE`, for prefork compare"},
		&cli.StringFlag{Name: "csv", Category: catOutput, DefaultText: "none", Usage: "write a line for each arm and round to `FILE`"},
		&cli.StringFlag{Name: "markdown", Category: catOutput, DefaultText: "none", Usage: "write the table to `FILE`, for a README"},
		&cli.StringFlag{Name: "html", Category: catOutput, DefaultText: "none", Usage: "write a report with charts to `FILE`, to be read without a network"},
		&cli.StringFlag{Name: "hgrm", Category: catOutput, DefaultText: "none", Usage: "write the latencies of each arm and loop to `DIRECTORY`, for the usual plotters of HDR histograms"},
		&cli.StringFlag{Name: "svg", Category: catOutput, DefaultText: "none", Usage: "write the charts to `DIRECTORY`"},
		&cli.StringSliceFlag{Name: "fail-if", Category: catOutput, DefaultText: "none", Usage: "exit with 99 if `CONDITION` holds, such as 'p99(dispatch/round-robin) > 2ms'; repeatable"},
		&cli.BoolFlag{Name: "strict", Category: catOutput, Usage: "exit with 98, and no rough number, if one that decides was disturbed in every round"},
		&cli.BoolFlag{Name: "quiet", Category: catOutput, Usage: "show no progress"},
	}
}

// benchTopics are the tables behind the flags.
func benchTopics() []topic {
	return []topic{
		{"Arms (--arm): a strategy, and a way to run it", armRows()},
		{"Workloads (--workload)", rows(bench.Workloads, workloadName, func(w bench.Workload) string { return w.Sentence })},
		{"Scenarios (--scenario)", rows(bench.Scenarios, scenarioName, func(s bench.Scenario) string { return s.Sentence })},
		{"Metrics (--fail-if)", rows(result.Metrics, func(m result.Metric) string { return m.Name }, func(m result.Metric) string { return m.Means })},
	}
}

// armRows has the arms of a strategy in one row.
func armRows() (all [][2]string) {
	for _, arm := range bench.AllArms() {
		strategy, way, _ := strings.Cut(arm, "/")
		if last := len(all) - 1; last >= 0 && all[last][0] == strategy+"/" {
			all[last][1] += ", " + way
			continue
		}
		all = append(all, [2]string{strategy + "/", way})
	}
	return all
}

func workloadName(w bench.Workload) string { return w.Name }
func scenarioName(s bench.Scenario) string { return s.Name }

// workerCounts reads 4 or 4,32,64.
func workerCounts(text string) (counts []int, err error) {
	for field := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(field))
		switch {
		case err != nil || n < 1:
			return nil, fmt.Errorf("--workers %s: want numbers such as 4 or 4,32,64 (this machine has %d processors)", text, runtime.NumCPU())
		case n > worker.MaxWorkers:
			return nil, fmt.Errorf("--workers %s: prefork runs %d at most", text, worker.MaxWorkers)
		}
		counts = append(counts, n)
	}
	return counts, nil
}

// readRates reads 500, 50%, or several for a load curve. Which of those the arms are judged
// at is still to be found.
func readRates(c *cli.Context, p *result.Plan) error {
	if !c.IsSet("rate") {
		return nil
	}
	rates, err := result.ParseRates(c.String("rate"))
	if err != nil {
		return fmt.Errorf("--rate %s: %w", c.String("rate"), err)
	}
	p.SetRates(rates, func(result.OpenRate) bool { return true })
	return nil
}

// readTime reads how long the run may take, and how sure it is to be.
func readTime(c *cli.Context, p *result.Plan) error {
	set(c, "budget", c.Duration, &p.Budget)
	if c.IsSet("budget") && p.Budget <= 0 {
		return fmt.Errorf("--budget %s: want a time such as 90s", p.Budget)
	}
	if err := readShare(c, "until", "how near the ratios are to be known", &p.Until); err != nil {
		return err
	}
	return readShare(c, "margin", "how much may differ and still count as the same", &p.Margin)
}

// readShare reads 5% of a flag that was given.
func readShare(c *cli.Context, flag, what string, to *float64) error {
	text := c.String(flag)
	if text == "" {
		return nil
	}
	number, percent := strings.CutSuffix(text, "%")
	value, err := strconv.ParseFloat(number, 64)
	if err != nil || !percent || !(value > 0) || value >= 100 {
		return fmt.Errorf("--%s %s: want %s, above 0%% and below 100%%, such as 5%%", flag, text, what)
	}
	*to = value / 100
	return nil
}

// readSysctls reads NAME=VALUE, which needs a namespace to be set in.
func readSysctls(c *cli.Context, p *result.Plan) error {
	for _, text := range c.StringSlice("sysctl") {
		name, value, found := strings.Cut(text, "=")
		if !found || !strings.HasPrefix(name, "net.") {
			return fmt.Errorf("--sysctl %s: want NAME=VALUE with a name that begins with net., such as net.ipv4.tcp_migrate_req=1", text)
		}
		if !c.Bool("netns") && !c.Bool("netns-if-possible") {
			return fmt.Errorf("--sysctl %s needs --netns: the host's settings are not touched", text)
		}
		if p.Sysctls == nil {
			p.Sysctls = map[string]string{}
		}
		p.Sysctls[name] = value
	}
	return nil
}
