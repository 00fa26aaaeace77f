package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

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
