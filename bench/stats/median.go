package stats

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Median is the middle of a sample, and between which two of its values the
// middle of the population lies.
type Median struct {
	// Value has the unit of the sample, as CI has; both are NaN for no values.
	Value float64
	CI    [2]float64
	// Confidence is how sure CI is, 0 to 1. It is at least 0.95 unless Short,
	// and mostly more: it moves in steps, from one value to the next.
	Confidence float64
	// Short says that the sample is too small (under 6) for 95 %: CI is its
	// range, and Confidence is what that is worth.
	Short bool
}

// MedianOf is the median of xs, none of them NaN, with its 95 % confidence interval, from the
// j-th smallest to the j-th largest value, where j is the largest with
// 2·P(Binomial(n, ½) < j) ≤ 0.05. It holds for any continuous distribution, as
// each value is below the population's median with probability ½ (Conover,
// "Practical Nonparametric Statistics", section 3.2; Le Boudec, "Performance
// Evaluation of Computer and Communication Systems", 2010, theorem 2.1).
func MedianOf(xs []float64) Median {
	n := len(xs)
	if n == 0 {
		nan := math.NaN()
		return Median{Value: nan, CI: [2]float64{nan, nan}, Short: true}
	}
	sorted := slices.Sorted(slices.Values(xs))
	j, confidence := medianRank(n)
	return Median{
		Value:      sorted[(n-1)/2]/2 + sorted[n/2]/2,
		CI:         [2]float64{sorted[j-1], sorted[n-j]},
		Confidence: confidence,
		Short:      confidence < 0.95,
	}
}

// medianRank is j of MedianOf, at least 1, and the confidence that it gives.
func medianRank(n int) (j int, confidence float64) {
	below := distuv.Binomial{N: float64(n), P: 0.5}
	j = 1
	for 2*below.CDF(float64(j)) <= 0.05 {
		j++
	}
	return j, 1 - 2*below.CDF(float64(j-1))
}
