//go:build linux

package run

import (
	"time"

	"prefork/bench/load"
	"prefork/bench/result"
)

// order is what the load generator is to do in a phase.
func (r *run) order(phase string) load.Order {
	p := r.plan
	o := load.Order{
		Warmup: p.Warmup, Length: p.Length, Timeout: p.Timeout, Stall: p.Stall, Slice: r.slice(),
		Service: p.Service, Spin: p.Spin, FIN: p.FIN, Threads: 1,
	}
	if phase == result.Closed {
		o.Clients, o.Threads = p.Clients, min(r.threads, p.Clients)
	} else {
		o.Rate = r.rate
	}
	if p.FIN {
		o.Sources = finSources
	}
	r.Order(&o)
	return o
}

// finSources is how many source addresses keep a client that closes in the usual
// way from running out of ports: each has 28 thousand, which wait for a minute.
const finSources = 200

// moment is when the scenario strikes, from when measuring begins.
func (r *run) moment() time.Duration {
	return time.Duration(momentShare * float64(r.plan.Length))
}

// slice is how finely what happens over time is kept; only where something does.
func (r *run) slice() time.Duration {
	if r.steady() {
		return 0
	}
	return max(50*time.Millisecond, r.plan.Length/100)
}
