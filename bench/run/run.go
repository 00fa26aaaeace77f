//go:build linux

// Package run carries out a plan: it starts servers, loads them, reads what that cost,
// and decides what is still missing.
package run

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"prefork/bench/load"
	"prefork/bench/result"
	"prefork/internal/kernel"
	"prefork/internal/subject"
)

// Task is a plan, and how that is done which the plan has but names for.
type Task struct {
	Plan        result.Plan
	Arms        []result.Arm
	Version     string // of the bench
	Environment result.Environment

	// Start starts an arm's server, by way of package subject.
	Start func(context.Context, result.Arm) (*subject.Server, error)
	// Order completes an order by what the workload asks for.
	Order func(*load.Order)
	// Strike does to a server under load what the scenario is about, and returns how to
	// undo it once the load has ended, nil if nothing is to be undone. It is nil where
	// nothing happens.
	Strike func(*subject.Server) (undo func(), err error)
}

// Progress is how far a run has come.
type Progress struct {
	Done, Total int // parts of rounds
	Round       int
	Rounds      int // of each phase
	Phase, Arm  string
	Left        time.Duration   // at the pace so far
	LeftOut     *result.LeftOut // an arm that is; then this is all that is told
}

// Run carries out a task; see bench.Run.
func Run(ctx context.Context, t Task, tell func(Progress)) (*result.Result, error) {
	// Children are sent a death signal when the thread that started them ends,
	// and those that a dead server leaves behind come to us.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := subject.Adopt(); err != nil {
		return nil, err
	}
	raiseFileLimit()
	r := newRun(t, tell)
	r.result = &result.Result{Schema: result.Schema, Version: t.Version, Seed: t.Plan.Seed, Started: time.Now().UTC(), Environment: t.Environment}
	for _, out := range t.Plan.LeftOut {
		r.leaveOut(out)
	}
	before, err := kernel.ReadMachine()
	if err != nil {
		return nil, err
	}
	err = r.all(ctx)
	if len(r.result.Rounds) == 0 && err != nil {
		return nil, err
	}
	if err != nil {
		r.result.Partial = briefly(err)
	}
	r.result.Arms = r.arms
	if after, err := kernel.ReadMachine(); err == nil {
		_, stolen := after.Since(before)
		r.result.Environment.StealPct = 100 * stolen
	}
	r.result.Plan = r.plan
	r.result.Summarise(rand.New(rand.NewPCG(t.Plan.Seed, summaryStream)))
	return r.result, err
}

// raiseFileLimit makes room for the sockets of many clients, as far as this user
// may; children inherit it.
func raiseFileLimit() {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil {
		limit.Cur = limit.Max
		_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
	}
}

// Streams of random numbers from the one seed, apart from those of package load.
const (
	orderStream   = 11
	summaryStream = 12
)

// run is a task being carried out.
type run struct {
	Task
	plan    result.Plan
	arms    []result.Arm
	threads int     // of the load generator
	rate    float64 // of the open loop; 0 until it is known
	tell    func(Progress)
	result  *result.Result

	random *rand.Rand
	began  time.Time
	done   int
	late   int // parts of rounds that missed their rate
}

func newRun(t Task, tell func(Progress)) *run {
	return &run{
		Task: t, plan: t.Plan, arms: t.Arms, threads: runtime.NumCPU(), rate: t.Plan.Rate, tell: tell,
		random: rand.New(rand.NewPCG(t.Plan.Seed, orderStream)),
	}
}

// steady reports whether nothing happens to the servers.
func (r *run) steady() bool { return r.Strike == nil }

// all is a trial of every arm, and then the phases.
func (r *run) all(ctx context.Context) error {
	if err := r.try(ctx); err != nil {
		return err
	}
	r.began = time.Now()
	for _, phase := range r.plan.Phases {
		if phase == result.Open && r.rate == 0 {
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
		result.VoidRound(round)
		r.result.Rounds = append(r.result.Rounds, round...)
		if r.late == len(round)*n { // for every arm: it is not the server's doing, nor chance
			return fmt.Errorf("%w of %.0f connections a second: %s; lower --rate", ErrRate, r.rate, r.reached(round))
		}
	}
	return nil
}

// reached is which rate the generator came to, at best.
func (r *run) reached(rounds []result.Round) string {
	best := 0.0
	for _, round := range rounds {
		best = max(best, float64(round.Conns)/round.Seconds)
	}
	if best == 0 {
		return fmt.Sprintf("it came to less than %.0f", 1/r.plan.Length.Seconds())
	}
	return fmt.Sprintf("it came to some %.0f", best)
}

func (r *run) round(ctx context.Context, phase string, n int) (round []result.Round, err error) {
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
	capacity := weakest(r.result.Valid(result.Closed))
	if capacity == 0 {
		return fmt.Errorf("%w in the closed loop, so there is no rate for the open one: give a --rate", ErrNothingValid)
	}
	r.rate = capacity * r.plan.Share
	return nil
}

// weakest is the connections a second of the arm that has the fewest, by the median
// of its rounds.
func weakest(rounds []result.Round) float64 {
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
