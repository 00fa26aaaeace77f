//go:build linux

package cli

import (
	"fmt"
	"time"

	"prefork/bench"
	"prefork/bench/load"
	"prefork/bench/result"
	"prefork/bench/run"
	"prefork/internal/kernel"
)

// loadArm is what the loaded server is called in a result: that of another time or
// place may be compared with it.
const loadArm = "load"

// loaded is what a load has found. Its result has one arm and one round.
type loaded struct {
	*result.Result
	goal  goal
	order load.Order
	seen  *load.Result
}

// newLoaded makes a result of what the generator saw, like that of a bench.
func newLoaded(g goal, o load.Order, started time.Time, seen *load.Result, stolen float64) loaded {
	round := run.Describe(o, seen)
	round.Round, round.Arm, round.Phase = 1, loadArm, loop(o)
	round.Workload, round.Scenario = loadArm, bench.Scenarios[0].Name
	doubts := run.OfGenerator(o, seen)
	doubts["steal"] = 100 * stolen
	round.Doubts = result.Doubts(doubts)
	r := &result.Result{
		Schema: result.Schema, Version: version(), Seed: o.Seed, Started: started, Environment: bench.ReadEnvironment(),
		Arms:   []result.Arm{{Name: loadArm, Strategy: result.Peer, Command: g.url}},
		Rounds: []result.Round{round},
		Plan: result.Plan{
			Workload: loadArm, Scenario: round.Scenario, Phases: []string{round.Phase}, Baseline: loadArm, Rounds: 1,
			Length: o.Length, Warmup: o.Warmup, Timeout: o.Timeout, Clients: o.Clients, Rate: o.Rate,
			Requests: o.Requests, Think: o.Think, FIN: o.FIN,
		},
	}
	if seen.Partial {
		r.Partial = fmt.Sprintf("ended after %s of %s", brief(seconds(seen.Seconds)), brief(o.Length))
	}
	return loaded{r, g, o, seen}
}

// loop is the phase of a bench that an order is one of.
func loop(o load.Order) string {
	if o.Rate > 0 {
		return result.Open
	}
	return result.Closed
}

// round is the only one.
func (l loaded) round() result.Round { return l.Rounds[0] }

// machineTime measures what other machines on the host take of this one's processors
// while the generator measures.
type machineTime struct{ before, after kernel.Machine }

func (m *machineTime) pass(mark load.Mark) {
	now, _ := kernel.ReadMachine() // without it there is no doubt
	switch mark {
	case load.Measuring:
		m.before = now
	case load.Measured:
		m.after = now
	}
}

func (m *machineTime) stolen() float64 {
	_, stolen := m.after.Since(m.before)
	return stolen
}
