package stats

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"testing"
)

// corrections are the ways to judge a family that Holm's, on Student's test of each
// comparison alone, was chosen among. Each gives corrected p-values, in the order of
// measurements.compare.
var corrections = []struct {
	name string
	ps   func(measurements) []float64
}{
	{"Holm", func(m measurements) []float64 { return holm(m.studentPs(0)) }},
	{"half pooled", func(m measurements) []float64 { return holm(m.studentPs(0.5)) }},
	{"pooled", func(m measurements) []float64 { return holm(m.studentPs(1)) }},
	{"step-down", func(m measurements) []float64 { return stepDown(m.differences()) }},
}

// differences are those of the logarithms of all arms and the reference, by round.
func (arms measurements) differences() (all [][]float64) {
	last := len(arms) - 1
	for _, arm := range arms[:last-1] {
		for m := range arm {
			ds := logsOf(arm[m])
			for i, base := range logsOf(arms[last-1][m]) {
				ds[i] -= (base + math.Log(arms[last][m][i])) / 2
			}
			all = append(all, ds)
		}
	}
	return all
}

// studentPs takes a share of each variance from all arms together, as if all were spread
// alike: it is known better then.
func (arms measurements) studentPs(share float64) (ps []float64) {
	for i, ds := range arms.differences() {
		own, all := meanOf(ds), arms.spread(i%len(arms[0]))
		pooled := 1.5 * square(all.se) / float64(len(ds)) // of an arm, and of half a baseline and half a twin
		variance := share*pooled + (1-share)*square(own.se)
		df := square(variance) / (square(share*pooled)/all.df + square((1-share)*square(own.se))/own.df)
		ps = append(ps, estimate{own.value, math.Sqrt(variance), df}.p())
	}
	return ps
}

// spread is the standard deviation of a round, by all arms once what their rounds have in
// common is taken out.
func (arms measurements) spread(metric int) estimate {
	n := len(arms[0][metric])
	common := make([]float64, n)
	for _, arm := range arms {
		for i, x := range logsOf(arm[metric]) {
			common[i] += x / float64(len(arms))
		}
	}
	squares := 0.0
	for _, arm := range arms {
		rest := logsOf(arm[metric])
		for i := range rest {
			rest[i] -= common[i]
		}
		squares += meanVariance(rest) * float64(n*(n-1))
	}
	df := float64((len(arms) - 1) * (n - 1))
	return estimate{se: math.Sqrt(squares / df), df: df}
}

// stepDown is Westfall & Young's ("Resampling-Based Multiple Testing", 1993): whatever
// hangs together does so too when the signs of whole rounds are flipped.
func stepDown(ds [][]float64) []float64 {
	n := len(ds[0])
	sums, squares := make([]float64, len(ds)), make([]float64, len(ds))
	for j, d := range ds {
		for _, x := range d {
			sums[j], squares[j] = sums[j]+x, squares[j]+x*x
		}
	}
	t := func(j int, sum float64) float64 {
		return math.Abs(sum) / math.Sqrt(max(squares[j]-sum*sum/float64(n), 1e-300))
	}
	observed, order := make([]float64, len(ds)), make([]int, len(ds))
	for j := range ds {
		observed[j], order[j] = t(j, sums[j]), j
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(observed[b], observed[a]) })
	extreme, signs, ways := make([]int, len(ds)), slices.Repeat([]float64{1}, n), 1<<(n-1)
	for way := 1; way <= ways; way++ {
		most := 0.0
		for rank, j := range slices.Backward(order) {
			if most = max(most, t(j, sums[j])); most >= observed[j]-1e-9 {
				extreme[rank]++
			}
		}
		if i := bits.TrailingZeros(uint(way)); i < n-1 {
			for j := range ds {
				sums[j] -= 2 * signs[i] * ds[j][i]
			}
			signs[i] = -signs[i]
		}
	}
	ps, least := make([]float64, len(ds)), 0.0
	for rank, j := range order {
		least = max(least, float64(extreme[rank])/float64(ways))
		ps[j] = least
	}
	return ps
}

// Which correction: how often a run of two arms in four numbers makes a wrong claim (error),
// and how often it finds each number of an arm that is one standard deviation off (power).
// To know the spread better from all arms together finds most, and makes wrong claims where
// one arm is spread wider than the others, as p99 of one strategy mostly is. Step-down
// resampling finds no more than Holm's with normal noise, and less in six rounds.
func TestWhichCorrection(t *testing.T) {
	for _, c := range []struct {
		rounds int
		noise  noise
		wider  float64 // the second arm's spread
	}{{6, normal, 1}, {10, normal, 1}, {10, normal, 2}, {10, normal, 4}, {10, student3, 2}} {
		t.Run(fmt.Sprintf("%d rounds, %s, one arm %v × as wide", c.rounds, c.noise.name, c.wider), func(t *testing.T) {
			t.Parallel()
			run := aRun{arms: 2, metrics: 4, rounds: c.rounds, noise: c.noise, together: 0.5, sd: 0.1, effect: nothing}
			off := run
			off.effect = func(arm, _ int) float64 { return float64(1 - arm) }
			random, trials := seeded(uint64(c.rounds)), fewer(500)
			wrong, found := make([]int, len(corrections)), make([]int, len(corrections))
			draw := func(run aRun) measurements {
				m := run.measure(random)
				for _, rounds := range m[1] {
					for i := range rounds {
						rounds[i] *= math.Exp(0.1 * math.Sqrt(c.wider*c.wider-1) * c.noise.draw(random))
					}
				}
				return m
			}
			for range trials {
				equal, differs := draw(run), draw(off)
				for i, way := range corrections {
					wrong[i] += one(slices.Min(way.ps(equal)) < level)
					found[i] += one(way.ps(differs)[0] < level)
				}
			}
			for i, way := range corrections {
				t.Logf("%-11s error %4.1f %%, power %4.1f %%", way.name, 100*float64(wrong[i])/float64(trials), 100*float64(found[i])/float64(trials))
			}
			atMost(t, "Holm's wrong claims", wrong[0], trials, level)
		})
	}
}
