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
// On a machine that is busy besides, load.c with its thread a client gets more of
// it than one event loop does; the processor time tells that from what either costs.
func (p plan) compareClients(ctx context.Context, out io.Writer, dir string) error {
	fmt.Fprintf(out, "\nload generator against load.c, %d closed-loop clients, %d workers, shared/blocking,\n%d rounds of %g s each, A B A B\n\n",
		p.clients, clientWorkers, p.rounds, p.seconds)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "server\tthreads\tload.c conn/s\tprefork conn/s\tconn/s ratio\tleast–most\tclient CPU ratio\t")
	servers := []struct {
		name    string
		command command
	}{
		{"floor.c", floorServer(dir, rows[0], clientWorkers)},
		{"prefork", p.preforkServer(rows[0], clientWorkers)},
	}
	for _, s := range servers {
		for threads := 1; threads <= 2; threads++ {
			rounds, err := p.clientRounds(ctx, dir, s.command, threads)
			if err != nil {
				return fmt.Errorf("clients of %s: %w", s.name, err)
			}
			rounds.print(table, s.name, threads)
		}
	}
	return table.Flush()
}

// clientPairs are rounds of load.c and of the generator, one after the other.
type clientPairs struct{ theirs, ours []result }

func (c clientPairs) print(out io.Writer, server string, threads int) {
	var theirs, ours, rate, cpu []float64
	for i, a := range c.theirs {
		b := c.ours[i]
		theirs, ours = append(theirs, a.rate), append(ours, b.rate)
		rate, cpu = append(rate, b.rate/a.rate), append(cpu, b.cpu/a.cpu)
	}
	fmt.Fprintf(out, "%s\t%d\t%.0f\t%.0f\t%.2f\t%.2f–%.2f\t%.2f\t\n", server, threads,
		median(theirs), median(ours), median(rate), slices.Min(rate), slices.Max(rate), median(cpu))
}

// clientRounds loads one server with either client in turn.
func (p plan) clientRounds(ctx context.Context, dir string, of command, threads int) (pairs clientPairs, err error) {
	server, port, err := start(ctx, of)
	if err != nil {
		return pairs, err
	}
	defer end(server)
	if _, err := load(ctx, dir, port, p.clients, warmup); err != nil {
		return pairs, err
	}
	for range p.rounds {
		a, err := load(ctx, dir, port, p.clients, p.seconds)
		if err != nil {
			return pairs, err
		}
		b, err := p.generate(ctx, port, threads)
		if err != nil {
			return pairs, err
		}
		pairs.theirs, pairs.ours = append(pairs.theirs, a), append(pairs.ours, b)
	}
	return pairs, nil
}

// generate runs the generator of the prefork binary for a round, as load runs
// load.c.
func (p plan) generate(ctx context.Context, port string, threads int) (result, error) {
	binary, err := filepath.Abs(p.prefork)
	if err != nil {
		return result{}, err
	}
	r, err := generator.StartAs(ctx, binary, generator.Order{
		Address: "127.0.0.1:" + port, Clients: p.clients, Threads: threads,
		Warmup: 100 * time.Millisecond, Length: time.Duration(p.seconds * float64(time.Second)), Timeout: startTimeout,
	}, generator.Ears{})
	if err != nil {
		return result{}, err
	}
	if len(r.Errors) > 0 {
		return result{}, fmt.Errorf("the load generator saw errors: %v", r.Errors)
	}
	return result{cpu: perConn(r.CPU, float64(r.Requests)), rate: r.Throughput()}, nil
}
