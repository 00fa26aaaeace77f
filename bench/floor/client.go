//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	generator "prefork/bench/load"
)

// clientWorkers is how many workers the server has for clients to be compared at.
const clientWorkers = 4

// compareClients holds prefork's load generator against load.c, A B A B, on the
// same servers: what the generator costs is not to be taken for the server's limit.
func (p plan) compareClients(ctx context.Context, out io.Writer, dir string) error {
	fmt.Fprintf(out, "\nload generator against load.c, %d closed-loop clients, %d workers, shared/blocking,\n%d rounds of %g s each, A B A B\n\n",
		p.clients, clientWorkers, p.rounds, p.seconds)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "server\tthreads\tload.c conn/s\tprefork conn/s\tratio\tleast–most\t")
	servers := []struct {
		name    string
		command command
	}{
		{"floor.c", floorServer(dir, rows[0], clientWorkers)},
		{"prefork", p.preforkServer(rows[0], clientWorkers)},
	}
	for _, s := range servers {
		for threads := 1; threads <= 2; threads++ {
			theirs, ours, err := p.clientRounds(ctx, dir, s.command, threads)
			if err != nil {
				return fmt.Errorf("clients of %s: %w", s.name, err)
			}
			ratios := make([]float64, len(ours))
			for i := range ours {
				ratios[i] = ours[i] / theirs[i]
			}
			fmt.Fprintf(table, "%s\t%d\t%.0f\t%.0f\t%.2f\t%.2f–%.2f\t\n", s.name, threads,
				median(theirs), median(ours), median(ratios), slices.Min(ratios), slices.Max(ratios))
		}
	}
	return table.Flush()
}

// clientRounds loads one server with either client in turn, and returns their
// connections a second by round.
func (p plan) clientRounds(ctx context.Context, dir string, of command, threads int) (theirs, ours []float64, err error) {
	server, port, err := start(ctx, of)
	if err != nil {
		return nil, nil, err
	}
	defer end(server)
	prefork, err := filepath.Abs(p.prefork)
	if err != nil {
		return nil, nil, err
	}
	order := generator.Order{
		Address: "127.0.0.1:" + port, Clients: p.clients, Threads: threads,
		Warmup: 100 * time.Millisecond, Length: time.Duration(p.seconds * float64(time.Second)), Timeout: startTimeout,
	}
	if _, err := load(ctx, dir, port, p.clients, warmup); err != nil {
		return nil, nil, err
	}
	for range p.rounds {
		a, err := load(ctx, dir, port, p.clients, p.seconds)
		if err != nil {
			return nil, nil, err
		}
		b, err := generator.StartAs(ctx, prefork, order, nil)
		if err != nil {
			return nil, nil, err
		}
		if len(b.Errors) > 0 {
			return nil, nil, fmt.Errorf("the load generator saw errors: %v", b.Errors)
		}
		theirs, ours = append(theirs, a), append(ours, b.Throughput())
	}
	return theirs, ours, nil
}
