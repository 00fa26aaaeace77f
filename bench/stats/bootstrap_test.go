package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

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
