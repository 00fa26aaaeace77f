package report

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"prefork/bench/result"
)

// made is a result with so many rounds of both phases: the arms are the baseline
// with some factor for what a connection costs.
func made(rounds int, arms ...result.Arm) *result.Result {
	r := &result.Result{
		Schema: result.Schema, Seed: 7, Started: time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC), Arms: arms,
		Environment: result.Environment{Kernel: "6.18.0", CPUs: 2, CPUModel: "Some CPU", Go: "go1.26.0"},
		Plan: result.Plan{
			Workload: "hello", Scenario: "steady", Phases: []string{result.Closed, result.Open}, Rounds: rounds,
			Baseline: arms[0].Name, Clients: 16, Share: 0.5, Stall: time.Second,
		},
	}
	random := rand.New(rand.NewPCG(1, 1))
	for _, phase := range r.Plan.Phases {
		for n := 1; n <= rounds; n++ {
			for i, arm := range arms {
				r.Rounds = append(r.Rounds, madeRound(n, phase, arm, costs[arm.Strategy][min(i, 1)], random))
			}
		}
	}
	r.Summarise()
	return r
}

// costs are those of the first arm, and of the others.
var costs = map[string][2]float64{"shared": {1, 1}, "reuseport": {1, 1.001}, "dispatch": {1, 1.9}, "peer": {1, 1.4}}

func madeRound(n int, phase string, arm result.Arm, cost float64, random *rand.Rand) result.Round {
	off := func() float64 { return math.Exp(0.02 * random.NormFloat64()) }
	number := func(x float64) *float64 { return &x }
	round := result.Round{
		Round: n, Arm: arm.Name, Phase: phase, Workload: "hello", Scenario: "steady", Seconds: 1,
		Conns: 30_000, Requests: 30_000, Throughput: 30_000 / cost * off(), Errors: map[string]int{},
		Latency: result.Latency{N: 30_000, P50: 95 * cost * off(), P99: 300 * cost * off(), Mean: 110 * cost * off(), SD: 50 * off()},
	}
	if phase == result.Open {
		round.OfferedRate, round.Throughput = 9_000, 9_000*off()
	}
	if arm.Strategy != "peer" {
		round.Jain, round.JainExpected, round.ChiSquareP, round.MaxShare = number(1), number(0.9999), number(0.5), number(0.252)
		for slot, conns := range []int{7_550, 7_430, 7_470, 7_550} {
			round.Workers = append(round.Workers, result.Worker{Slot: slot, PID: 100 + slot, Conns: conns})
		}
		round.CPU.Server, round.Wakeups = number(27*cost*off()), number(cost*off())
	}
	return round
}

var (
	sharedArm    = result.Arm{Name: "shared/blocking", Strategy: "shared", Accept: "blocking", Workers: 4}
	reuseportArm = result.Arm{Name: "reuseport/hash", Strategy: "reuseport", Workers: 4}
	dispatchArm  = result.Arm{Name: "dispatch/round-robin", Strategy: "dispatch", Workers: 4}
	controlArm   = result.Arm{Name: "shared/blocking#2", Strategy: "shared", Workers: 4, Control: true}
	peerArm      = result.Arm{Name: "nginx", Strategy: "peer", Command: "nginx"}
)

// manyArms are more than anybody will compare.
func manyArms() (arms []result.Arm) {
	for i := range 12 {
		arms = append(arms, result.Arm{Name: fmt.Sprintf("shared/with-a-rather-long-name@%d#2", i), Strategy: "shared", Workers: i})
	}
	return arms
}

// spoilt is a doubt of all that a round has.
func spoilt(reason string) []result.Doubt {
	doubt := result.Doubt{Reason: reason}
	for _, m := range result.Metrics {
		doubt.Spoils = append(doubt.Spoils, m.Name)
	}
	return []result.Doubt{doubt}
}
