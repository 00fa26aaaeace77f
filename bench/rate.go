//go:build linux

package bench

import (
	"slices"

	"prefork/bench/result"
	"prefork/bench/stats"
)

// usualShare is how much of what the weakest arm reached an open loop has.
const usualShare = 0.5

// freeRate is the rate where nothing tells a better one.
const freeRate = 1000

// withRate has a rate for the open loop, or a share of what the closed one reaches. An
// open loop that is alone, and of whose rate nothing was said, has one that can be told
// beforehand; if a share was asked for, the run makes a short closed loop first. A load
// curve is judged at its highest rate that is not an overload on purpose.
func withRate(p result.Plan, arms []result.Arm) result.Plan {
	switch {
	case len(p.Rates) > 0:
		p.SetRates(p.Rates, func(r result.OpenRate) bool { return bearable(p, arms, r) })
	case p.Rate > 0 || p.Share > 0 || !slices.Contains(p.Phases, result.Open):
	case slices.Contains(p.Phases, result.Closed):
		p.Share = usualShare
	default:
		p.Rate = rateAlone(p, arms)
	}
	return p
}

// bearable reports whether it can be that all arms bear a rate.
func bearable(p result.Plan, arms []result.Arm, r result.OpenRate) bool {
	return r.Share <= 1 && !slices.ContainsFunc(arms, func(a result.Arm) bool { return demand(p, a, r.PerSecond, 1) != nil })
}

// rateAlone is half of what service times leave possible, for the arm with the fewest
// workers.
func rateAlone(p result.Plan, arms []result.Arm) float64 {
	service, err := stats.ParseService(p.Service)
	if p.Service == "" || err != nil { // an error is for check to tell
		return freeRate
	}
	least := slices.MinFunc(arms, func(a, b result.Arm) int { return a.Workers - b.Workers })
	servers := least.Workers * max(least.Concurrency, 1)
	if p.Spin {
		cpus, _ := processors(p)
		servers = min(servers, cpus)
	}
	return usualShare * float64(servers) / service.Mean().Seconds()
}
