package stats

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// resamples puts some 24 of them beyond each end of the interval at 6 rounds,
// the fewest that a claim is made from, and 86 at 10.
const resamples = 10_000

// meanInterval is the 95 % confidence interval of the mean of the population
// that xs is a sample of, by the bootstrap (Efron, 1979) with expanded
// percentiles (Hesterberg, "What Teachers Should Know About the Bootstrap",
// The American Statistician 69, 2015). One value says nothing of how far off it
// is: with fewer than two the interval is everything.
//
// The plain percentiles are too narrow for few values, and BCa, the usual
// cure, mends skewness but not that. Coverage in percent, measured with 3,000
// samples of 3,000 resamples each (standard error 0.4):
//
//	                  n   percentile  BCa   Student t  bootstrap-t  expanded
//	normal            6      86.6     86.8     95.8       94.9        94.2
//	normal           10      90.4     90.7     95.1       95.0        94.6
//	normal           15      92.1     92.0     95.5       95.6        95.5
//	Laplace          10      88.4     85.7     95.4       92.0        93.2
//	Student, 3 dof   10      88.8     86.3     95.2       92.8        93.5
//	gamma, shape 4   10      89.3     89.4     93.9       94.7        94.2
//	exponential       6      81.2     83.3     89.0       92.8        88.6
//	exponential      10      86.6     87.9     90.5       94.3        91.8
//	10 % at +5 sd    10      84.6     83.7     89.9       90.3        89.4
//
// Hence expanded percentiles for every n; for many values they are the plain
// ones. Where identical arms are compared the log ratios are symmetric, and it
// covers what it says. It covers less where one arm has rare slow rounds and
// the other has none (the last three lines); the bootstrap-t is better at some
// of that and worse at heavy tails, and only more rounds help.
func meanInterval(xs []float64, random *rand.Rand) (low, high float64) {
	n := len(xs)
	if n < 2 {
		return math.Inf(-1), math.Inf(1)
	}
	means := make([]float64, resamples)
	for i := range means {
		sum := 0.0
		for range n {
			sum += xs[random.IntN(n)]
		}
		means[i] = sum / float64(n)
	}
	slices.Sort(means)
	tail := expandedTail(n)
	return quantile(means, tail), quantile(means, 1-tail)
}

// expandedTail is the share of resamples to leave out at each end for a 95 %
// interval from n values: Φ(−t·√(n/(n−1))), with t the 97.5 % point of
// Student's distribution of n−1 degrees of freedom. The t is for the unknown
// variance, the root for a resample's being too small by that factor.
func expandedTail(n int) float64 {
	t := distuv.StudentsT{Sigma: 1, Nu: float64(n - 1)}.Quantile(0.975)
	return distuv.UnitNormal.CDF(-t * math.Sqrt(float64(n)/float64(n-1)))
}

// quantile is the p-quantile of sorted values, between neighbours by
// interpolation at p(n+1) (Hyndman & Fan, 1996, type 6).
func quantile(sorted []float64, p float64) float64 {
	last := len(sorted) - 1
	at := min(max(p*float64(len(sorted)+1)-1, 0), float64(last))
	below := int(at)
	above := min(below+1, last)
	return sorted[below] + (at-float64(below))*(sorted[above]-sorted[below])
}

// mean is NaN for no values.
func mean(xs []float64) float64 {
	sum := 0.0
	for _, x := range xs {
		sum += x
	}
	return sum / float64(len(xs))
}
