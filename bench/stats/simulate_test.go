package stats

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// noise is how the logarithm of a round's number is spread: with a mean of 0 and a
// standard deviation of 1.
type noise struct {
	name string
	draw func(*rand.Rand) float64
}

var (
	normal      = noise{"normal", (*rand.Rand).NormFloat64}
	exponential = noise{"exponential", func(r *rand.Rand) float64 { return r.ExpFloat64() - 1 }}
	student3    = noise{"Student, 3 dof", func(r *rand.Rand) float64 {
		squares := 0.0
		for range 3 {
			squares += square(r.NormFloat64())
		}
		return r.NormFloat64() / math.Sqrt(squares)
	}}
	rareSlow = noise{"10 % at +5 sd", func(r *rand.Rand) float64 {
		x := r.NormFloat64()
		if r.Float64() < 0.1 {
			x += 5
		}
		return (x - 0.5) / math.Sqrt(1+25*0.09)
	}}
)

var noises = []noise{
	normal, exponential, student3, rareSlow,
	{"lognormal", func(r *rand.Rand) float64 {
		const s = 0.5
		mean, variance := math.Exp(s*s/2), (math.Exp(s*s)-1)*math.Exp(s*s)
		return (math.Exp(s*r.NormFloat64()) - mean) / math.Sqrt(variance)
	}},
	{"log of exponential", func(r *rand.Rand) float64 {
		const euler = 0.5772156649
		return (math.Log(r.ExpFloat64()) + euler) * math.Sqrt(6) / math.Pi
	}},
}

// fewer is a number of trials, cut where each is slow.
func fewer(trials int) int {
	if raced {
		return trials / 10
	}
	return trials
}

// luckless is the probability below which a count of trials is no more put down to luck.
// As seeds are fixed, a test that passed goes on passing.
const luckless = 0.001

// atMost fails the test if so many hits are too many for a probability of limit.
func atMost(t *testing.T, what string, hits, trials int, limit float64) {
	t.Helper()
	t.Logf("%s: %.1f %% of %d", what, 100*float64(hits)/float64(trials), trials)
	if (distuv.Binomial{N: float64(trials), P: limit}).Survival(float64(hits-1)) < luckless {
		t.Errorf("%s: %d of %d, too many for %.0f %%", what, hits, trials, 100*limit)
	}
}

// atLeast fails the test if so many hits are too few for a probability of limit.
func atLeast(t *testing.T, what string, hits, trials int, limit float64) {
	t.Helper()
	t.Logf("%s: %.1f %% of %d", what, 100*float64(hits)/float64(trials), trials)
	if (distuv.Binomial{N: float64(trials), P: limit}).CDF(float64(hits)) < luckless {
		t.Errorf("%s: %d of %d, too few for %.0f %%", what, hits, trials, 100*limit)
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
