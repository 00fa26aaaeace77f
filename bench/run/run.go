//go:build linux

// Package run carries out a plan: it starts servers, loads them, reads what that cost,
// and decides what is still missing.
package run

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"prefork/bench/load"
	"prefork/bench/many"
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
	// Strike does to a server under load what the scenario is about. It is undone once
	// the load has ended. It is nil where nothing happens.
	Strike func(*subject.Server) (Blow, error)

	// Tried says that all arms are known to work: no trial is made.
	Tried bool
	// Capacity is the connections a second that the weakest arm is known to reach in a
	// closed loop; 0 is not known, and then it is sounded where a share of it is asked for.
	Capacity float64

	// Elsewhere, unless it is nil, does a part with clients on other machines; then Start is
	// not used. If it returns a *many.LostPart, the part is done again.
	Elsewhere func(context.Context, Errand) (result.Round, error)
}

// Errand is a part to be done on other machines.
type Errand struct {
	Part     Part
	Order    load.Order  // without an address
	Plan     result.Plan // of this part: a trial is shorter
	Peaceful bool        // nothing happens to the server
}

// Progress is how far a run has come.
type Progress struct {
	Done, Total int // parts of rounds
	Round       int
	Rounds      int // of each phase
	Phase, Arm  string
	Load        string        // of a load curve, as result.Round has it
	Left        time.Duration // at the pace so far
	Most        time.Duration // what is left of the budget, for what has to be done again
	Try         int           // from 1: how often this part is done
	Use         Use
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
	r := &run{
		Task: t, tell: tell, began: time.Now(), leftOut: slices.Clone(t.Plan.LeftOut),
		schedule: newSchedule(t.Plan, t.Arms, rand.New(rand.NewPCG(t.Plan.Seed, orderStream))),
	}
	r.schedule.tried, r.schedule.capacity = t.Tried, t.Capacity
	back, err := r.confine()
	if err != nil {
		return nil, err
	}
	defer back()
	for _, out := range r.leftOut {
		tell(Progress{LeftOut: &out})
	}
	before, err := kernel.ReadMachine()
	if err != nil {
		return nil, err
	}
	err = r.all(ctx)
	if len(r.schedule.rounds) == 0 && err != nil {
		return nil, err
	}
	found := r.found()
	if after, err := kernel.ReadMachine(); err == nil {
		_, stolen := after.Since(before)
		found.Environment.StealPct = 100 * stolen
	}
	if err != nil {
		found.Partial = briefly(err)
	}
	found.Summarise()
	return found, err
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
	tell     func(Progress)
	began    time.Time
	schedule *schedule
	leftOut  []result.LeftOut
}

// found is the result so far, without what is concluded from it.
func (r *run) found() *result.Result {
	return &result.Result{
		Schema: result.Schema, Version: r.Version, Seed: r.Plan.Seed, Started: r.began.UTC(), Environment: r.Environment,
		Plan: r.Plan, Arms: r.schedule.arms, LeftOut: r.leftOut,
		Rounds: r.schedule.rounds, Repeats: r.schedule.repeats, Short: r.schedule.short,
	}
}

// steady reports whether nothing happens to the servers.
func (r *run) steady() bool { return r.Strike == nil }

// all does one part after the other until nothing is missing.
func (r *run) all(ctx context.Context) error {
	for {
		part, ok := r.schedule.next(time.Since(r.began))
		if !ok {
			return nil
		}
		r.report(part)
		begun := time.Now()
		round, err := r.do(ctx, part)
		var lost *many.LostPart
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.As(err, &lost) && r.schedule.lose(lost.Why):
			continue
		case err != nil && part.Use == Trial && dispensable(part.Arm):
			r.leaveOut(part.Arm, err)
			continue
		case err != nil:
			return err
		}
		round.Load = part.Load // wherever the round was made
		r.schedule.done(round, time.Since(begun), time.Since(r.began))
		if err := r.hopeless(part); err != nil {
			return err
		}
	}
}

func (r *run) do(ctx context.Context, p Part) (result.Round, error) {
	if p.Use == Trial {
		return r.try(ctx, p)
	}
	return r.perform(ctx, p)
}

func (r *run) report(p Part) {
	parts, left := r.schedule.left()
	done := len(r.schedule.rounds)
	r.tell(Progress{
		Done: done, Total: done + parts, Round: p.Round, Rounds: max(r.Plan.Rounds, p.Round), Phase: p.Phase, Load: p.Load, Arm: p.Arm.Name,
		Left: left, Most: max(0, r.schedule.budget-time.Since(r.began)), Try: p.Try, Use: p.Use,
	})
}

// hopeless is an ErrRate once a round has shown that no arm gets the rate that the plan
// asks for, the lowest of a load curve's, though nobody else had the machine: it is not the
// server's doing, nor chance.
func (r *run) hopeless(last Part) error {
	if last.Use != Measurement || r.Plan.Rate == 0 || len(r.schedule.queue) > 0 {
		return nil
	}
	best, rate := 0.0, last.Rate
	for _, round := range r.schedule.rounds {
		if round.Phase != last.Phase || round.Disturbed() || !round.Late() {
			return nil
		}
		best, rate = max(best, float64(round.Conns)/round.Seconds), min(rate, round.OfferedRate)
	}
	reached := fmt.Sprintf("some %.0f", best)
	if best == 0 {
		reached = fmt.Sprintf("less than %.0f", 1/r.Plan.Length.Seconds())
	}
	return fmt.Errorf("%w of %.0f connections a second: it came to %s; lower --rate", ErrRate, rate, reached)
}
