package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// Student's sleep data (1908) as R has it: the extra hours of sleep of ten
// patients with two drugs. The mean difference is 1.58 and its t interval 0.70
// to 2.46. One difference, 4.6, is far out: the t interval stays symmetric, the
// bootstrap's leans towards it.
func TestStudentsSleep(t *testing.T) {
	first := []float64{0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0}
	second := []float64{1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4}
	c := Compare(exp(second), exp(first), seeded(1))
	near(t, "log ratio", math.Log(c.Ratio), 1.58, 1e-9)
	near(t, "lower end", math.Log(c.CI[0]), 0.70+0.15, 0.1)
	near(t, "upper end", math.Log(c.CI[1]), 2.46+0.1, 0.1)
	if c.N != 10 || c.NoRatio != 0 {
		t.Errorf("got %+v, want 10 ratios", c)
	}
}

// Two equal rounds have no spread, and twice is twice.
func TestRatioOfConstants(t *testing.T) {
	c := Compare([]float64{4, 4, 4, 4, 4, 4}, []float64{2, 2, 2, 2, 2, 2}, seeded(1))
	near(t, "ratio", c.Ratio, 2, 1e-12)
	near(t, "lower end", c.CI[0], 2, 1e-12)
	near(t, "upper end", c.CI[1], 2, 1e-12)
	near(t, "p, of 2 in C(12,6)", c.P, 2.0/924, 1e-12)
}

// Swapping the arms inverts the ratio and changes nothing else.
func TestSwappingInverts(t *testing.T) {
	a, b := []float64{3, 5, 4, 8, 6, 7, 9}, []float64{2, 6, 3, 4, 5, 5, 6}
	ab, ba := Compare(a, b, seeded(3)), Compare(b, a, seeded(3))
	near(t, "ratio", ab.Ratio*ba.Ratio, 1, 1e-12)
	near(t, "ends", ab.CI[0]*ba.CI[1], 1, 0.02)
	near(t, "p", ab.P, ba.P, 1e-12)
}

func TestSameSeedSameResult(t *testing.T) {
	a, b := []float64{3, 5, 4, 8, 6, 7, 9}, []float64{2, 6, 3, 4, 5, 5, 6}
	if first, second := Compare(a, b, seeded(3)), Compare(a, b, seeded(3)); first != second {
		t.Errorf("got %+v and then %+v", first, second)
	}
}

// A round without a ratio is counted, and neither hangs nor spoils the rest.
func TestRoundsWithoutRatio(t *testing.T) {
	arm := []float64{2, 0, -1, math.NaN(), math.Inf(1), 2, 2, 9}
	baseline := []float64{1, 1, -1, 1, 1, math.NaN(), 1}
	c := Compare(arm, baseline, seeded(1))
	if c.N != 2 || c.NoRatio != 6 {
		t.Errorf("got %+v, want 2 ratios and 6 without", c)
	}
	near(t, "ratio", c.Ratio, 2, 1e-12)
}

func TestNothingToCompare(t *testing.T) {
	c := Compare(nil, nil, seeded(1))
	if c.N != 0 || !math.IsNaN(c.Ratio) || c.P != 1 || c.CI[0] != 0 || !math.IsInf(c.CI[1], 1) {
		t.Errorf("got %+v, want nothing known", c)
	}
	if c = Compare([]float64{3}, []float64{2}, seeded(1)); c.CI[0] != 0 || !math.IsInf(c.CI[1], 1) {
		t.Errorf("got %+v, want one ratio that nothing is known of", c)
	}
	near(t, "ratio of one round", c.Ratio, 1.5, 1e-12)
}

// Hollander & Wolfe (1973), page 69, the example of R's wilcox.test:
// permeability of the human placenta at term and at 12 to 26 weeks. W = 35,
// one-sided p = 0.1272.
func TestMannWhitneyTextbook(t *testing.T) {
	term := []float64{0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46}
	early := []float64{1.15, 0.88, 0.90, 0.74, 1.21}
	near(t, "p", mannWhitney(term, early), 2*0.1272, 1e-4)
}

// With ties: against all ways of dealing the values into two samples.
func TestMannWhitneyTies(t *testing.T) {
	random := seeded(4)
	for range 50 {
		a, b := make([]float64, 5), make([]float64, 5)
		for i := range a {
			a[i], b[i] = float64(1+random.IntN(4)), float64(1+random.IntN(6))
		}
		near(t, "p", mannWhitney(a, b), permutationP(a, b), 1e-9)
	}
	near(t, "p of equal values", mannWhitney([]float64{2, 2}, []float64{2, 2}), 1, 0)
}

