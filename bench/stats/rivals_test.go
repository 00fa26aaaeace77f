package stats

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"gonum.org/v1/gonum/stat/combin"
)

// The tests that Student's was chosen among. Each gives the two-sided p-value for the
// differences ds having their middle at 0.
var rivals = []struct {
	name string
	p    func(ds []float64) float64
}{
	{"Student", func(ds []float64) float64 { return meanOf(ds).p() }},
	{"sign flips", signFlips},
	{"Wilcoxon", func(ds []float64) float64 { return signFlips(signedRanks(ds)) }},
	{"trimmed", trimmed},
}

// signFlips counts in how many of the 2ⁿ ways to choose signs the sum is as far out.
// From one way to the next a single sign changes (Gray's code).
func signFlips(ds []float64) float64 {
	sum := 0.0
	for _, d := range ds {
		sum += d
	}
	observed, extreme, ways := math.Abs(sum)-1e-9, 0, 1<<len(ds)
	signs := slices.Clone(ds)
	for way := 1; way <= ways; way++ {
		if math.Abs(sum) >= observed {
			extreme++
		}
		if i := bits.TrailingZeros(uint(way)); i < len(ds) {
			sum -= 2 * signs[i]
			signs[i] = -signs[i]
		}
	}
	return float64(extreme) / float64(ways)
}

// signedRanks makes the sum of the flips that of Wilcoxon's signed ranks.
func signedRanks(ds []float64) []float64 {
	order := make([]int, len(ds))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(math.Abs(ds[i]), math.Abs(ds[j])) })
	ranks := make([]float64, len(ds))
	for rank, i := range order {
		ranks[i] = math.Copysign(float64(rank+1), ds[i])
	}
	return ranks
}

// trimmed is Yuen's test (1974) of the mean without the 15 % at each end.
func trimmed(ds []float64) float64 {
	xs := slices.Sorted(slices.Values(ds))
	n := len(xs)
	cut := max(1, n*15/100)
	middle := mean(xs[cut : n-cut])
	for i := range cut {
		xs[i], xs[n-1-i] = xs[cut], xs[n-1-cut]
	}
	left := float64(n - 2*cut)
	se := math.Sqrt(meanVariance(xs) * float64(n*(n-1)) / (left * (left - 1)))
	return estimate{middle, se, left - 1}.p()
}

// formerRule is what was claimed before: the interval against the baseline alone
// excludes no difference, and the difference is larger than the far end of the interval
// of the baseline against its twin.
func formerRule(arm, baseline, twin []float64) bool {
	c, same := Paired(arm, baseline, nil), Paired(twin, baseline, nil)
	threshold := max(same.CI[1], 1/same.CI[0])
	return c.CI[0] > 1 && c.Ratio > threshold || c.CI[1] < 1 && c.Ratio < 1/threshold
}

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
