//go:build linux

package bench

import (
	"context"
	"slices"
	"time"

	"prefork/bench/result"
	"prefork/bench/run"
)

// Question is a short trial that helps to choose a strategy: a load, and the one number
// of it that decides.
type Question struct {
	Name   string // of its row in the answer, and in docs/choosing.md
	Metric string
	Loses  string // what an arm does that comes out worse, {} being by how much

	workload string // of the built-in worker
	scenario string
	phase    string
	stall    time.Duration

	// In an open loop there are so many connections a second for each worker, or requests
	// of all sizes that keep the workers busy for such a share of their time. A program, of
	// which nobody knows what it bears, gets a share of what it reached.
	each, busy, share float64

	quick, usual asking
}

// asking is how often, and for how long.
type asking struct {
	rounds         int
	length, warmup time.Duration
}

// Questions are those that decide.
var Questions = []Question{
	{
		Name: "cheap requests", Metric: "cpu_server", Loses: "costs {} more processor time for a cheap request",
		workload: "hello", scenario: "steady", phase: result.Closed,
		quick: asking{6, 150 * time.Millisecond, 50 * time.Millisecond},
		usual: asking{10, 300 * time.Millisecond, 100 * time.Millisecond},
	},
	{
		Name: "uneven requests, p99", Metric: "p99", Loses: "has the slowest 1 % of uneven requests wait {} longer",
		workload: "work", scenario: "steady", phase: result.Open, busy: 0.7, share: 0.7,
		quick: asking{6, 200 * time.Millisecond, 50 * time.Millisecond},
		usual: asking{10, 600 * time.Millisecond, 150 * time.Millisecond},
	},
	{
		Name: "one worker stuck", Metric: "stalled", Loses: "has {} wait when one worker is stuck",
		workload: "hello", scenario: "stuck-worker", phase: result.Open, each: 100, share: 0.3, stall: 200 * time.Millisecond,
		quick: asking{2, 450 * time.Millisecond, 50 * time.Millisecond},
		usual: asking{4, 900 * time.Millisecond, 100 * time.Millisecond},
	},
}

// MoreArms may be asked of besides DefaultArms.
var MoreArms = []string{"shared/exclusive", "reuseport/least-loaded"}

// Asking is of what to ask, and how.
type Asking struct {
	Command  string // a program as worker; "" for the built-in ones
	Workload string // of a program: http or hello
	Workers  int
	Quick    bool
	More     bool
	Seed     uint64
}

// plan is that of a question, and its arms.
func (q Question) plan(a Asking, names []string) (result.Plan, []result.Arm, error) {
	workload, how := q.workload, q.usual
	if a.Command != "" {
		workload = a.Workload
	}
	if a.Quick {
		how = q.quick
	}
	p, err := Defaults(workload, q.scenario, Usual)
	if err != nil {
		return p, nil, err
	}
	p.Rounds, p.Length, p.Warmup, p.Seed = how.rounds, how.length, how.warmup, a.Seed
	p.Phases = []string{q.phase}
	if q.stall > 0 {
		p.Stall = q.stall
	}
	switch {
	case a.Command != "":
		p.Share = q.share
	case q.busy > 0:
		p.Rate, p.Service = uneven(q.busy, a.Workers)
	default:
		p.Rate = q.each * float64(a.Workers)
	}
	return Prepare(p, Selection{Arms: names, Command: a.Command, Workers: []int{a.Workers}})
}

// A request of the usual number of workers takes 3 ms in the mean. Fewer workers get shorter
// ones, as it takes a thousand answers to tell a p99; more get longer ones, so that it is not
// the processors that requests wait for.
const (
	usualDemand  = 3 * time.Millisecond
	fewestAsked  = 930.0 // a second
	highestAsked = 2000.0
)

// uneven is a load of requests of all sizes that keeps so many workers busy for a share of
// their time.
func uneven(busy float64, workers int) (rate float64, service string) {
	work := busy * float64(workers)
	rate = min(max(work/usualDemand.Seconds(), fewestAsked), highestAsked)
	mean := time.Duration(work / rate * float64(time.Second))
	return rate, "exp:" + mean.Round(10*time.Microsecond).String()
}

// Choose asks all questions, one after the other. The arms are those of which all could
// be asked. tell is that of Run.
func Choose(ctx context.Context, a Asking, version string, tell func(Progress)) (arms []result.Arm, asked []result.Asked, found []*result.Result, err error) {
	names := a.names()
	for _, q := range Questions {
		t, err := q.task(a, names, version, found)
		if err != nil {
			return nil, nil, found, err
		}
		r, err := run.Run(ctx, t, tell)
		if err != nil {
			return nil, nil, found, err
		}
		found = append(found, r)
		names = slices.DeleteFunc(names, func(name string) bool { return !had(r, name) })
	}
	for _, arm := range found[len(found)-1].Arms {
		if !arm.Control {
			arms = append(arms, arm)
		}
	}
	for i, q := range Questions {
		asked = append(asked, result.Asked{
			Name: q.Name, Cells: found[i].Ask(q.Metric, armNames(arms)), Waiting: q.Metric == "stalled", Loses: q.Loses,
		})
	}
	return arms, asked, found, nil
}

// task is a question for the arms that are left, and what those before it have found out:
// that the arms work, and what a program bears.
func (q Question) task(a Asking, names []string, version string, found []*result.Result) (run.Task, error) {
	p, arms, err := q.plan(a, names)
	if err != nil {
		return run.Task{}, err
	}
	t, err := task(p, arms, version)
	if len(found) > 0 {
		t.Tried = true
		t.Capacity = capacity(found[0])
	}
	return t, err
}

// capacity is the connections a second of the weakest arm in the closed loop.
func capacity(r *result.Result) (least float64) {
	for _, arm := range r.Arms {
		if s, ok := r.SummaryOf(arm.Name, result.Closed, "throughput"); ok && (least == 0 || s.Median < least) {
			least = s.Median
		}
	}
	return least
}

// names are those of the arms to ask of, which are left out where they cannot be had.
func (a Asking) names() (names []string) {
	all := DefaultArms
	if a.More {
		all = slices.Concat(all, MoreArms)
	}
	for _, name := range all {
		names = append(names, name+"?")
	}
	return names
}

// had reports whether a run was of an arm, as it was asked for.
func had(r *result.Result, name string) bool {
	arm, err := ParseArm(name)
	return err == nil && slices.ContainsFunc(r.Arms, func(a result.Arm) bool {
		return a.Strategy == arm.Strategy && a.Steer == arm.Steer && a.Policy == arm.Policy && (a.Command != "" || a.Accept == arm.Accept)
	})
}
