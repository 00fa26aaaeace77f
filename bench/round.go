//go:build linux

package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"prefork/bench/load"
	"prefork/internal/proctree"
	"prefork/internal/subject"
)

// momentShare is where in the measured time a scenario strikes.
const momentShare = 1.0 / 3

// part is one arm's part of a round: a server of its own, under load once.
type part struct {
	run   *run
	arm   Arm
	phase string
	round int
}

// measure starts the server, loads it, reads what it cost and ends it.
func (p part) measure(ctx context.Context) (Round, error) {
	server, err := p.start(ctx)
	if err != nil {
		return Round{}, err
	}
	defer server.Stop()
	order := p.run.order(p.phase)
	order.Seed, order.Address = p.seed(), server.Address
	seen, err := p.load(ctx, server, order)
	if fate := server.Fate(); err == nil && fate != "" && p.run.scenario.steady() {
		err = fmt.Errorf("the server ended in mid-run: %s", fate)
	}
	if err != nil {
		return Round{}, fmt.Errorf("%s: %w%s", p.arm.Name, err, server.Said())
	}
	return p.account(server, order, seen), nil
}

// observed is what was seen of a server under load, by the clients and beside them.
type observed struct {
	*load.Result
	meter *meter
	peak  *int             // of the queue
	after proctree.Machine // when the measured time was over
}

// load puts the load on, and has the scenario strike meanwhile.
func (p part) load(ctx context.Context, server *subject.Server, order load.Order) (seen observed, err error) {
	around, leave := context.WithCancel(ctx)
	var beside sync.WaitGroup
	defer beside.Wait()
	defer leave()
	beside.Go(func() { seen.peak = peakQueue(around, server.Address) })
	disruption := &disruption{scenario: p.run.scenario, server: server, after: p.run.moment()}
	seen.meter = newMeter(server)
	seen.Result, err = load.Start(ctx, order, func(m load.Mark) {
		switch m {
		case load.Measuring:
			seen.meter.begin()
			beside.Go(func() { disruption.wait(around, seen.meter) })
		case load.Measured:
			seen.meter.read()
			seen.after = proctree.ReadMachine()
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
func (p part) account(server *subject.Server, order load.Order, seen observed) Round {
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

func (p part) start(ctx context.Context) (*subject.Server, error) {
	if p.arm.Strategy == peerStrategy {
		return subject.StartPeer(ctx, p.arm.Name, p.arm.Command, p.arm.Workers)
	}
	return subject.Start(ctx, p.arm.Name, p.arm.args(p.run.workload, p.run.scenario)...)
}

// seed is the same for every arm of a round, so that all get the same arrivals
// and demands.
func (p part) seed() uint64 { return p.run.plan.Seed + uint64(p.round) }

// describe is a round as the load generator saw it.
func (p part) describe(o load.Order, result *load.Result) Round {
	r := Round{
		Round: p.round, Arm: p.arm.Name, Phase: p.phase, OfferedRate: o.Rate,
		Workload: p.run.plan.Workload, Scenario: p.run.plan.Scenario, Seconds: result.Seconds,
		Conns: result.Conns, Requests: result.Requests, Errors: result.Errors, Stalled: result.Stalled, MaxOpen: result.MaxOpen,
		Throughput: result.Throughput(),
		Latency:    shape(result.Response), Service: shape(result.Service), Connect: shape(result.Connect),
		Valid: true,
	}
	if result.Cheap != nil {
		cheap := shape(result.Cheap)
		r.Cheap = &cheap
	}
	if o.Rate > 0 {
		lag := float64(result.Lag.ValueAtQuantile(99))
		r.ScheduleLagP99 = &lag
	}
	for _, s := range result.Timeline {
		r.Timeline = append(r.Timeline, Slice{At: s.At, Answered: s.Answered, Failed: s.Failed, Stalled: s.Stalled, P50: s.P50, P99: s.P99})
	}
	return r
}

// manySamples is how many a percentile of 99.9 takes.
const manySamples = 10000

func shape(h *load.Histogram) Latency {
	l := Latency{N: int(h.TotalCount())}
	if l.N == 0 {
		return l
	}
	at := func(q float64) float64 { return float64(h.ValueAtQuantile(q)) }
	l.Min, l.P50, l.P90, l.P99, l.Max = float64(h.Min()), at(50), at(90), at(99), float64(h.Max())
	l.Mean, l.SD = h.Mean(), h.StdDev()
	if l.N >= manySamples {
		p999 := at(99.9)
		l.P999 = &p999
	}
	return l
}

// disturbance is what the scenario did to the service.
func (p part) disturbance(r *Round, o load.Order) {
	if p.run.scenario.steady() {
		return
	}
	moment := (o.Warmup + p.run.moment()).Seconds()
	r.Moment = &moment
	r.NormalAfter = normalAfter(r.Timeline, moment, (o.Warmup + o.Length).Seconds(), microseconds(o.Stall))
}

// disruption is a scenario waiting for its moment.
type disruption struct {
	scenario Scenario
	server   *subject.Server
	after    time.Duration // from when measuring begins
	mu       sync.Mutex
	undo     func()
	over     bool
	err      error
}

// wait strikes when the time has come, unless the load ends first.
func (s *disruption) wait(ctx context.Context, m *meter) {
	if s.scenario.steady() {
		return
	}
	select {
	case <-ctx.Done():
		return
	case <-time.After(s.after):
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return
	}
	m.read() // those who are about to die
	s.undo, s.err = s.scenario.strike(s.server)
}

// outlast is how much longer than a stall a disruption lasts after the end: what came
// in the last moment of the measured time has stalled like what came before.
const outlast = 20 * time.Millisecond

// end undoes it once all that it holds up has stalled, so that connections that are
// still open get their answers.
func (s *disruption) end(ctx context.Context, stall time.Duration) {
	s.mu.Lock()
	s.over = true
	undo := s.undo
	s.mu.Unlock()
	if undo == nil {
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(stall + outlast):
	}
	undo()
}
