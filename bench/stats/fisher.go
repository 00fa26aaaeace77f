package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/combin"
)

// fisher is the two-sided p-value of Fisher's exact test: of all the ways to deal
// the harmed ones to two samples of these sizes, the probability of those that are
// no more likely than what was seen.
func fisher(a, b Count) float64 {
	harmed := a.Harmed + b.Harmed
	logProbability := func(k int) float64 {
		return logWays(a.Of, k) + logWays(b.Of, harmed-k) - logWays(a.Of+b.Of, harmed)
	}
	seen, p := logProbability(a.Harmed), 0.0
	for k := max(0, harmed-b.Of); k <= min(harmed, a.Of); k++ {
		if other := logProbability(k); other <= seen+1e-7 {
			p += math.Exp(other)
		}
	}
	return min(1, p)
}

// logWays is the logarithm of the number of ways to choose k of n.
func logWays(n, k int) float64 { return combin.LogGeneralizedBinomial(float64(n), float64(k)) }
