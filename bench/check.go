//go:build linux

package bench

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"prefork/bench/load"
	"prefork/bench/result"
	"prefork/bench/stats"
)

// check finds what no run could be made of.
func check(p result.Plan, arms []result.Arm) error {
	scenario, err := LookupScenario(p.Scenario)
	if err != nil {
		return err
	}
	if p.Service != "" {
		if _, err := stats.ParseService(p.Service); err != nil {
			return fmt.Errorf("--service: %w", err)
		}
	}
	for _, arm := range arms {
		if scenario.prefork && arm.Strategy == result.Peer {
			return fmt.Errorf("--scenario %s is only for prefork itself: %s does not know the signal", scenario.Name, arm.Name)
		}
	}
	workload, err := LookupWorkload(p.Workload)
	if err != nil {
		return err
	}
	switch {
	case workload.staying && slices.Contains(p.Phases, result.Closed):
		return fmt.Errorf("--workload %s has an open loop only: its connections stay, so that no client comes again; leave out --phase", p.Workload)
	case p.Workload == "http" && p.Requests < 1:
		return fmt.Errorf("--requests %d: one at least", p.Requests)
	case p.Clients > mostClients():
		return fmt.Errorf("--clients %d: the load generator holds %d here, which is %d for each processor", p.Clients, mostClients(), load.MaxOpen)
	case p.Rounds < 1:
		return fmt.Errorf("--rounds %d: one at least", p.Rounds)
	case p.Length < 50*time.Millisecond:
		return fmt.Errorf("--length %s: 50ms at least", p.Length)
	case p.Warmup < 0 || p.Timeout <= 0 || p.Stall < 0 || p.Think < 0:
		return errors.New("--warmup, --timeout, --stall and --think are times of 0 or more, --timeout of more than 0")
	case slices.Contains(p.Phases, result.Closed) && p.Clients < 1:
		return fmt.Errorf("--clients %d: one at least", p.Clients)
	case p.Rate < 0 || p.Share <= 0 || p.Share >= 10:
		return errors.New("--rate wants connections a second, such as 500, or a share of the weakest arm's capacity, such as 50%")
	case !scenario.steady() && slices.Contains(p.Phases, result.Closed):
		return fmt.Errorf("--scenario %s needs an open loop: clients of a closed one wait for the server, and stop asking when it stops answering", scenario.Name)
	}
	return nil
}

// mostClients is how many connections a load generator has room for in the closed loop,
// with an event loop on each processor.
func mostClients() int { return load.MaxOpen * runtime.NumCPU() }

// freeRate is the rate where nothing tells a better one.
const freeRate = 1000

// rateAlone is the rate of an open loop that no closed one comes before, 0 where
// one does.
func rateAlone(p result.Plan, arms []result.Arm) float64 {
	if p.Rate > 0 || slices.Contains(p.Phases, result.Closed) {
		return p.Rate
	}
	if p.Service == "" {
		return freeRate
	}
	service, err := stats.ParseService(p.Service)
	if err != nil {
		return freeRate
	}
	fewest := slices.MinFunc(arms, func(a, b result.Arm) int { return a.Workers - b.Workers }).Workers
	return p.Share * float64(fewest) / service.Mean().Seconds()
}
