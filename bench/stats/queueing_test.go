package stats

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// Four workers and exponential service, to the digits that were computed by
// hand; the first two rows of Erlang C are in every table of it.
func TestWaits(t *testing.T) {
	for _, c := range []struct{ rho, shared, split, turn float64 }{
		{0.5, 0.0870, 1, 0.4325},
		{0.7, 0.3572, 2.3333, 1.2367},
		{0.8, 0.7455, 4, 2.2674},
		{0.9, 1.9694, 9, 5.383},
		{0.95, 4.4571, 19, 11.629},
	} {
		shared, err1 := ErlangCWait(4, c.rho)
		split, err2 := RandomSplitWait(c.rho, 1)
		turn, err3 := RoundRobinWait(4, c.rho)
		if err := errors.Join(err1, err2, err3); err != nil {
			t.Fatal(err)
		}
		near(t, "shared", shared, c.shared, 6e-5)
		near(t, "random split", split, c.split, 6e-5)
		near(t, "round robin", turn, c.turn, 6e-4)
	}
}

// One worker is M/M/1 whatever is said of its queue; fixed times halve the wait.
func TestWaitsOfOneWorker(t *testing.T) {
	for _, rho := range []float64{0, 0.3, 0.9, 0.999} {
		want := rho / (1 - rho)
		shared, _ := ErlangCWait(1, rho)
		turn, _ := RoundRobinWait(1, rho)
		fixed, _ := RandomSplitWait(rho, 0)
		near(t, "shared", shared, want, 1e-9*(1+want))
		near(t, "round robin", turn, want, 1e-9*(1+want))
		near(t, "fixed", fixed, want/2, 1e-9*(1+want))
	}
}

func TestSaturated(t *testing.T) {
	for _, rho := range []float64{1, 1.25} {
		_, err1 := ErlangCWait(4, rho)
		_, err2 := RandomSplitWait(rho, 1)
		_, err3 := RoundRobinWait(4, rho)
		for _, err := range []error{err1, err2, err3} {
			if !errors.Is(err, ErrSaturated) {
				t.Errorf("at %v: got %v, want ErrSaturated", rho, err)
			}
		}
	}
	near(t, "utilisation", Utilisation(1000, 5*time.Millisecond, 4), 1.25, 1e-12)
}

func TestSenselessQueues(t *testing.T) {
	_, err1 := ErlangCWait(0, 0.5)
	_, err2 := RandomSplitWait(-0.5, 1)
	_, err3 := RandomSplitWait(0.5, -1)
	_, err4 := RoundRobinWait(-1, 0.5)
	_, err5 := ClosedSplit(0, 4)
	_, err6 := ClosedShared(4, 0)
	for i, err := range []error{err1, err2, err3, err4, err5, err6} {
		if err == nil || errors.Is(err, ErrSaturated) {
			t.Errorf("case %d: got %v", i+1, err)
		}
	}
}

func TestClosedLoops(t *testing.T) {
	shared, _ := ClosedShared(8, 4)
	split, _ := ClosedSplit(8, 4)
	few, _ := ClosedShared(3, 4)
	near(t, "shared throughput", shared.Throughput, 4, 1e-12)
	near(t, "shared response", shared.Response, 2, 1e-12)
	near(t, "part that splitting leaves", split.Throughput/shared.Throughput, 8.0/11, 1e-12)
	near(t, "split response", split.Response, 11.0/4, 1e-12)
	near(t, "throughput of few", few.Throughput, 3, 1e-12)
	near(t, "response of few", few.Response, 1, 1e-12)
}

// simulate is the mean wait, in mean service times, of requests that choose
// sends to one of the workers, each first come, first served.
func simulate(service Service, rho float64, workers, requests int, choose func(free []time.Duration) int) float64 {
	rate := rho * float64(workers) / service.Mean().Seconds()
	arrivals, demands := seeded(1), seeded(2)
	free := make([]time.Duration, workers)
	var waited time.Duration
	served := 0
	for at := range Arrivals(rate, arrivals) {
		w := choose(free)
		start := max(at, free[w])
		waited += start - at
		free[w] = start + service.Draw(demands)
		if served++; served == requests {
			break
		}
	}
	return waited.Seconds() / float64(requests) / service.Mean().Seconds()
}

