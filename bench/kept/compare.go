//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// results are what was seen of each server, a round each.
type results map[string][]seen

// compare measures all servers with so many clients, and prints what came of it.
func (p plan) compare(ctx context.Context, out io.Writer, clients int) error {
	all := make([]results, len(generators))
	for i := range all {
		all[i] = results{}
	}
	for range p.rounds {
		for _, s := range p.chosen() {
			if err := p.round(ctx, s, clients, all); err != nil {
				return err
			}
		}
	}
	for i, by := range generators {
		fmt.Fprintf(out, "\n%d clients, by %s\n", clients, by.name)
		if err := p.table(out, all[i]); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "\n%s\n", p.agreement(all))
	return nil
}

// round starts a server and has every generator ask it.
func (p plan) round(ctx context.Context, s server, clients int, all []results) error {
	running, err := p.start(ctx, s)
	if err != nil {
		return err
	}
	defer running.Stop()
	// An interpreter gets faster while it runs.
	if _, err := p.load(ctx, "http://"+running.Address+"/", "--clients", "16", "--requests", "1000000", "--length", "500ms"); err != nil {
		return fmt.Errorf("warm %s up: %w", s.name, err)
	}
	for i, by := range generators {
		r, err := p.measure(ctx, by, running, clients)
		if err != nil {
			return err
		}
		all[i][s.name] = append(all[i][s.name], r)
	}
	return nil
}

func (p plan) table(out io.Writer, r results) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "server\treq/s\t×\tleast–most\tCPU µs\t×\tleast–most\t")
	for _, s := range p.chosen() {
		rate, cpu := r.ratios(s.name, rateOf), r.ratios(s.name, cpuOf)
		fmt.Fprintf(table, "%s\t%.0f\t%.2f\t%.2f–%.2f\t%.2f\t%.2f\t%.2f–%.2f\t\n", s.name,
			median(each(r[s.name], rateOf)), median(rate), slices.Min(rate), slices.Max(rate),
			median(each(r[s.name], cpuOf)), median(cpu), slices.Min(cpu), slices.Max(cpu))
	}
	return table.Flush()
}

func rateOf(s seen) float64 { return s.rate }
func cpuOf(s seen) float64  { return s.cpu }

func each(all []seen, of func(seen) float64) (values []float64) {
	for _, s := range all {
		values = append(values, of(s))
	}
	return values
}

// ratios are those of a server to the baseline, round by round.
func (r results) ratios(name string, of func(seen) float64) (all []float64) {
	for i, s := range r[name] {
		all = append(all, of(s)/of(r[baselineOf(name)][i]))
	}
	return all
}

// agreement says whether the generators agree on who is ahead of nginx.
func (p plan) agreement(all []results) string {
	var disputed []string
	for _, s := range p.chosen() {
		ahead := 0
		for _, r := range all {
			if median(r.ratios(s.name, rateOf)) > 1 {
				ahead++
			}
		}
		if ahead != 0 && ahead != len(all) {
			disputed = append(disputed, s.name)
		}
	}
	if disputed == nil {
		return "Both agree on who is ahead of nginx."
	}
	return "They do not agree on whether these are ahead of nginx: " + strings.Join(disputed, ", ") + "."
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[n/2] + sorted[(n-1)/2]) / 2
}
