package stats

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// holds fails the test unless a 95 % interval holds the truth in 93 to 97 of 100 cases.
func holds(t *testing.T, what string, held, trials int) {
	t.Helper()
	atLeast(t, what, held, trials, 0.93)
	atMost(t, what, held, trials, 0.97)
}

// An arm that is twice the baseline, both with the same kind of noise.
func TestPairedCoverage(t *testing.T) {
	for _, n := range []int{6, 10, 20} {
		for _, noise := range noises {
			t.Run(fmt.Sprintf("%d rounds, %s", n, noise.name), func(t *testing.T) {
				t.Parallel()
				run := aRun{arms: 1, metrics: 1, rounds: n, noise: noise, sd: 0.1, effect: func(int, int) float64 { return math.Log(2) / 0.1 }}
				random, trials, held := seeded(uint64(n)), fewer(2000), 0
				for range trials {
					c := run.draw(random)[0]
					held += one(c.CI[0] <= 2 && 2 <= c.CI[1])
				}
				holds(t, "the interval holds the truth", held, trials)
			})
		}
	}
}

// Two runs of any sizes, the new one twice as slow and more or less noisy.
func TestIndependentCoverage(t *testing.T) {
	for _, c := range []struct {
		news, olds    int
		spread, other float64
	}{{6, 6, 0.05, 0.05}, {10, 10, 0.05, 0.05}, {10, 10, 0.02, 0.2}, {6, 20, 0.1, 0.05}, {20, 20, 0.1, 0.1}} {
		random, trials, held := seeded(uint64(c.news)), fewer(2000), 0
		for range trials {
			ci := Independent(oneRun(logNormal(c.news, 200, c.spread, random)), oneRun(logNormal(c.olds, 100, c.other, random))).CI
			held += one(ci[0] <= 2 && 2 <= ci[1])
		}
		holds(t, fmt.Sprint(c), held, trials)
	}
}

func oneRun(rounds []float64) [][]float64 { return [][]float64{rounds} }

// Several runs a side that differ among themselves, by as much as their rounds or more:
// the interval knows. To take all their rounds for those of one run would have it hold the truth in
// far fewer cases, which is printed too.
func TestPooledCoverage(t *testing.T) {
	for _, c := range []struct {
		runs    int
		between float64 // runs, in standard deviations of a round
		least   float64
	}{{1, 0, 0.93}, {3, 0, 0.93}, {5, 0, 0.93}, {3, 0.5, 0.87}, {5, 0.5, 0.90}, {3, 2, 0.90}, {5, 2, 0.92}, {10, 1, 0.92}} {
		random, trials, held, naive := seeded(uint64(c.runs)), fewer(2000), 0, 0
		draw := func(center float64) (runs [][]float64) {
			for range c.runs {
				runs = append(runs, logNormal(10, center*math.Exp(0.05*c.between*random.NormFloat64()), 0.05, random))
			}
			return runs
		}
		for range trials {
			news, olds := draw(200), draw(100)
			ci := Independent(news, olds).CI
			held += one(ci[0] <= 2 && 2 <= ci[1])
			ci = Independent(oneRun(slices.Concat(news...)), oneRun(slices.Concat(olds...))).CI
			naive += one(ci[0] <= 2 && 2 <= ci[1])
		}
		what := fmt.Sprintf("%d runs a side, %v sd between them", c.runs, c.between)
		atLeast(t, what, held, trials, c.least)
		t.Logf("%s, as if of one run: %.1f %%", what, 100*float64(naive)/float64(trials))
	}
}

// One arm by itself, whose noise is symmetric or somewhat skewed. Its interval has no
// second arm whose skewness would take away that of the first: with exponential noise it
// holds the truth in about 90 %.
func TestGeoMeanCoverage(t *testing.T) {
	for _, n := range []int{6, 10, 20} {
		for _, noise := range noises {
			t.Run(fmt.Sprintf("%d rounds, %s", n, noise.name), func(t *testing.T) {
				random, trials, held := seeded(uint64(n)), fewer(2000), 0
				for range trials {
					rounds := make([]float64, n)
					for i := range rounds {
						rounds[i] = 3 * math.Exp(0.1*noise.draw(random))
					}
					ci := GeoMean(rounds).CI
					held += one(ci[0] <= 3 && 3 <= ci[1])
				}
				switch noise.name {
				case exponential.name, rareSlow.name, "lognormal":
					atLeast(t, "the interval holds the truth", held, trials, 0.88)
				default:
					holds(t, "the interval holds the truth", held, trials)
				}
			})
		}
	}
}

// Where an arm has rare slow rounds and the baseline none, the logarithms of the ratios
// are as skewed as they can be, and the interval is somewhat too sure of itself.
func TestCoverageOfRareSlowRounds(t *testing.T) {
	for _, n := range []int{6, 10, 20} {
		random, trials, held := seeded(uint64(n)), fewer(2000), 0
		for range trials {
			arm, baseline := make([]float64, n), make([]float64, n)
			for i := range arm {
				arm[i], baseline[i] = math.Exp(0.1*rareSlow.draw(random)), math.Exp(0.03*random.NormFloat64())
			}
			ci := Paired(arm, baseline, nil).CI
			held += one(ci[0] <= 1 && 1 <= ci[1])
		}
		atLeast(t, fmt.Sprintf("%d rounds, the interval holds the truth", n), held, trials, 0.89)
	}
}
