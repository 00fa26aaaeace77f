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

// draw is the family of the run's comparisons, arm by arm.
func (s aRun) draw(random *rand.Rand) []Comparison { return s.measure(random).compare(s.rounds) }

// measurements are the numbers of arms, metrics and rounds; the last two arms are the
// baseline and its twin.
type measurements [][][]float64

// measure draws the rounds. Each has conditions of its own, which all arms share.
func (s aRun) measure(random *rand.Rand) measurements {
	arms := make(measurements, s.arms+2)
	for i := range arms {
		arms[i] = make([][]float64, s.metrics)
	}
	for range s.rounds {
		conditions := 3 * random.Float64()
		for i := range arms {
			common := s.noise.draw(random)
			for m := range s.metrics {
				x := common
				if s.together < 1 {
					x = math.Sqrt(s.together)*common + math.Sqrt(1-s.together)*s.noise.draw(random)
				}
				if i < s.arms {
					x += s.effect(i, m)
				}
				arms[i][m] = append(arms[i][m], math.Exp(conditions+s.sd*x))
			}
		}
	}
	return arms
}

// compare sets the first n rounds of all arms against those of one baseline and twin.
func (arms measurements) compare(n int) (family []Comparison) {
	last := len(arms) - 1
	for _, arm := range arms[:last-1] {
		for m := range arm {
			family = append(family, Paired(arm[m][:n], arms[last-1][m][:n], arms[last][m][:n]))
		}
	}
	return family
}
