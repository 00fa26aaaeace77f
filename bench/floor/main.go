//go:build linux

// Floor holds prefork against the least that a pre-fork server can cost: a C
// program that does the same with no runtime under it. Both serve the same load
// in turn, A B A B, so that what the machine does besides falls on both.
//
//	go run ./bench/floor -prefork ./prefork
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"prefork/internal/kernel"
)

// row is one way of taking connections, in both programs.
type row struct {
	name  string
	floor string   // mode of floor.c
	flags []string // of prefork
}

var rows = []row{
	{"shared/blocking", "blocking", []string{"-s", "shared"}},
	{"shared/exclusive", "exclusive", []string{"-s", "shared", "--accept", "exclusive"}},
	{"reuseport/hash", "reuseport", []string{"-s", "reuseport"}},
	{"dispatch/round-robin", "dispatch", []string{"-s", "dispatch"}},
}

type plan struct {
	prefork string
	only    string
	workers []int
	clients int
	seconds float64
	rounds  int
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := floor(ctx, os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}

func floor(ctx context.Context, out io.Writer, args []string) error {
	p, err := parse(args)
	if err = errors.Join(err, kernel.Mounted()); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "prefork-floor-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := compile(ctx, dir); err != nil {
		return err
	}
	fmt.Fprintf(out, "server CPU per connection of prefork against floor.c, %d closed-loop clients,\n"+
		"%d rounds of %g s each, A B A B; ratio: median of the paired ratios, then least and most\n\n", p.clients, p.rounds, p.seconds)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "workers\tstrategy\tfloor µs\tprefork µs\tCPU ratio\tleast–most\tconn/s ratio\t")
	for _, workers := range p.workers {
		for _, r := range rows {
			if !strings.Contains(r.name, p.only) {
				continue
			}
			if err := p.compare(ctx, table, dir, r, workers); err != nil {
				return fmt.Errorf("%s with %d workers: %w", r.name, workers, err)
			}
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return p.compareClients(ctx, out, dir)
}

func parse(args []string) (plan, error) {
	var p plan
	var workers string
	flags := flag.NewFlagSet("floor", flag.ContinueOnError)
	flags.StringVar(&p.prefork, "prefork", "./prefork", "the `binary` to measure")
	flags.StringVar(&p.only, "only", "", "only strategies whose name contains `TEXT`")
	flags.StringVar(&workers, "workers", "4,32,64", "numbers of workers")
	flags.IntVar(&p.clients, "clients", 16, "closed-loop clients")
	flags.Float64Var(&p.seconds, "seconds", 1, "length of a round")
	flags.IntVar(&p.rounds, "rounds", 7, "pairs of rounds")
	if err := flags.Parse(args); err != nil {
		return p, err
	}
	for field := range strings.SplitSeq(workers, ",") {
		n, err := strconv.Atoi(field)
		if err != nil || n < 1 {
			return p, fmt.Errorf("-workers %q: want numbers such as 4,32,64", workers)
		}
		p.workers = append(p.workers, n)
	}
	return p, nil
}

// compile builds the two C programs into dir.
func compile(ctx context.Context, dir string) error {
	cc, err := exec.LookPath(cmp.Or(os.Getenv("CC"), "cc"))
	if err != nil {
		return fmt.Errorf("needs a C compiler (apt-get install gcc, or set CC): %w", err)
	}
	for _, name := range []string{"floor", "load"} {
		source := filepath.Join("bench", "floor", "testdata", name+".c")
		cmd := exec.CommandContext(ctx, cc, "-O2", "-pthread", "-o", filepath.Join(dir, name), source)
		if text, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("compile %s: %w\n%s", source, err, text)
		}
	}
	return nil
}

// compare measures one row and prints it.
func (p plan) compare(ctx context.Context, out io.Writer, dir string, r row, workers int) error {
	var floors, ours, cpu, rate []float64
	for range p.rounds {
		a, err := p.measure(ctx, dir, floorServer(dir, r, workers))
		if err != nil {
			return err
		}
		b, err := p.measure(ctx, dir, p.preforkServer(r, workers))
		if err != nil {
			return err
		}
		floors, ours = append(floors, a.cpu), append(ours, b.cpu)
		cpu, rate = append(cpu, b.cpu/a.cpu), append(rate, b.rate/a.rate)
	}
	_, err := fmt.Fprintf(out, "%d\t%s\t%.1f\t%.1f\t%.2f\t%.2f–%.2f\t%.2f\t\n", workers, r.name,
		median(floors), median(ours), median(cpu), slices.Min(cpu), slices.Max(cpu), median(rate))
	return err
}

func floorServer(dir string, r row, workers int) command {
	return func(port string) []string {
		return []string{filepath.Join(dir, "floor"), r.floor, port, strconv.Itoa(workers)}
	}
}

func (p plan) preforkServer(r row, workers int) command {
	return func(port string) []string {
		return append([]string{p.prefork, "--log-level", "error", "-b", "0.0.0.0:" + port, "-w", strconv.Itoa(workers)}, r.flags...)
	}
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[n/2] + sorted[(n-1)/2]) / 2
}
