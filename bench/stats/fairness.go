package stats

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Jain is the fairness index of shares, such as the connections of each worker:
// (Σx)²/(k·Σx²), from 1/k where one has all, to 1 where all have the same. If m
// of k have equal shares and the others none, it is m/k (Jain, Chiu & Hawe, "A
// Quantitative Measure of Fairness and Discrimination", DEC-TR-301, 1984). NaN
// where nothing was shared out.
func Jain(shares []int) float64 {
	var sum, squares float64
	for _, x := range shares {
		sum += float64(x)
		squares += float64(x) * float64(x)
	}
	return sum * sum / (float64(len(shares)) * squares)
}

// JainOfHash is the index to expect where each of n connections falls to one of
// k workers by chance: n/(n+k−1). A hash that reaches it is perfect, for all
// that it is not 1. It is n² over the mean of k·Σx², which for multinomial
// counts is n²+n(k−1); the mean of the index is a little higher (by Jensen's
// inequality: 0.754 and not 0.727 for n=8, k=4).
func JainOfHash(n, k int) float64 {
	return float64(n) / float64(n+k-1)
}

// MaxShare is the part of the whole, 0 to 1, that the busiest has. NaN where
// nothing was shared out.
func MaxShare(shares []int) float64 {
	if len(shares) == 0 {
		return math.NaN()
	}
	sum := 0.0
	for _, x := range shares {
		sum += float64(x)
	}
	return float64(slices.Max(shares)) / sum
}

// ChiSquare is Pearson's test of whether shares differ by chance alone.
type ChiSquare struct {
	// Statistic is Σ(x−n/k)²/(n/k).
	Statistic float64
	// DOF are the degrees of freedom, k−1.
	DOF int
	// P is how often chance would spread them as unevenly or worse, 0 to 1. A
	// P that is nearly 1 is telling too: dealt in turn, not thrown.
	P float64
	// Rough says that fewer than 5 are expected for each, where the
	// distribution of the statistic is not yet near to χ² (Cochran's rule).
	Rough bool
}

// EqualShares tests whether counts come from throwing each one at random, every
// place being as likely (Pearson, 1900). Statistic and P are NaN where there is
// nothing to test: fewer than two places, or nothing counted.
func EqualShares(counts []int) ChiSquare {
	k, n := len(counts), 0
	for _, x := range counts {
		n += x
	}
	if k < 2 || n == 0 {
		return ChiSquare{Statistic: math.NaN(), DOF: max(k-1, 0), P: math.NaN(), Rough: true}
	}
	expected := float64(n) / float64(k)
	statistic := 0.0
	for _, x := range counts {
		d := float64(x) - expected
		statistic += d * d / expected
	}
	return ChiSquare{
		Statistic: statistic,
		DOF:       k - 1,
		P:         distuv.ChiSquared{K: float64(k - 1)}.Survival(statistic),
		Rough:     expected < 5,
	}
}

// EqualSharesOf is EqualShares of several rounds together, each of which deals anew: the
// statistics and their degrees of freedom add up. Rounds with nothing to test are left out.
func EqualSharesOf(rounds [][]int) ChiSquare {
	all := ChiSquare{Statistic: math.NaN(), P: math.NaN(), Rough: true}
	for _, counts := range rounds {
		one := EqualShares(counts)
		switch {
		case math.IsNaN(one.Statistic):
		case math.IsNaN(all.Statistic):
			all = one
		default:
			all.Statistic, all.DOF, all.Rough = all.Statistic+one.Statistic, all.DOF+one.DOF, all.Rough || one.Rough
		}
	}
	if all.DOF > 0 && !math.IsNaN(all.Statistic) {
		all.P = distuv.ChiSquared{K: float64(all.DOF)}.Survival(all.Statistic)
	}
	return all
}
