//go:build linux

package run

import (
	"context"
	"fmt"
	"time"

	"prefork/bench/load"
	"prefork/bench/result"
	"prefork/internal/subject"
)

// momentShare is where in the measured time a scenario strikes.
const momentShare = 1.0 / 3

// perform starts a server, loads it, reads what it cost and ends it.
func (r *run) perform(ctx context.Context, p Part) (result.Round, error) {
	if r.Elsewhere != nil {
		return r.Elsewhere(ctx, Errand{Part: p, Order: r.order(p), Plan: r.Plan, Peaceful: r.steady()})
	}
	server, err := r.start(ctx, p.Arm)
	if err != nil {
		return result.Round{}, err
	}
	defer server.Stop()
	if p.Arm.Command != "" && p.Arm.Strategy != result.Peer {
		round, awake, err := r.awaken(ctx, p, server)
		if err != nil || !awake && p.Use == Trial {
			return round, err
		}
	}
	order := r.order(p)
	order.Address = server.Address
	seen, err := r.load(ctx, server, order)
	if fate := server.Fate(); err == nil && fate != "" && r.steady() {
		err = fmt.Errorf("the server ended in mid-run: %s", fate)
	}
	if err == nil && p.Use == Trial {
		err = r.strayed(server)
	}
	if err != nil {
		return result.Round{}, fmt.Errorf("%s: %w%s", p.Arm.Name, err, server.Said())
	}
	return r.account(p, server, order, seen), nil
}

// observed is what was seen of a server under load, by the clients and beside them.
type observed struct {
	*load.Result
	meter  *meter
	peak   *int          // of the queue
	beside time.Duration // processor time that clients took on the server's machine
	blow   Blow          // that the server got
	seats  map[int]int   // slots of the workers that were there before it, by pid
}

// load puts the load on, and has the scenario strike meanwhile.
func (r *run) load(ctx context.Context, server *subject.Server, order load.Order) (seen observed, err error) {
	w := r.watch(ctx, server)
	clients, err := load.Start(ctx, order, w.mark)
	seen, struck := w.end(clients)
	if err == nil {
		err, seen.beside = struck, clients.CPU
	}
	return seen, err
}

// account makes a round of what was seen.
func (r *run) account(p Part, server *subject.Server, order load.Order, seen observed) result.Round {
	round := Describe(order, seen.Result)
	round.Round, round.Arm, round.Phase = p.Round, p.Arm.Name, p.Phase
	round.Workload, round.Scenario = r.Plan.Workload, r.Plan.Scenario
	round.QueuePeak = seen.peak
	seen.meter.costs(&round, seen.Result)
	round.Workers = roster(p.Arm, server, seen)
	if r.steady() {
		fairness(p.Arm, &round)
	} else {
		moment := (order.Warmup + r.moment()).Seconds()
		round.Moment = &moment
		round.NormalAfter = result.NormalAfter(round.Timeline, moment, (order.Warmup + order.Length).Seconds(), microseconds(order.Stall))
	}
	round.Doubts = result.Doubts(doubtful(order, seen))
	return round
}
