//go:build linux

package bench

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"prefork/bench/load"
	"prefork/internal/proctree"
	"prefork/internal/subject"
)

// Progress is how far a run has come.
type Progress struct {
	Done, Total int // parts of rounds
	Round       int
	Rounds      int // of each phase
	Phase, Arm  string
	Left        time.Duration // at the pace so far
	LeftOut     *LeftOut      // an arm that is; then this is all that is told
}

// Run carries out a plan and returns what it found; with an error too, if it was
// cut short after the first round. It leaves no process behind.
//
// Servers and load generators are this binary run again, so package cli's Worker
// must come first in main.
func Run(ctx context.Context, p Plan, arms []Arm, version string, tell func(Progress)) (*Result, error) {
	// Children are sent a death signal when the thread that started them ends,
	// and those that a dead server leaves behind come to us.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := subject.Adopt(); err != nil {
		return nil, err
	}
	raiseFileLimit()
	r, err := newRun(p, arms, tell)
	if err != nil {
		return nil, err
	}
	r.result = &Result{Schema: Schema, Version: version, Seed: p.Seed, Started: time.Now().UTC(), Environment: readEnvironment()}
	for _, out := range p.LeftOut {
		r.leaveOut(out)
	}
	before := proctree.ReadMachine()
	err = r.all(ctx)
	if len(r.result.Rounds) == 0 && err != nil {
		return nil, err
	}
	if err != nil {
		r.result.Partial = briefly(err)
	}
	r.result.Arms = r.arms
	_, stolen := proctree.ReadMachine().Since(before)
	r.result.Environment.StealPct = 100 * stolen
	r.result.Plan = r.plan
	r.result.Summarise(rand.New(rand.NewPCG(p.Seed, summaryStream)))
	return r.result, err
}

// Streams of random numbers from the one seed, apart from those of package load.
const (
	orderStream   = 11
	summaryStream = 12
)

// run is a plan being carried out.
type run struct {
	plan     Plan
	workload Workload
	scenario Scenario
	arms     []Arm
	threads  int     // of the load generator
	rate     float64 // of the open loop; 0 until it is known
	tell     func(Progress)
	result   *Result

	random *rand.Rand
	began  time.Time
	done   int
	late   int // parts of rounds that missed their rate
}

func newRun(p Plan, arms []Arm, tell func(Progress)) (*run, error) {
	w, err := LookupWorkload(p.Workload)
	if err != nil {
		return nil, err
	}
	s, err := LookupScenario(p.Scenario)
	if err != nil {
		return nil, err
	}
	return &run{
		plan: p, workload: w, scenario: s, arms: arms, threads: runtime.NumCPU(), rate: p.Rate, tell: tell,
		random: rand.New(rand.NewPCG(p.Seed, orderStream)),
	}, nil
}

// all is a trial of every arm, and then the phases.
func (r *run) all(ctx context.Context) error {
	if err := r.try(ctx); err != nil {
		return err
	}
	r.began = time.Now()
	for _, phase := range r.plan.Phases {
		if phase == Open && r.rate == 0 {
			if err := r.chooseRate(); err != nil {
				return err
			}
		}
		if err := r.rounds(ctx, phase); err != nil {
			return err
		}
	}
	return nil
}

// rounds are those of one phase: each has every arm once, in random order.
func (r *run) rounds(ctx context.Context, phase string) error {
	for n := 1; n <= r.plan.Rounds; n++ {
		round, err := r.round(ctx, phase, n)
		if err != nil {
			return err
		}
		voidRound(round)
		r.result.Rounds = append(r.result.Rounds, round...)
		if r.late == len(round)*n { // for every arm: it is not the server's doing, nor chance
			return fmt.Errorf("%w of %.0f connections a second: %s; lower --rate", ErrRate, r.rate, r.reached(round))
		}
	}
	return nil
}

// reached is which rate the generator came to, at best.
func (r *run) reached(rounds []Round) string {
	best := 0.0
	for _, round := range rounds {
		best = max(best, float64(round.Conns)/round.Seconds)
	}
	if best == 0 {
		return fmt.Sprintf("it came to less than %.0f", 1/r.plan.Length.Seconds())
	}
	return fmt.Sprintf("it came to some %.0f", best)
}

func (r *run) round(ctx context.Context, phase string, n int) (round []Round, err error) {
	for _, i := range r.random.Perm(len(r.arms)) {
		r.report(phase, n, r.arms[i].Name)
		one, err := part{run: r, arm: r.arms[i], phase: phase, round: n}.measure(ctx)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil {
			return nil, err
		}
		round = append(round, one)
		r.done++
	}
	return round, nil
}

func (r *run) report(phase string, n int, arm string) {
	total := r.plan.Rounds * len(r.plan.Phases) * len(r.arms)
	left := time.Duration(total-r.done) * (r.plan.Warmup + r.plan.Length + roughOverhead)
	if r.done > 0 {
		left = time.Since(r.began) / time.Duration(r.done) * time.Duration(total-r.done)
	}
	r.tell(Progress{Done: r.done, Total: total, Round: n, Rounds: r.plan.Rounds, Phase: phase, Arm: arm, Left: left})
}

// roughOverhead is about what it takes to start and end a server.
const roughOverhead = 150 * time.Millisecond

// chooseRate takes the planned share of what the weakest arm reached: at one rate
// for all, latencies can be compared.
func (r *run) chooseRate() error {
	capacity := weakest(r.result.Valid(Closed))
	if capacity == 0 {
		return fmt.Errorf("%w in the closed loop, so there is no rate for the open one: give a --rate", ErrNothingValid)
	}
	r.rate = capacity * r.plan.Share
	return nil
}

// weakest is the connections a second of the arm that has the fewest, by the median
// of its rounds.
func weakest(rounds []Round) float64 {
	rates := map[string][]float64{}
	for _, round := range rounds {
		rates[round.Arm] = append(rates[round.Arm], float64(round.Conns)/round.Seconds)
	}
	least := math.Inf(1)
	for _, of := range rates {
		slices.Sort(of)
		least = min(least, of[len(of)/2])
	}
	if math.IsInf(least, 1) {
		return 0
	}
	return least
}

// order is what the load generator is to do in a phase.
func (r *run) order(phase string) load.Order {
	p := r.plan
	o := load.Order{
		Warmup: p.Warmup, Length: p.Length, Timeout: p.Timeout, Stall: p.Stall, Slice: r.slice(),
		Service: p.Service, Spin: p.Spin, FIN: p.FIN, Threads: 1,
	}
	if phase == Closed {
		o.Clients, o.Threads = p.Clients, min(r.threads, p.Clients)
	} else {
		o.Rate = r.rate
	}
	if p.FIN {
		o.Sources = finSources
	}
	r.workload.order(p, &o)
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
	if r.scenario.steady() {
		return 0
	}
	return max(50*time.Millisecond, r.plan.Length/100)
}
