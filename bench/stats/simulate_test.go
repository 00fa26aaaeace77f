package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// noise is how the logarithm of a round's number is spread: with a mean of 0 and a
// standard deviation of 1.
type noise struct {
	name string
	draw func(*rand.Rand) float64
}

var noises = []noise{
	{"normal", (*rand.Rand).NormFloat64},
	{"lognormal", func(r *rand.Rand) float64 {
		const s = 0.5
		mean, variance := math.Exp(s*s/2), (math.Exp(s*s)-1)*math.Exp(s*s)
		return (math.Exp(s*r.NormFloat64()) - mean) / math.Sqrt(variance)
	}},
	{"exponential", func(r *rand.Rand) float64 { return r.ExpFloat64() - 1 }},
	{"log of exponential", func(r *rand.Rand) float64 {
		const euler = 0.5772156649
		return (math.Log(r.ExpFloat64()) + euler) * math.Sqrt(6) / math.Pi
	}},
	{"Student, 3 dof", func(r *rand.Rand) float64 {
		squares := 0.0
		for range 3 {
			squares += square(r.NormFloat64())
		}
		return r.NormFloat64() / math.Sqrt(squares)
	}},
	{"10 % at +5 sd", func(r *rand.Rand) float64 {
		x := r.NormFloat64()
		if r.Float64() < 0.1 {
			x += 5
		}
		return (x - 0.5) / math.Sqrt(1+25*0.09)
	}},
}

// fewer is a number of trials, cut where each is slow.
func fewer(trials int) int {
	if raced {
		return trials / 20
	}
	return trials
}

// chance is what a share of so many trials may be off its true value by luck. With
// 3.3 standard errors one test in a thousand would fail for it, and as seeds are fixed,
// one that passed goes on passing.
func chance(share float64, trials int) float64 {
	return 3.3 * math.Sqrt(share*(1-share)/float64(trials))
}

func atMost(t *testing.T, what string, hits, trials int, limit float64) {
	t.Helper()
	share := float64(hits) / float64(trials)
	t.Logf("%s: %.1f %% of %d", what, 100*share, trials)
	if share > limit+chance(limit, trials) {
		t.Errorf("%s: %.1f %%, want at most %.1f %%", what, 100*share, 100*limit)
	}
}

func atLeast(t *testing.T, what string, hits, trials int, limit float64) {
	t.Helper()
	share := float64(hits) / float64(trials)
	t.Logf("%s: %.1f %% of %d", what, 100*share, trials)
	if share < limit-chance(limit, trials) {
		t.Errorf("%s: %.1f %%, want at least %.1f %%", what, 100*share, 100*limit)
	}
}

// aRun is a simulated run of so many arms, metrics and rounds.
type aRun struct {
	arms, metrics, rounds int
	noise                 noise
	// together is how far the metrics of one trial hang together, 0 to 1.
	together float64
	sd       float64 // of the logarithm of a round's number
	// effect is by how many standard deviations an arm differs.
	effect func(arm, metric int) float64
}

func nothing(int, int) float64 { return 0 }

// draw is the family of the run's comparisons, arm by arm. Each round has conditions of
// its own, which all arms share, and one baseline and twin for all arms.
func (s aRun) draw(random *rand.Rand) (family []Comparison) {
	arms := make([][][]float64, s.arms+2) // arm, metric, round
	for i := range arms {
		arms[i] = make([][]float64, s.metrics)
		for m := range arms[i] {
			arms[i][m] = make([]float64, s.rounds)
		}
	}
	for round := range s.rounds {
		conditions := 3 * random.Float64()
		for i := range arms {
			common := s.noise.draw(random)
			for m := range s.metrics {
				x := math.Sqrt(s.together)*common + math.Sqrt(1-s.together)*s.noise.draw(random)
				if i < s.arms {
					x += s.effect(i, m)
				}
				arms[i][m][round] = math.Exp(conditions + s.sd*x)
			}
		}
	}
	for i := range s.arms {
		for m := range s.metrics {
			family = append(family, Paired(arms[i][m], arms[s.arms][m], arms[s.arms+1][m]))
		}
	}
	return family
}
