//go:build linux

package run

import (
	"context"
	"fmt"
	"sync"

	"prefork/bench/load"
	"prefork/bench/result"
	"prefork/internal/subject"
)

// momentShare is where in the measured time a scenario strikes.
const momentShare = 1.0 / 3

// perform starts a server, loads it, reads what it cost and ends it.
func (r *run) perform(ctx context.Context, p Part) (result.Round, error) {
	server, err := r.Start(ctx, p.Arm)
	if err != nil {
		return result.Round{}, err
	}
	defer server.Stop()
	order := r.order(p)
	order.Address = server.Address
	seen, err := r.load(ctx, server, order)
	if fate := server.Fate(); err == nil && fate != "" && r.steady() {
		err = fmt.Errorf("the server ended in mid-run: %s", fate)
	}
	if err != nil {
		return result.Round{}, fmt.Errorf("%s: %w%s", p.Arm.Name, err, server.Said())
	}
	return r.account(p, server, order, seen), nil
}

// observed is what was seen of a server under load, by the clients and beside them.
type observed struct {
	*load.Result
	meter *meter
	peak  *int // of the queue
}

// load puts the load on, and has the scenario strike meanwhile.
func (r *run) load(ctx context.Context, server *subject.Server, order load.Order) (seen observed, err error) {
	around, leave := context.WithCancel(ctx)
	var beside sync.WaitGroup
	defer beside.Wait()
	defer leave()
	beside.Go(func() { seen.peak = peakQueue(around, server.Address) })
	disruption := &disruption{strike: r.Strike, server: server, after: r.moment()}
	seen.meter = newMeter(server)
	seen.Result, err = load.Start(ctx, order, func(m load.Mark) {
		switch m {
		case load.Measuring:
			seen.meter.begin()
			beside.Go(func() { disruption.wait(around, seen.meter) })
		case load.Measured:
			seen.meter.end()
			beside.Go(func() { disruption.end(around, r.Plan.Stall) })
		}
	})
	leave()
	beside.Wait()
	if err == nil {
		err = disruption.err
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
	round.Workers = roster(p.Arm, server, seen.Result)
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
