package result

import (
	"fmt"
	"time"

	"prefork/bench/stats"
)

// Theory is what queueing theory says of an arm.
type Theory struct {
	Model string        // in a few words
	Mean  time.Duration // of the answer from when it was due: the wait and the service
}

// InTheory is the mean answer of an arm in the open loop of workload work, where
// there is a formula for it: arrivals are random there, and service times are drawn
// and not the machine's. ok is false where there is none.
func (r *Result) InTheory(arm Arm) (t Theory, ok bool) {
	rate := r.offered()
	service, err := stats.ParseService(r.Plan.Service)
	if err != nil || r.Plan.Workload != "work" || r.Plan.Scenario != "steady" || arm.Concurrency != 1 || rate == 0 {
		return t, false
	}
	busy := stats.Utilisation(rate, service.Mean(), arm.Workers)
	var wait float64
	queues := arm.Flag("queues")
	switch exponential := service.SCV() == 1; {
	case arm.Strategy == "shared" && exponential:
		t.Model = "one queue, M/M/k"
		wait, err = stats.ErlangCWait(arm.Workers, busy)
	case arm.Flag("overlap") > 1:
		return t, false
	case arm.Strategy == "reuseport" && arm.Steer == "hash" && queues > 0 && queues != arm.Workers:
		if !exponential {
			return t, false
		}
		t.Model = fmt.Sprintf("%d queues, by chance, M/M/k", queues)
		wait, err = stats.GroupsWait(arm.Workers, queues, busy)
	case arm.Strategy == "reuseport" && arm.Steer == "hash":
		t.Model = "a queue each, by chance, M/G/1"
		wait, err = stats.RandomSplitWait(busy, service.SCV())
	case arm.Strategy == "reuseport" && arm.Steer == "round-robin" && exponential:
		t.Model = "a queue each, in turn, E_k/M/1"
		wait, err = stats.RoundRobinWait(arm.Workers, busy)
	default:
		return t, false
	}
	t.Mean = time.Duration((1 + wait) * float64(service.Mean()))
	return t, err == nil
}
