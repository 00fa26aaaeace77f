package stats

import (
	"fmt"
	"math"
	"testing"
)

// Which test: how often each calls equal arms different (size) and finds an arm that
// is one standard deviation off (power), for a single comparison and for the first of
// eight. All but the trimmed one keep to 5 % with any noise. Of those Student's alone
// can claim anything of six rounds once there are several comparisons.
func TestWhichTest(t *testing.T) {
	for _, n := range []int{6, 10} {
		for _, noise := range noises {
			t.Run(fmt.Sprintf("%d rounds, %s", n, noise.name), func(t *testing.T) {
				t.Parallel()
				whichTest(t, n, noise)
			})
		}
	}
}

func whichTest(t *testing.T, n int, noise noise) {
	random, trials := seeded(uint64(n)), fewer(2000)
	type counts struct{ size, sizeOfEight, power, powerOfEight int }
	found := make([]counts, len(rivals))
	for range trials {
		equal, off := make([]float64, n), make([]float64, n)
		for i := range equal {
			equal[i] = noise.draw(random) - (noise.draw(random)+noise.draw(random))/2
			off[i] = 1 + equal[i]
		}
		for i, rival := range rivals {
			of, p := &found[i], rival.p(equal)
			of.size, of.sizeOfEight = of.size+one(p < level), of.sizeOfEight+one(p < level/8)
			p = rival.p(off)
			of.power, of.powerOfEight = of.power+one(p < level), of.powerOfEight+one(p < level/8)
		}
	}
	percent := func(hits int) float64 { return 100 * float64(hits) / float64(trials) }
	for i, of := range found {
		t.Logf("%-10s size %3.1f %%, of eight %3.1f %%; power %4.1f %%, of eight %4.1f %%", rivals[i].name,
			percent(of.size), percent(of.sizeOfEight), percent(of.power), percent(of.powerOfEight))
	}
	student := found[0]
	atMost(t, "Student's calls equal arms different", student.size, trials, level)
	if n == 6 && student.powerOfEight <= max(found[1].powerOfEight, found[2].powerOfEight) {
		t.Errorf("with six rounds Student's finds no more than the tests that it was preferred to: %+v", found)
	}
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// Student's sleep data (1908) as R's t.test(paired = TRUE) has them: t = 4.0621 with 9
// degrees of freedom, p = 0.002833, 0.70 to 2.46 hours.
func TestPairedSleep(t *testing.T) {
	first := []float64{0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0}
	second := []float64{1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4}
	c := Paired(exp(second), exp(first), nil)
	near(t, "log ratio", math.Log(c.Ratio), 1.58, 1e-9)
	near(t, "p", c.P, 0.002833, 1e-6)
	near(t, "lower end", math.Log(c.CI[0]), 0.7001142, 1e-6)
	near(t, "upper end", math.Log(c.CI[1]), 2.4598858, 1e-6)
	near(t, "standard deviation", c.SD, 1.58/4.0621*math.Sqrt(10), 1e-4)
}

// Welch's test of the same: p = 0.07939, -0.205 to 3.365.
func TestIndependentSleep(t *testing.T) {
	first := []float64{0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0}
	second := []float64{1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4}
	near(t, "degrees of freedom", meanOf(second).minus(meanOf(first)).df, 17.776, 0.001)
	c := Independent(oneRun(exp(second)), oneRun(exp(first)))
	near(t, "log ratio", math.Log(c.Ratio), 1.58, 1e-9)
	near(t, "p", c.P, 0.07939, 1e-5)
	near(t, "lower end", math.Log(c.CI[0]), -0.2054832, 1e-5)
	near(t, "upper end", math.Log(c.CI[1]), 3.3654832, 1e-5)
}

// The reference is both runs of the baseline, or the one that was measured.
func TestTwinIsHalfOfTheReference(t *testing.T) {
	nan := math.NaN()
	c := Paired([]float64{6, 6, 6, 6, 6}, []float64{1, 2, nan, nan, 0}, []float64{4, nan, 2, nan, 2})
	if c.N != 4 || c.NoRatio != 1 {
		t.Errorf("got %d ratios and %d rounds without, want 4 and 1", c.N, c.NoRatio)
	}
	near(t, "reference", c.Reference, 2, 1e-12)
	near(t, "ratio", c.Ratio, 3, 1e-12)
	near(t, "ratio of the means that are shown", c.Arm/c.Reference, c.Ratio, 1e-12)
}

// What is shown of an arm by itself divides to what is shown of two.
func TestRatioIsTheQuotientOfTheMeans(t *testing.T) {
	a, b := []float64{3, 5, 4, 8, 6, 7, 9}, []float64{2, 6, 3, 4, 5, 5, 6}
	c := Paired(a, b, nil)
	near(t, "arm", c.Arm, GeoMean(a).Value, 1e-12)
	near(t, "reference", c.Reference, GeoMean(b).Value, 1e-12)
	near(t, "ratio", c.Ratio, GeoMean(a).Value/GeoMean(b).Value, 1e-12)
	back := Paired(b, a, nil)
	near(t, "ratio swapped", c.Ratio*back.Ratio, 1, 1e-12)
	near(t, "ends swapped", c.CI[0]*back.CI[1], 1, 1e-12)
	near(t, "p swapped", c.P, back.P, 1e-12)
}

// Equal rounds are equal, whatever rounding makes of their reference.
func TestEqualRounds(t *testing.T) {
	rounds := logNormal(20, 3, 1, seeded(2))
	c := Paired(rounds, rounds, rounds)
	if c.Ratio != 1 || c.CI != [2]float64{1, 1} || c.P != 1 {
		t.Errorf("got %+v, want exactly 1", c)
	}
	if got := Judge([]Comparison{c}, 1.1)[0]; got.Finding != Same {
		t.Errorf("got %+v, want the same", got)
	}
	twice := make([]float64, len(rounds))
	for i, x := range rounds {
		twice[i] = 2 * x
	}
	c = Paired(twice, rounds, rounds)
	near(t, "lower end of twice as much", c.CI[0], 2, 1e-12)
	near(t, "upper end of twice as much", c.CI[1], 2, 1e-12)
	near(t, "p of twice as much", c.P, 0, 0)
}
