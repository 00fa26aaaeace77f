package result

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// truth is what an arm really is, as multiples of the baseline.
type truth struct {
	arm        Arm
	throughput float64
	cpu        float64
	latency    float64 // of the median
	tail       float64 // of p99, beyond latency
	master     float64 // µs a connection
	wakeups    float64
	dice       bool // connections fall to workers by chance
}

// steadyTruths are three strategies and the baseline's twin.
func steadyTruths() []truth {
	return []truth{
		{arm: Arm{Name: "shared/blocking", Strategy: "shared", Accept: "blocking", Workers: 4, Concurrency: 1}, throughput: 1, cpu: 1, latency: 1, tail: 1, wakeups: 1},
		{arm: Arm{Name: "reuseport/hash", Strategy: "reuseport", Accept: "blocking", Steer: "hash", Workers: 4, Concurrency: 1}, throughput: 1.002, cpu: 0.995, latency: 1, tail: 2.6, wakeups: 0.97, dice: true},
		{arm: Arm{Name: "dispatch/round-robin", Strategy: "dispatch", Policy: "round-robin", Workers: 4, Concurrency: 1}, throughput: 0.62, cpu: 1.92, latency: 1.45, tail: 1.3, master: 23, wakeups: 2.02},
		{arm: Arm{Name: "shared/blocking#2", Strategy: "shared", Accept: "blocking", Workers: 4, Concurrency: 1, Control: true}, throughput: 1, cpu: 1, latency: 1, tail: 1, wakeups: 1},
	}
}

// simulated is a result in which the truth is known: so many rounds in which the
// machine is faster or slower for all arms (by 6 %), and each is off by 2 %.
func simulated(truths []truth, rounds int, seed uint64) *Result {
	random := rand.New(rand.NewPCG(seed, 1))
	r := &Result{
		Schema: Schema, Version: "v0.0.0-simulated", Seed: seed,
		Started: time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC),
		Environment: Environment{
			Kernel: "6.18.0", CPUs: 2, CPUModel: "Simulated CPU @ 2.5 GHz", Go: "go1.26.0",
			Sysctls: map[string]string{"net.core.somaxconn": "4096", "net.ipv4.tcp_migrate_req": "0"},
			LoadAvg: 0.31, StealPct: 0.2,
		},
		Plan: Plan{
			Workload: "hello", Scenario: "steady", Phases: []string{Closed, Open}, Baseline: truths[0].arm.Name,
			Rounds: rounds, Length: 700 * time.Millisecond, Warmup: 100 * time.Millisecond,
			Timeout: 5 * time.Second, Stall: time.Second, Clients: 16, Share: 0.5,
		},
	}
	for _, t := range truths {
		r.Arms = append(r.Arms, t.arm)
	}
	for _, phase := range r.Plan.Phases {
		for n := 1; n <= rounds; n++ {
			speed := near(random, 0.06)
			for _, i := range random.Perm(len(truths)) {
				r.Rounds = append(r.Rounds, simulatedRound(truths[i], n, phase, speed, random))
			}
		}
	}
	r.Summarise()
	return r
}

func near(random *rand.Rand, sd float64) float64 { return math.Exp(sd * random.NormFloat64()) }

const simulatedRate = 9_000.0

func simulatedRound(t truth, n int, phase string, speed float64, random *rand.Rand) Round {
	own := func() float64 { return near(random, 0.02) }
	round := Round{
		Round: n, Arm: t.arm.Name, Phase: phase, Workload: "hello", Scenario: "steady", Seconds: 0.7,
		Errors: map[string]int{}, Throughput: 30_000 * t.throughput * speed * own(), MaxOpen: 16,
	}
	median := 480 * t.latency / t.throughput / speed * own()
	if phase == Open {
		round.Throughput, round.OfferedRate, round.MaxOpen = simulatedRate*near(random, 0.005), simulatedRate, 9
		median = 95 * t.latency / speed * own()
		lag := 40 / speed * own()
		round.ScheduleLagP99 = &lag
	}
	round.Conns = int(round.Throughput * round.Seconds)
	round.Requests = round.Conns
	round.Latency = simulatedLatency(round.Conns, median, 3.1*t.tail*near(random, 0.05))
	round.Service = simulatedLatency(round.Conns, median*0.97, 2.9*t.tail*near(random, 0.05))
	round.Connect = simulatedLatency(round.Conns, median*0.4, 2.5)
	round.CPU = CPU{Server: at(27.1 * t.cpu / speed * own()), Client: at(21 / speed * own())}
	if t.master > 0 {
		round.CPU.Master = at(t.master / speed * own())
	}
	round.Wakeups = at(t.wakeups * own())
	peak := 2 + random.IntN(3)
	round.QueuePeak = &peak
	dealt(&round, t, random)
	return round
}

