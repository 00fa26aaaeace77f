package stats

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Unpaired sets the values of one run against those of another, made at another
// time, so that round i of the one has nothing in common with round i of the
// other. Ratio is that of the geometric means, N the smaller number of values, CI
// the bootstrap's of two samples. What changed between the runs besides what was
// meant to is in the ratio, and no statistics of theirs can tell.
func Unpaired(new, old []float64, random *rand.Rand) Comparison {
	a, b := measuredOf(new), measuredOf(old)
	logsA, logsB := logsOf(a), logsOf(b)
	low, high := differenceInterval(logsA, logsB, random)
	return Comparison{
		N:       min(len(a), len(b)),
		NoRatio: len(new) + len(old) - len(a) - len(b),
		Ratio:   math.Exp(mean(logsA) - mean(logsB)),
		CI:      [2]float64{math.Exp(low), math.Exp(high)},
		P:       rankTest(a, b, random),
	}
}

func measuredOf(xs []float64) (some []float64) {
	for _, x := range xs {
		if measured(x) {
			some = append(some, x)
		}
	}
	return some
}

func logsOf(xs []float64) (logs []float64) {
	for _, x := range xs {
		logs = append(logs, math.Log(x))
	}
	return logs
}

// differenceInterval is the 95 % confidence interval of how far the means of two
// populations are apart, as meanInterval is of one: each sample is resampled by
// itself, and what a resample's spread is too small by is given back to each
// (Hesterberg, 2015), as two samples of different sizes need different factors.
// Student's t is of Welch's degrees of freedom.
func differenceInterval(a, b []float64, random *rand.Rand) (low, high float64) {
	if len(a) < 2 || len(b) < 2 {
		return math.Inf(-1), math.Inf(1)
	}
	middle := mean(a) - mean(b)
	aroundA, aroundB := deviations(a), deviations(b)
	differences := make([]float64, resamples)
	for i := range differences {
		differences[i] = middle + resampled(aroundA, random) - resampled(aroundB, random)
	}
	slices.Sort(differences)
	t := distuv.StudentsT{Sigma: 1, Nu: welch(a, b)}.Quantile(0.975)
	tail := distuv.UnitNormal.CDF(-t)
	return quantile(differences, tail), quantile(differences, 1-tail)
}

// deviations are how far the values are from their mean, made as wide as those of
// the population are.
func deviations(xs []float64) []float64 {
	m, n := mean(xs), float64(len(xs))
	wider := math.Sqrt(n / (n - 1))
	all := make([]float64, len(xs))
	for i, x := range xs {
		all[i] = (x - m) * wider
	}
	return all
}

// resampled is the mean of a resample.
func resampled(xs []float64, random *rand.Rand) float64 {
	sum := 0.0
	for range xs {
		sum += xs[random.IntN(len(xs))]
	}
	return sum / float64(len(xs))
}

// welch are the degrees of freedom of the difference of two means (Welch, 1947).
// Without any spread there is no uncertainty that they would matter to.
func welch(a, b []float64) float64 {
	va, vb := meanVariance(a), meanVariance(b)
	least := float64(min(len(a), len(b)) - 1)
	if va+vb == 0 {
		return least
	}
	return max(least, (va+vb)*(va+vb)/(va*va/float64(len(a)-1)+vb*vb/float64(len(b)-1)))
}

// meanVariance is the variance of the mean of xs.
func meanVariance(xs []float64) float64 {
	m, squares := mean(xs), 0.0
	for _, x := range xs {
		squares += (x - m) * (x - m)
	}
	n := float64(len(xs))
	return squares / (n - 1) / n
}

// rankTest is the two-sided p-value of the U test for samples of any sizes. Where
// mannWhitney cannot be trusted, which is with ties in samples of unlike sizes, it
// is that of the permutation test, by 10,000 permutations.
func rankTest(a, b []float64, random *rand.Rand) float64 {
	if len(a) == len(b) || !tied(a, b) {
		return mannWhitney(a, b)
	}
	if len(a) == 0 || len(b) == 0 {
		return 1
	}
	ranks := ranksOf(a, b)
	expected := float64(len(a)) * float64(len(ranks)+1) / 2
	observed := math.Abs(sum(ranks[:len(a)]) - expected)
	extreme := 1 // what was observed is one of them
	for range resamples {
		random.Shuffle(len(ranks), func(i, j int) { ranks[i], ranks[j] = ranks[j], ranks[i] })
		if math.Abs(sum(ranks[:len(a)])-expected) >= observed-1e-9 {
			extreme++
		}
	}
	return float64(extreme) / float64(resamples+1)
}

func tied(a, b []float64) bool {
	all := slices.Sorted(slices.Values(slices.Concat(a, b)))
	return len(slices.Compact(all)) < len(a)+len(b)
}

// ranksOf are the ranks of a and then b among all, equal ones sharing theirs.
func ranksOf(a, b []float64) []float64 {
	all := slices.Concat(a, b)
	sorted := slices.Sorted(slices.Values(all))
	ranks := make([]float64, len(all))
	for i, x := range all {
		first, _ := slices.BinarySearch(sorted, x)
		last := first
		for last < len(sorted) && sorted[last] == x {
			last++
		}
		ranks[i] = float64(first+1+last) / 2
	}
	return ranks
}

func sum(xs []float64) (total float64) {
	for _, x := range xs {
		total += x
	}
	return total
}
