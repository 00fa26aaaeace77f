//go:build linux

package drive

import (
	"errors"
	"fmt"
	"time"

	"prefork/bench/load"
	"prefork/bench/many"
	"prefork/bench/result"
)

// sum is what the agents saw of a part, as far as they have told. Each result is added as it
// comes: a thousand of them would not fit into memory beside each other.
type sum struct {
	o      load.Order // of all together
	total  load.Sum
	stolen float64
	rows   map[*peer]result.AgentRound
}

// add takes in what an agent's part has come to, which began at a moment of its clock.
func (s *sum) add(p *peer, at time.Duration, o many.Outcome) error {
	if o.Error != "" {
		return errors.New(o.Error)
	}
	r := o.Result
	if err := whole(s.o, at, r); err != nil {
		return err
	}
	p.stolen = max(p.stolen, o.Stolen)
	p.parts++
	p.control += (o.Control - p.control) / float64(p.parts)
	s.stolen = max(s.stolen, o.Stolen)
	_, off := p.clock.ahead()
	s.rows[p] = result.AgentRound{
		Agent: p.name, Conns: r.Conns, Errors: r.Errors, Throughput: r.Throughput(), CPUs: r.CPU.Seconds() / r.Seconds,
		P50: float64(r.Response.ValueAtQuantile(50)), P99: float64(r.Response.ValueAtQuantile(99)),
		ClockErrorUS: float64(off.Nanoseconds()) / 1e3, ControlPct: 100 * o.Control,
	}
	return s.total.Add(r)
}

// loaded is the sum of all agents.
func (s *sum) loaded(agents []*peer) *many.Loaded {
	l := &many.Loaded{Result: s.total.Result(), Stolen: s.stolen}
	for _, p := range agents {
		l.Agents = append(l.Agents, s.rows[p])
	}
	return l
}

// whole is an error for a result that is not of what was ordered.
func whole(o load.Order, at time.Duration, r *load.Result) error {
	switch {
	case r == nil || r.Response == nil || r.Service == nil || r.Connect == nil || r.Lag == nil:
		return errors.New("it says no result")
	case r.Partial || r.Seconds != o.Length.Seconds():
		return fmt.Errorf("it measured %g s of %g", r.Seconds, o.Length.Seconds())
	case r.From != at+o.Warmup:
		return fmt.Errorf("it measured from %s after it was to, by its own clock", r.From-at-o.Warmup)
	}
	return nil
}
