package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// Two runs of any sizes, the new one twice as slow and more or less noisy: the
// interval holds 2 in 93 to 97 of 100 cases.
func TestUnpairedCoverage(t *testing.T) {
	for _, c := range []struct {
		news, olds    int
		spread, other float64
	}{{6, 6, 0.05, 0.05}, {10, 10, 0.05, 0.05}, {10, 10, 0.02, 0.2}, {6, 20, 0.1, 0.05}, {20, 20, 0.1, 0.1}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			t.Parallel()
			if raced && c.news != 10 {
				t.Skip("too slow under the race detector, which the others have passed as well as any")
			}
			const trials = 1000
			random := seeded(uint64(c.news))
			held := 0
			for range trials {
				comparison := Unpaired(logNormal(c.news, 200, c.spread, random), logNormal(c.olds, 100, c.other, random), random)
				if ci := comparison.CI; ci[0] <= 2 && 2 <= ci[1] {
					held++
				}
			}
			coverage := float64(held) / trials
			t.Logf("held the truth in %.1f %% of %d", 100*coverage, trials)
			if coverage < 0.93 || coverage > 0.97 {
				t.Errorf("a 95 %% interval held the truth in %.1f %% of %d", 100*coverage, trials)
			}
		})
	}
}

func logNormal(n int, middle, spread float64, random *rand.Rand) (xs []float64) {
	for range n {
		xs = append(xs, middle*math.Exp(spread*random.NormFloat64()))
	}
	return xs
}

// Pairs mean nothing here: the order of values does not matter.
func TestUnpairedIgnoresOrder(t *testing.T) {
	a, b := []float64{1, 2, 3, 4, 5, 6}, []float64{2, 4, 6, 8, 10, 12}
	reversed := []float64{12, 10, 8, 6, 4, 2}
	first, second := Unpaired(b, a, seeded(1)), Unpaired(reversed, a, seeded(1))
	near(t, "ratio", first.Ratio, 2, 1e-12)
	near(t, "ratio in another order", second.Ratio, 2, 1e-12)
	near(t, "lower end", math.Log(first.CI[0]), math.Log(second.CI[0]), 0.05)
	if first.CI[0] > 1.3 {
		t.Errorf("an interval of %v is as narrow as a paired one", first.CI)
	}
}

// Student's sleep data without the pairing, as R's t.test has them (Welch): the
// difference is 1.58, its interval -0.205 to 3.365, over 17.776 degrees of freedom.
func TestUnpairedSleep(t *testing.T) {
	first := []float64{0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0}
	second := []float64{1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4}
	near(t, "degrees of freedom", welch(first, second), 17.776, 0.001)
	c := Unpaired(exp(second), exp(first), seeded(1))
	near(t, "log ratio", math.Log(c.Ratio), 1.58, 1e-9)
	near(t, "lower end", math.Log(c.CI[0]), -0.205, 0.1)
	near(t, "upper end", math.Log(c.CI[1]), 3.365, 0.1)
}

func TestUnpairedOfLittle(t *testing.T) {
	c := Unpaired([]float64{3}, []float64{2, 2, 0}, seeded(1))
	if c.N != 1 || c.NoRatio != 1 || c.CI[0] != 0 || !math.IsInf(c.CI[1], 1) {
		t.Errorf("got %+v, want one value that nothing is known of", c)
	}
	if c = Unpaired(nil, []float64{1, 2}, seeded(1)); c.N != 0 || !math.IsNaN(c.Ratio) || c.P != 1 {
		t.Errorf("got %+v, want nothing", c)
	}
	same := []float64{5, 5, 5, 5, 5, 5}
	if c = Unpaired(same, same, seeded(1)); c.CI != [2]float64{1, 1} || c.P != 1 {
		t.Errorf("got %+v, want exactly 1", c)
	}
}

// With ties in samples of unlike sizes, against all ways of dealing them out; the
// library calls the first of them 0.
func TestRankTestWithTies(t *testing.T) {
	random := seeded(5)
	pairs := [][2][]float64{{{1, 2, 3, 5}, {1, 1, 1, 1, 1}}}
	for range 5 {
		a, b := make([]float64, 4), make([]float64, 7)
		for i := range a {
			a[i] = float64(1 + random.IntN(6))
		}
		for i := range b {
			b[i] = float64(1 + random.IntN(4))
		}
		pairs = append(pairs, [2][]float64{a, b})
	}
	for _, pair := range pairs {
		// 10,000 permutations have a standard error of at most 0.005.
		near(t, fmt.Sprint("p of ", pair), rankTest(pair[0], pair[1], random), permutationP(pair[0], pair[1]), 0.02)
	}
}
