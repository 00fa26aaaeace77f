package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// near fails the test unless got is within tolerance of want.
func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s: got %v, want %v ± %v", what, got, want, tolerance)
	}
}

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

func exp(xs []float64) (ys []float64) {
	for _, x := range xs {
		ys = append(ys, math.Exp(x))
	}
	return ys
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
