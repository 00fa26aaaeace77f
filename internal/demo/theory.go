//go:build linux

package demo

import (
	"math"

	"gonum.org/v1/gonum/stat/combin"
	"gonum.org/v1/gonum/stat/distuv"
)

// exactly is a number that chance has no part in.
func exactly(label string, got, want int, from string) Number {
	return Number{Label: label, Got: float64(got), Want: float64(want), Low: float64(want), High: float64(want), From: from}
}

// within is a number that may be off by a share of what is predicted.
func within(label string, got, want, share float64, digits int, from string) Number {
	return Number{Label: label, Got: got, Want: want, Low: want * (1 - share), High: want * (1 + share), Digits: digits, From: from}
}

// byChance is how many of n came out one way that each does with probability p.
func byChance(label string, got, n int, p float64, from string) Number {
	low, high := binomialBounds(n, p)
	return Number{Label: label, Got: float64(got), Want: float64(n) * p, Low: low, High: high, From: from}
}

// tail is how likely chance alone takes a number beyond each of its bounds.
const tail = 1e-5

// binomialBounds are the least and the most of n that are to be expected.
func binomialBounds(n int, p float64) (low, high float64) {
	b := distuv.Binomial{N: float64(n), P: p}
	for b.CDF(low) <= tail {
		low++
	}
	for high = float64(n); 1-b.CDF(high-1) <= tail; {
		high--
	}
	return low, high
}

// someEmpty is how likely one of k gets none of n that are thrown at random, by
// inclusion and exclusion over who does.
func someEmpty(n, k int) (p float64) {
	sign := 1.0
	for j := 1; j < k; j++ {
		p += sign * float64(combin.Binomial(k, j)) * math.Pow(1-float64(j)/float64(k), float64(n))
		sign = -sign
	}
	return p
}

// idleBesideQueue is how much of the time a worker is idle while a request waits
// for another, where n clients in a closed loop fall by chance to k workers with a
// queue each and exponential service. All ways to place n clients in k queues are
// equally likely (Gordon & Newell, 1967); with more clients than workers, one who
// has none means another who has two.
func idleBesideQueue(n, k int) float64 {
	return 1 - float64(combin.Binomial(n-1, k-1))/float64(combin.Binomial(n+k-1, k-1))
}

// leastChiSquare and mostChiSquare bound Pearson's statistic of fair dice: less is
// dealt in turn, and not thrown.
func leastChiSquare(dof int) float64 { return distuv.ChiSquared{K: float64(dof)}.Quantile(tail) }
func mostChiSquare(dof int) float64  { return distuv.ChiSquared{K: float64(dof)}.Quantile(1 - tail) }