// permutationP is the definition of the p-value, counted out: how many of the
// ways to choose len(a) of all the values have a U as far from its middle.
func permutationP(a, b []float64) float64 {
	all := append(append([]float64{}, a...), b...)
	middle := float64(len(a)*len(b)) / 2
	observed := math.Abs(uStatistic(a, b) - middle)
	extreme, ways := 0, 0
	for chosen := range 1 << len(all) {
		var x, y []float64
		for i, v := range all {
			if chosen>>i&1 == 1 {
				x = append(x, v)
			} else {
				y = append(y, v)
			}
		}
		if len(x) != len(a) {
			continue
		}
		ways++
		if math.Abs(uStatistic(x, y)-middle) >= observed {
			extreme++
		}
	}
	return float64(extreme) / float64(ways)
}

// uStatistic counts the pairs where a's is the greater, ties as half.
func uStatistic(a, b []float64) (u float64) {
	for _, x := range a {
		for _, y := range b {
			if x > y {
				u++
			} else if x == y {
				u += 0.5
			}
		}
	}
	return u
}

func TestVerdicts(t *testing.T) {
	noise := [2]float64{0.97, 1.03}
	for _, c := range []struct {
		name string
		Comparison
		want string
	}{
		{"above", Comparison{N: 10, Ratio: 1.1, CI: [2]float64{1.05, 1.15}}, "above"},
		{"below", Comparison{N: 10, Ratio: 0.9, CI: [2]float64{0.85, 0.95}}, "below"},
		{"unsure", Comparison{N: 10, Ratio: 1.1, CI: [2]float64{0.99, 1.2}}, "no difference"},
		{"sure but within the noise", Comparison{N: 10, Ratio: 1.02, CI: [2]float64{1.01, 1.03}}, "no difference"},
		{"sure but within the noise, below", Comparison{N: 10, Ratio: 0.98, CI: [2]float64{0.975, 0.985}}, "no difference"},
		{"one round short", Comparison{N: 5, Ratio: 2, CI: [2]float64{1.9, 2.1}}, "needs 1 more round"},
		{"nothing", Comparison{Ratio: math.NaN()}, "needs 6 more rounds"},
	} {
		if got := c.Verdict(noise).String(); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// Without an A/A run nothing is known of the noise, and nothing is claimed.
func TestUnknownNoiseLetsNothingPass(t *testing.T) {
	noise := Noise(nil, nil, seeded(1))
	sure := Comparison{N: 10, Ratio: 5, CI: [2]float64{4, 6}}
	if got := sure.Verdict(noise); got.Finding != NoDifference {
		t.Errorf("got %s with noise %v", got, noise)
	}
}

func TestNoiseIsSymmetric(t *testing.T) {
	a, b := []float64{3, 5, 4, 8, 6, 7, 9}, []float64{2, 6, 3, 4, 5, 5, 6}
	noise, ci := Noise(a, b, seeded(1)), Compare(a, b, seeded(1)).CI
	near(t, "product of the ends", noise[0]*noise[1], 1, 1e-12)
	if noise[0] > ci[0] || noise[1] < ci[1] || noise[0] >= 1 || noise[1] <= 1 {
		t.Errorf("noise %v does not hold 1 and the interval %v", noise, ci)
	}
}

// Four arms alike in all: two for the noise, two that are then compared. Under
// 5 % of 400 pairs may be called different.
func TestIdenticalArmsAreNotCalledDifferent(t *testing.T) {
	for _, n := range []int{6, 10} {
		t.Run(fmt.Sprint(n, " rounds"), func(t *testing.T) {
			t.Parallel()
			const trials = 400
			random := seeded(uint64(n))
			different, excludes := 0, 0
			for range trials {
				c := Compare(arm(n, 100, random), arm(n, 100, random), random)
				noise := Noise(arm(n, 100, random), arm(n, 100, random), random)
				if c.Verdict(noise).Finding != NoDifference {
					different++
				}
				if c.CI[0] > 1 || c.CI[1] < 1 {
					excludes++
				}
			}
			t.Logf("%d of %d called different; the interval alone would call %d so", different, trials, excludes)
			if different >= trials*5/100 {
				t.Errorf("%d of %d identical pairs called different", different, trials)
			}
		})
	}
}

// arm is n rounds around mean, with a noise of 5 %.
func arm(n int, mean float64, random *rand.Rand) (xs []float64) {
	for range n {
		xs = append(xs, mean*math.Exp(0.05*random.NormFloat64()))
	}
	return xs
}

// The caution does not blind: a fifth less, at 5 % of noise, is found in ten
// rounds, and on the right side.
func TestDifferentArmsAreCalledDifferent(t *testing.T) {
	const trials = 100
	random := seeded(1)
	found := 0
	for range trials {
		noise := Noise(arm(10, 100, random), arm(10, 100, random), random)
		if Compare(arm(10, 80, random), arm(10, 100, random), random).Verdict(noise).Finding == Below {
			found++
		}
	}
	if found < trials*95/100 {
		t.Errorf("found %d of %d", found, trials)
	}
}

// The t points are those of any printed table.
func TestExpandedTail(t *testing.T) {
	for _, c := range []struct {
		n    int
		t975 float64
	}{{6, 2.571}, {10, 2.262}, {20, 2.093}, {61, 2.000}} {
		z := c.t975 * math.Sqrt(float64(c.n)/float64(c.n-1))
		near(t, "tail", expandedTail(c.n), math.Erfc(z/math.Sqrt2)/2, 2e-5)
	}
	near(t, "tail of very many", expandedTail(1_000_000), 0.025, 1e-6)
}

// Of two values 1/4 of the resamples have the smaller twice, and of three 1/27
// three times: both are far more than the share left out.
func TestFewValuesGiveTheirRange(t *testing.T) {
	for _, xs := range [][]float64{{1, 5}, {1, 2, 5}} {
		if low, high := meanInterval(xs, seeded(1)); low != 1 || high != 5 {
			t.Errorf("of %v: got %v to %v, want 1 to 5", xs, low, high)
		}
	}
}

func TestQuantile(t *testing.T) {
	sorted := []float64{10, 20, 30, 40}
	for _, c := range []struct{ p, want float64 }{{0, 10}, {0.2, 10}, {0.5, 25}, {0.7, 35}, {1, 40}} {
		near(t, "quantile", quantile(sorted, c.p), c.want, 1e-9)
	}
}

// rounds are of an arm that takes twice as long as the baseline in truth. What
// a round has in common, its factor of 1 to 2, is what pairing takes out.
func rounds(n int, noise func() float64, random *rand.Rand) (arm, baseline []float64) {
	for range n {
		common := 1 + random.Float64()
		arm = append(arm, 2*common*math.Exp(noise()))
		baseline = append(baseline, common*math.Exp(noise()))
	}
	return arm, baseline
}

// A 95 % interval holds the truth in 93 to 97 of 100 cases, from the fewest
// rounds that a claim is made from to many. Where the noise has heavy tails it
// is 93.2 for ten rounds, so 1,000 trials of that may well show less than 93.
func TestCoverage(t *testing.T) {
	for _, c := range []struct {
		name  string
		n     int
		least float64
		noise func(*rand.Rand) float64
	}{
		{"6 rounds", 6, 0.93, (*rand.Rand).NormFloat64},
		{"10 rounds", 10, 0.93, (*rand.Rand).NormFloat64},
		{"20 rounds", 20, 0.93, (*rand.Rand).NormFloat64},
		{"10 rounds of Laplace log ratios", 10, 0.92, (*rand.Rand).ExpFloat64},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if raced && c.name != "10 rounds" {
				t.Skip("too slow under the race detector, which 10 rounds have passed as well as any")
			}
			const trials = 1000
			random := seeded(uint64(c.n))
			held := 0
			for range trials {
				arm, baseline := rounds(c.n, func() float64 { return 0.05 * c.noise(random) }, random)
				if ci := Compare(arm, baseline, random).CI; ci[0] <= 2 && 2 <= ci[1] {
					held++
				}
			}
			coverage := float64(held) / trials
			t.Logf("held the truth in %.1f %% of %d", 100*coverage, trials)
			if coverage < c.least || coverage > 0.97 {
				t.Errorf("a 95 %% interval held the truth in %.1f %% of %d", 100*coverage, trials)
			}
		})
	}
}

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