func at(x float64) *float64 { return &x }

// simulatedLatency has a p99 that is tail times the median.
func simulatedLatency(n int, median, tail float64) Latency {
	return Latency{
		N: n, Min: median * 0.5, P50: median, P90: median * (1 + (tail-1)*0.3), P99: median * tail,
		Max: median * tail * 2.4, Mean: median * (1 + (tail-1)*0.1), SD: median * (tail - 1) * 0.35,
	}
}

// dealt spreads the connections over the workers, by chance or in turn.
func dealt(round *Round, t truth, random *rand.Rand) {
	k := t.arm.Workers
	conns := make([]int, k)
	for i := range round.Conns {
		if t.dice {
			conns[random.IntN(k)]++
		} else {
			conns[i%k]++
		}
	}
	var squares, most float64
	for slot, n := range conns {
		squares += float64(n) * float64(n)
		most = max(most, float64(n))
		round.Workers = append(round.Workers, Worker{Slot: slot, PID: 4243 + slot, Conns: n})
	}
	total := float64(round.Conns)
	round.Jain = at(total * total / (float64(k) * squares))
	round.JainExpected = at(total / (total + float64(k) - 1))
	round.ChiSquareP = at(1)
	round.MaxShare = at(most / total)
	if t.dice {
		round.ChiSquareP = at(0.02 + 0.96*random.Float64())
	}
}

// stuck is a result of the scenario stuck-worker, open loop alone: a worker is
// stopped 2 s into 6 s. Under shared nothing happens; under reuseport and
// dispatch every fourth connection waits.
func stuck(rounds int, seed uint64) *Result {
	r := simulated(steadyTruths(), rounds, seed)
	r.Plan.Scenario, r.Plan.Phases, r.Plan.Length = "stuck-worker", []string{Open}, 6*time.Second
	r.Plan.Rate, r.Plan.Share = 400, 0
	random := rand.New(rand.NewPCG(seed, 3))
	open := r.In(Open)
	r.Rounds = nil
	for _, round := range open {
		strike(&round, random)
		r.Rounds = append(r.Rounds, round)
	}
	r.Summarise()
	return r
}

const strikeAt, strikeEnd = 2.0, 6.0

func strike(round *Round, random *rand.Rand) {
	round.Scenario, round.Seconds, round.OfferedRate, round.Throughput = "stuck-worker", strikeEnd, 400, 400
	round.Conns, round.Requests, round.Latency.N, round.Moment = 2400, 2400, 2400, at(strikeAt)
	hit := round.Arm == "reuseport/hash" || round.Arm == "dispatch/round-robin"
	median := round.Latency.P50
	for i := range int(strikeEnd * 10) {
		s := Slice{At: float64(i) / 10, Answered: 36 + random.IntN(9), P50: median * near(random, 0.05), P99: 3.2 * median * near(random, 0.2)}
		if hit && s.At >= strikeAt {
			waiting := s.Answered/4 + random.IntN(3) - 1
			s.Answered -= waiting
			s.Failed, s.Stalled = waiting, waiting
			round.Stalled += waiting
			s.P99 = min(1e6*(0.8+0.1*float64(i-20)), 3.9e6) * near(random, 0.05)
		}
		round.Timeline = append(round.Timeline, s)
	}
	if !hit {
		round.NormalAfter = at(0)
		return
	}
	round.Errors = map[string]int{"late": round.Stalled / 3}
	round.Conns -= round.Lost()
	round.Requests = round.Conns
	round.Latency = simulatedLatency(round.Conns, median, 3.4e6/median*near(random, 0.03))
}

// spoilt is a doubt of all that a round has.
func spoilt(reason string) []Doubt { return []Doubt{{Reason: reason, Spoils: metricNames()}} }

// isDifferent reports whether a verdict claims a difference.
func isDifferent(verdict string) bool {
	return slices.Contains([]string{Better, Worse, Higher, Lower}, verdict)
}
