package report

import (
	"math"
	"math/rand/v2"
	"time"

	"prefork/bench/result"
)

// capacities are what the arms of a made curve can do, in connections a second.
var capacities = map[string]float64{"shared": 800, "reuseport": 760, "dispatch": 700, "peer": 650}

// madeCurve is a load curve at these rates, as shares of 700/s, of so many rounds: an arm's
// times grow as the rate comes near to what it can do, beyond which it falls behind.
func madeCurve(rounds int, shares []float64, arms ...result.Arm) *result.Result {
	r := made(rounds, arms...)
	r.Plan.Workload, r.Plan.Service, r.Plan.Length = "work", "exp:5ms", time.Second
	var rates []result.OpenRate
	for _, share := range shares {
		rates = append(rates, result.OpenRate{Share: share})
	}
	r.Plan.SetRates(rates, func(o result.OpenRate) bool { return o.Share <= 1 })
	r.Rounds = r.In(result.Closed)
	random := rand.New(rand.NewPCG(3, 1))
	for n := 1; n <= rounds; n++ {
		for _, rate := range rates {
			for _, arm := range arms {
				r.Rounds = append(r.Rounds, loadedRound(n, arm, rate, random))
			}
		}
	}
	r.Summarise()
	return r
}

func loadedRound(n int, arm result.Arm, rate result.OpenRate, random *rand.Rand) result.Round {
	offered, capacity := 700*rate.Share, capacities[arm.Strategy]
	round := madeRound(n, result.Open, arm, 1, random)
	busy := min(offered/capacity, 0.98)
	off := func(sd float64) float64 { return math.Exp(sd * busy * random.NormFloat64()) }
	queue := map[string]float64{"shared": 0.25, "reuseport": 1, "dispatch": 0.5, "peer": 0.8}[arm.Strategy] * busy / (1 - busy)
	round.Workload = "work"
	round.Load, round.OfferedRate = rate.String(), offered
	round.Latency.N = int(offered)
	round.Requests = int(min(offered, capacity))
	round.Conns, round.Throughput = round.Requests, float64(round.Requests)
	round.Latency.P50, round.Latency.P99 = 3500*(1+queue)*off(.1), 23000*(1+1.4*queue)*off(.25)
	return round
}
