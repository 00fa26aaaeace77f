package stats

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// ErrSaturated says that work arrives as fast as it can be done, or faster.
var ErrSaturated = errors.New("the queue would grow without end")

// Utilisation is the share of their time, 0 to 1, that workers are busy with
// rate arrivals a second that take service each on average. At 1 and above no
// queue settles.
func Utilisation(rate float64, service time.Duration, workers int) float64 {
	return rate * service.Seconds() / float64(workers)
}

// ErlangCWait is the mean wait before service, in units of the mean service
// time, in one queue before some workers (M/M/k), from the probability of
// having to wait at all: Erlang's C, by the recursion over his B (Erlang, 1917;
// Kleinrock, "Queueing Systems" vol. 1, 1975, section 3.5).
func ErlangCWait(workers int, utilisation float64) (float64, error) {
	if err := stable(workers, utilisation); err != nil {
		return 0, err
	}
	k := float64(workers)
	offered, blocked := k*utilisation, 1.0
	for j := range workers {
		blocked = offered * blocked / (float64(j+1) + offered*blocked)
	}
	waits := blocked / (1 - utilisation + utilisation*blocked)
	return waits / (k * (1 - utilisation)), nil
}

// RandomSplitWait is the mean wait before service, in units of the mean service
// time, where each arrival falls by chance to one of any number of workers with
// a queue each (M/G/1): ρ/(1−ρ)·(1+c²)/2. The c² is the squared coefficient of
// variation of the service time, Service.SCV: 0 where it is fixed, 1 where it
// is exponential (Pollaczek, 1930; Khinchine, 1932; Kleinrock, vol. 1, section
// 5.6).
func RandomSplitWait(utilisation, scv float64) (float64, error) {
	if err := stable(1, utilisation); err != nil {
		return 0, err
	}
	if !(scv >= 0) {
		return 0, fmt.Errorf("squared coefficient of variation %v: give 0 or more", scv)
	}
	return utilisation / (1 - utilisation) * (1 + scv) / 2, nil
}

// GroupsWait is the mean wait before service, in units of the mean service time, where
// each arrival falls by chance to one of some queues and the service time is exponential.
// Workers are dealt to the queues in turn, so that some may have one more than others; the
// queues are alike (M/M/k each, for a part of a Poisson stream is one too).
func GroupsWait(workers, queues int, utilisation float64) (float64, error) {
	if queues < 1 || queues > workers {
		return 0, fmt.Errorf("%d queues for %d workers: give each queue a worker", queues, workers)
	}
	sum := 0.0
	for queue := range queues {
		its := (workers - queue + queues - 1) / queues
		wait, err := ErlangCWait(its, utilisation*float64(workers)/float64(queues*its))
		if err != nil {
			return 0, err
		}
		sum += wait
	}
	return sum / float64(queues), nil
}

// RoundRobinWait is the mean wait before service, in units of the mean service
// time, where workers with a queue each are given arrivals in turn and the
// service time is exponential. A worker then sees every k-th arrival of a
// Poisson stream (E_k/M/1), so W = σ/(1−σ) where σ solves
// σ = (kρ/(kρ+1−σ))^k (Kleinrock, vol. 1, chapter 6, for G/M/1).
func RoundRobinWait(workers int, utilisation float64) (float64, error) {
	if err := stable(workers, utilisation); err != nil {
		return 0, err
	}
	k := float64(workers)
	arrivals := k * utilisation
	// The right side less the left is convex in σ, above 0 at σ = 0, and 0 at
	// the wanted root and at 1: bisect on its sign.
	low, high := 0.0, 1.0
	for range 60 {
		sigma := (low + high) / 2
		if math.Pow(arrivals/(arrivals+1-sigma), k) > sigma {
			low = sigma
		} else {
			high = sigma
		}
	}
	return low / (1 - low), nil
}

func stable(workers int, utilisation float64) error {
	switch {
	case workers < 1:
		return fmt.Errorf("%d workers: give at least 1", workers)
	case !(utilisation >= 0):
		return fmt.Errorf("utilisation %v: give 0 or more", utilisation)
	case utilisation >= 1:
		return fmt.Errorf("utilisation %.3g: %w (it must be under 1: lower the rate, shorten the service or add workers)",
			utilisation, ErrSaturated)
	}
	return nil
}

// ClosedLoop is what clients get that each send a request, wait for the answer
// and at once send the next.
type ClosedLoop struct {
	// Throughput is in requests per mean service time: divided by the mean
	// service time in seconds, in requests a second.
	Throughput float64
	// Response is the mean time from request to answer, in mean service times.
	Response float64
}

// ClosedShared is a closed loop over workers that share one queue. With at
// least as many clients as workers none of these is ever idle: X = k/S and
// R = N·S/k; with fewer nobody waits. It holds for any service time, by
// Little's law.
func ClosedShared(clients, workers int) (ClosedLoop, error) {
	return closed(clients, workers, float64(min(clients, workers)))
}

// ClosedSplit is a closed loop where each request falls by chance to one of
// workers that have a queue each and take exponential times:
// X = (k/S)·N/(N+k−1), R = S(N+k−1)/k. All ways to place N clients in k queues
// are equally likely, and N/(N+k−1) of them leave a given queue not empty
// (Gordon & Newell, "Closed Queuing Systems with Exponential Servers", 1967).
func ClosedSplit(clients, workers int) (ClosedLoop, error) {
	n, k := float64(clients), float64(workers)
	return closed(clients, workers, k*n/(n+k-1))
}

// closed gets the response time by Little's law, N = X·R.
func closed(clients, workers int, throughput float64) (ClosedLoop, error) {
	if clients < 1 || workers < 1 {
		return ClosedLoop{}, fmt.Errorf("%d clients of %d workers: give at least 1 of each", clients, workers)
	}
	return ClosedLoop{Throughput: throughput, Response: float64(clients) / throughput}, nil
}
