//go:build linux

package run

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"prefork/bench/load"
	"prefork/bench/result"
	"prefork/internal/kernel"
	"prefork/internal/subject"
)

// momentShare is where in the measured time a scenario strikes.
const momentShare = 1.0 / 3

// part is one arm's part of a round: a server of its own, under load once.
type part struct {
	run   *run
	arm   result.Arm
	phase string
	round int
}

// measure starts the server, loads it, reads what it cost and ends it.
func (p part) measure(ctx context.Context) (result.Round, error) {
	server, err := p.run.Start(ctx, p.arm)
	if err != nil {
		return result.Round{}, err
	}
	defer server.Stop()
	order := p.run.order(p.phase)
	order.Seed, order.Address = p.seed(), server.Address
	seen, err := p.load(ctx, server, order)
	if fate := server.Fate(); err == nil && fate != "" && p.run.steady() {
		err = fmt.Errorf("the server ended in mid-run: %s", fate)
	}
	if err != nil {
		return result.Round{}, fmt.Errorf("%s: %w%s", p.arm.Name, err, server.Said())
	}
	return p.account(server, order, seen), nil
}

// observed is what was seen of a server under load, by the clients and beside them.
type observed struct {
	*load.Result
	meter *meter
	peak  *int           // of the queue
	after kernel.Machine // when the measured time was over
}

// load puts the load on, and has the scenario strike meanwhile.
func (p part) load(ctx context.Context, server *subject.Server, order load.Order) (seen observed, err error) {
	around, leave := context.WithCancel(ctx)
	var beside sync.WaitGroup
	defer beside.Wait()
	defer leave()
	beside.Go(func() { seen.peak = peakQueue(around, server.Address) })
	disruption := &disruption{strike: p.run.Strike, server: server, after: p.run.moment()}
	seen.meter = newMeter(server)
	seen.Result, err = load.Start(ctx, order, func(m load.Mark) {
		switch m {
		case load.Measuring:
			seen.meter.begin()
			beside.Go(func() { disruption.wait(around, seen.meter) })
		case load.Measured:
			seen.meter.read()
			seen.after, _ = kernel.ReadMachine()
			beside.Go(func() { disruption.end(around, p.run.plan.Stall) })
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
func (p part) account(server *subject.Server, order load.Order, seen observed) result.Round {
	r := p.describe(order, seen.Result)
	r.QueuePeak = seen.peak
	seen.meter.costs(&r, seen.Result)
	r.Workers = p.roster(server, seen.Result)
	p.fairness(&r)
	p.disturbance(&r, order)
	_, stolen := seen.after.Since(seen.meter.machine)
	err := doubt(order, seen.Result, 100*stolen)
	if err == nil {
		err = seen.meter.doubt(seen.Result)
	}
	if err != nil {
		r.Valid, r.InvalidReason = false, err.Error()
		if errors.Is(err, ErrRate) {
			p.run.late++
		}
	}
	return r
}

// seed is the same for every arm of a round, so that all get the same arrivals
// and demands.
func (p part) seed() uint64 { return p.run.plan.Seed + uint64(p.round) }

// disturbance is what the scenario did to the service.
func (p part) disturbance(r *result.Round, o load.Order) {
	if p.run.steady() {
		return
	}
	moment := (o.Warmup + p.run.moment()).Seconds()
	r.Moment = &moment
	r.NormalAfter = result.NormalAfter(r.Timeline, moment, (o.Warmup + o.Length).Seconds(), microseconds(o.Stall))
}
