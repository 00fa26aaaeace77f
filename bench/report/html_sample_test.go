package report

import (
	"math"
	"math/rand/v2"
	"time"

	"prefork/bench/result"
)

// known truths of a simulated arm.
type truth struct {
	arm        result.Arm
	throughput float64
	p50        float64
	master     float64
	shares     []float64 // of the workers; nil is dice
	loses      bool      // when a worker is stuck
}

// hostile is a name that must come out as text and nothing else.
const hostile = `<script>alert("x")</script>&'` + "\x1b"

func truths() []truth {
	arm := func(name, strategy string) result.Arm {
		return result.Arm{Name: name, Strategy: strategy, Workers: 8, Concurrency: 1}
	}
	even := []float64{.125, .125, .125, .125, .125, .125, .125, .125}
	pile := []float64{.7, .2, .08, .02, 0, 0, 0, 0}
	control := arm("shared/blocking#2", "shared")
	control.Control = true
	peer := arm("nginx", "peer")
	peer.Command = "nginx -c {port}"
	return []truth{
		{arm("shared/blocking", "shared"), 31000, 95, 0, even, false},
		{arm("shared/exclusive", "shared"), 30000, 99, 0, pile, false},
		{arm("reuseport/hash", "reuseport"), 30500, 94, 0, nil, true},
		{arm("dispatch/round-robin", "dispatch"), 19000, 136, 24, even, true},
		{peer, 22000, 120, 0, nil, false},
		{arm(hostile, "peer"), 9000, 300, 0, nil, true},
		{control, 31000, 95, 0, even, false},
	}
}

// simulate is a result of so many rounds in which a worker gets stuck at 2 s.
func simulate(rounds int, phases ...string) *result.Result {
	random := rand.New(rand.NewPCG(1, 2))
	moment := 2.0
	r := &result.Result{
		Schema: result.Schema, Version: "v0.0.0-test", Seed: 7, Started: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC),
		Environment: result.Environment{Kernel: "6.18", CPUs: 2, CPUModel: "Simulated", Go: "go1.26", Sysctls: map[string]string{"net.core.somaxconn": "4096"}},
		Plan: result.Plan{
			Workload: "hello", Scenario: "stuck-worker", Phases: phases, Baseline: "shared/blocking", Rounds: rounds,
			Length: 4 * time.Second, Clients: 16, Rate: 400, Stall: time.Second,
		},
	}
	for _, t := range truths() {
		r.Arms = append(r.Arms, t.arm)
		for _, phase := range phases {
			for n := 1; n <= rounds; n++ {
				r.Rounds = append(r.Rounds, t.round(random, n, phase, moment))
			}
		}
	}
	r.Summarise()
	return r
}

func (t truth) round(random *rand.Rand, n int, phase string, moment float64) result.Round {
	wobble := func(x float64) float64 { return x * math.Exp(.04*random.NormFloat64()) }
	server, client, jain := wobble(26+t.master), wobble(18), .99
	r := result.Round{
		Round: n, Arm: t.arm.Name, Phase: phase, Workload: "hello", Scenario: "stuck-worker", Seconds: 4,
		Throughput: wobble(t.throughput), Conns: 1600, Requests: 1600, Errors: map[string]int{},
		Latency: result.Latency{N: 1600, P50: wobble(t.p50), P90: wobble(t.p50 * 1.6), P99: wobble(t.p50 * 4), Mean: wobble(t.p50), SD: 20},
		CPU:     result.CPU{Server: &server, Client: &client}, Jain: &jain, JainExpected: &jain, Workers: t.workers(random),
	}
	if t.master > 0 {
		master := wobble(t.master)
		r.CPU.Master = &master
	}
	if phase == result.Open {
		r.OfferedRate, r.Moment = 400, &moment
		if soon := .1; t.loses {
			r.Errors["reset"], r.Stalled = 60, 80
		} else {
			r.NormalAfter = &soon
		}
		r.Timeline = t.timeline(wobble, moment)
	}
	return r
}

func (t truth) workers(random *rand.Rand) (all []result.Worker) {
	for i := range t.arm.Workers {
		share := 1 / float64(t.arm.Workers)
		if t.shares != nil {
			share = t.shares[i]
		} else {
			share *= 1 + .15*random.NormFloat64()
		}
		slot := i
		if t.arm.Strategy == "peer" {
			slot = -1
		}
		all = append(all, result.Worker{Slot: slot, PID: 100 + i, Conns: int(1600 * share)})
	}
	return all
}

func (t truth) timeline(wobble func(float64) float64, moment float64) (all []result.Slice) {
	for i := range 40 {
		s := result.Slice{At: float64(i) / 10, Answered: 40, P50: wobble(t.p50), P99: wobble(t.p50 * 4)}
		if t.loses && s.At >= moment {
			s.Failed, s.P99 = 3, wobble(1e6)
		}
		if t.loses && i == 25 {
			s.Answered, s.P99 = 0, 0 // a gap
		}
		all = append(all, s)
	}
	return all
}
