//go:build linux

package run

import (
	"time"

	"prefork/bench/load"
	"prefork/bench/result"
)

// order is what the load generator is to do in a part. Its seed is the same for every arm
// of a round, so that all get the same arrivals and demands.
func (r *run) order(part Part) load.Order {
	p := r.Plan
	o := load.Order{
		Warmup: p.Warmup, Length: p.Length, Timeout: p.Timeout, Stall: p.Stall, Slice: r.slice(),
		Service: p.Service, Spin: p.Spin, FIN: p.FIN, Threads: 1, Seed: p.Seed + uint64(part.Round),
	}
	if part.Phase == result.Closed {
		clients := max(p.Clients, 1)
		o.Clients, o.Threads = clients, min(r.generatorCPUs(), clients)
	} else {
		o.Rate = part.Rate
	}
	if p.FIN {
		o.Sources = finSources
	}
	if !r.steady() {
		o.Moment = p.Warmup + r.moment()
	}
	r.Order(&o)
	return o
}

// finSources is how many source addresses keep a client that closes in the usual
// way from running out of ports: each has 28 thousand, which wait for a minute.
const finSources = 200

// moment is when the scenario strikes, from when measuring begins.
func (r *run) moment() time.Duration {
	return time.Duration(momentShare * float64(r.Plan.Length))
}

// slice is how finely what happens over time is kept; only where something does.
func (r *run) slice() time.Duration {
	if r.steady() {
		return 0
	}
	return max(50*time.Millisecond, r.Plan.Length/100)
}
