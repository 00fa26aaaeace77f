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

func exp(xs []float64) (ys []float64) {
	for _, x := range xs {
		ys = append(ys, math.Exp(x))
	}
	return ys
}

func logNormal(n int, middle, spread float64, random *rand.Rand) (xs []float64) {
	for range n {
		xs = append(xs, middle*math.Exp(spread*random.NormFloat64()))
	}
	return xs
}
