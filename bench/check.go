//go:build linux

package bench

import (
	"errors"
	"fmt"
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
	open := slices.Contains(p.Phases, result.Open)
	switch {
	case workload.staying && slices.Contains(p.Phases, result.Closed):
		return fmt.Errorf("--workload %s has an open loop only: its connections stay, so that no client comes again; leave out --phase", p.Workload)
	case workload.staying && open && p.Rate == 0:
		return fmt.Errorf("--workload %s wants a --rate in connections a second, such as 400: it has no closed loop of which that could be a share", p.Workload)
	case p.Workload == "http" && p.Requests < 1:
		return fmt.Errorf("--requests %d: one at least", p.Requests)
	case p.Clients > mostClients(p):
		return fmt.Errorf("--clients %d: the load generator holds %d here, which is %d for each processor", p.Clients, mostClients(p), load.MaxOpen)
	case p.Rounds < 1:
		return fmt.Errorf("--rounds %d: one at least", p.Rounds)
	case p.Length < 50*time.Millisecond:
		return fmt.Errorf("--length %s: 50ms at least", p.Length)
	case p.Warmup < 0 || p.Timeout <= 0 || p.Stall < 0 || p.Think < 0:
		return errors.New("--warmup, --timeout, --stall and --think are times of 0 or more, --timeout of more than 0")
	case p.Rate == 0 && p.Clients < 1:
		return fmt.Errorf("--clients %d: one at least", p.Clients)
	case p.Rate < 0 || open && p.Rate == 0 && (p.Share <= 0 || p.Share > result.MostOverload):
		return errors.New("--rate wants connections a second, such as 500, or a share of the weakest arm's capacity, such as 50%")
	case !scenario.steady() && len(p.Rates) > 0:
		return fmt.Errorf("--scenario %s takes one --rate: a load curve is of servers to which nothing happens", scenario.Name)
	case !scenario.steady() && slices.Contains(p.Phases, result.Closed):
		return fmt.Errorf("--scenario %s needs an open loop: clients of a closed one wait for the server, and stop asking when it stops answering", scenario.Name)
	}
	return nil
}

// mostClients is how many connections a load generator has room for in the closed loop,
// with an event loop on each processor.
func mostClients(p result.Plan) int {
	_, cpus := processors(p)
	return load.MaxOpen * cpus
}