// The formulas, the arrivals and the service times agree with each other.
func TestFormulasAgainstSimulation(t *testing.T) {
	const rho, k, requests = 0.7, 4, 400_000
	// The rarer the slow ones, the longer until their share is what it should be.
	const more = 5 * requests
	random := seeded(3)
	next := 0
	// The one that is free first is what a shared queue comes to.
	first := func(free []time.Duration) int { return slices.Index(free, slices.Min(free)) }
	dice := func([]time.Duration) int { return random.IntN(k) }
	turn := func([]time.Duration) int { next++; return next % k }
	exponential, slowOnes := mustParse(t, "exp:5ms"), mustParse(t, "bimodal:1ms,20ms,5%")
	shared, _ := ErlangCWait(k, rho)
	split, _ := RandomSplitWait(rho, exponential.SCV())
	splitSlow, _ := RandomSplitWait(rho, slowOnes.SCV())
	inTurn, _ := RoundRobinWait(k, rho)
	near(t, "shared", simulate(exponential, rho, k, requests, first), shared, 0.03*shared)
	near(t, "split", simulate(exponential, rho, k, requests, dice), split, 0.03*split)
	near(t, "split, bimodal", simulate(slowOnes, rho, k, more, dice), splitSlow, 0.03*splitSlow)
	near(t, "round robin", simulate(exponential, rho, k, requests, turn), inTurn, 0.03*inTurn)
}

// Groups of workers lie between one queue and a queue each, and are those at the ends. Seven
// workers on three queues are three, two and two, of which each gets a third.
func TestGroups(t *testing.T) {
	const rho, k, requests = 0.7, 7, 400_000
	exponential := mustParse(t, "exp:5ms")
	for _, queues := range []int{1, 2, 3, 6, 7} {
		random := seeded(uint64(queues))
		// Worker i takes from queue i mod queues; its group's first to be free is next.
		group := func(free []time.Duration) int {
			best := random.IntN(queues)
			for i := best + queues; i < k; i += queues {
				if free[i] < free[best] {
					best = i
				}
			}
			return best
		}
		want, err := GroupsWait(k, queues, rho)
		if err != nil {
			t.Fatalf("%d queues: %v", queues, err)
		}
		near(t, fmt.Sprint(queues, " queues"), simulate(exponential, rho, k, requests, group), want, 0.04*want)
	}
	// Of four queues the last has one worker, for a quarter of the work of 4.9.
	if _, err := GroupsWait(k, 4, rho); !errors.Is(err, ErrSaturated) {
		t.Errorf("four queues for seven workers: %v", err)
	}
	one, _ := ErlangCWait(k, rho)
	all, _ := RandomSplitWait(rho, 1)
	first, _ := GroupsWait(k, 1, rho)
	last, _ := GroupsWait(k, k, rho)
	near(t, "one queue", first, one, 1e-9)
	near(t, "a queue each", last, all, 1e-9)
	for _, queues := range []int{0, -1, 8} {
		if _, err := GroupsWait(k, queues, rho); err == nil {
			t.Errorf("%d queues for %d workers have a wait", queues, k)
		}
	}
}

// A closed loop over split queues, played. Exponential times forget, so the
// next to finish is any of the busy workers, each as likely.
func TestClosedSplitAgainstSimulation(t *testing.T) {
	const clients, k, steps = 8, 4, 400_000
	random := seeded(1)
	queues := make([]int, k)
	for range clients {
		queues[random.IntN(k)]++
	}
	now := 0.0
	for range steps {
		busy := k - count(queues, 0)
		now += random.ExpFloat64() / float64(busy)
		queues[anyBusy(queues, random)]--
		queues[random.IntN(k)]++
	}
	want, _ := ClosedSplit(clients, k)
	near(t, "throughput", steps/now, want.Throughput, 0.01*want.Throughput)
}

func count(xs []int, x int) (n int) {
	for _, y := range xs {
		if x == y {
			n++
		}
	}
	return n
}

func anyBusy(queues []int, random *rand.Rand) int {
	for {
		if i := random.IntN(len(queues)); queues[i] > 0 {
			return i
		}
	}
}
