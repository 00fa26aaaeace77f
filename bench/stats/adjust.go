package stats

import (
	"cmp"
	"slices"
)

// strict is the largest family of comparisons in which no claim at all may be wrong
// with more than 5 % probability. In a larger one that would let little be found,
// and the share of wrong claims is held to 5 % instead.
const strict = 10

// Adjust corrects the p-values of a family of comparisons for there being several:
// an adjusted one below 0.05 is a claim. Up to ten are corrected by Holm's method
// ("A Simple Sequentially Rejective Multiple Test Procedure", 1979): the probability
// of any wrong claim is at most 5 %, however they hang together. More are corrected
// by Benjamini & Hochberg's ("Controlling the False Discovery Rate", 1995): of all
// claims 5 % are wrong, in the mean, and where nothing differs, a wrong claim is
// again made in 5 % of runs. That arms share one baseline does no harm there
// (TestFamilyError).
func Adjust(ps []float64) []float64 {
	if len(ps) > strict {
		return benjaminiHochberg(ps)
	}
	return holm(ps)
}

func holm(ps []float64) []float64 {
	adjusted := make([]float64, len(ps))
	least := 0.0
	for rank, i := range ascending(ps) {
		least = max(least, min(1, ps[i]*float64(len(ps)-rank)))
		adjusted[i] = least
	}
	return adjusted
}

func benjaminiHochberg(ps []float64) []float64 {
	adjusted := make([]float64, len(ps))
	most := 1.0
	for rank, i := range slices.Backward(ascending(ps)) {
		most = min(most, ps[i]*(float64(len(ps))/float64(rank+1)))
		adjusted[i] = most
	}
	return adjusted
}

// ascending are the indices of ps, from the smallest p on.
func ascending(ps []float64) []int {
	order := make([]int, len(ps))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(ps[i], ps[j]) })
	return order
}
