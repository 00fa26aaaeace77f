package stats

import (
	"math"
	"testing"
)

// The ranks and confidences are those of the printed tables for the sign test:
// n=10 has the 2nd and the 9th at 97.85 %, n=20 the 6th and the 15th at 95.86 %.
func TestMedianRanks(t *testing.T) {
	for _, c := range []struct {
		n, j       int
		confidence float64
	}{
		{1, 1, 0}, {2, 1, 0.5}, {5, 1, 0.9375}, {6, 1, 0.96875}, {8, 1, 0.9922},
		{9, 2, 0.9609}, {10, 2, 0.9785}, {15, 4, 0.9648}, {20, 6, 0.9586}, {100, 40, 0.9648},
	} {
		j, confidence := medianRank(c.n)
		if j != c.j {
			t.Errorf("n=%d: got rank %d, want %d", c.n, j, c.j)
		}
		near(t, "confidence", confidence, c.confidence, 5e-5)
	}
}

func TestMedian(t *testing.T) {
	m := MedianOf([]float64{9, 1, 8, 2, 7, 3})
	if want := (Median{Value: 5, CI: [2]float64{1, 9}, Confidence: 0.96875}); m != want {
		t.Errorf("got %+v, want %+v", m, want)
	}
	if m = MedianOf([]float64{3, 1, 2}); m.Value != 2 || m.CI != [2]float64{1, 3} || !m.Short {
		t.Errorf("of three: got %+v, want 2, the range, and Short", m)
	}
	if m = MedianOf(nil); !math.IsNaN(m.Value) || !m.Short {
		t.Errorf("of none: got %+v", m)
	}
}

func TestMedianLeavesItsArgument(t *testing.T) {
	xs := []float64{3, 1, 2}
	if MedianOf(xs); xs[0] != 3 || xs[1] != 1 || xs[2] != 2 {
		t.Errorf("got %v", xs)
	}
}

// Whatever the distribution: here one without a mean.
func TestMedianCoverage(t *testing.T) {
	random := seeded(1)
	const trials = 4000
	for _, n := range []int{6, 10, 20} {
		held := 0
		xs := make([]float64, n)
		for range trials {
			for i := range xs {
				xs[i] = random.NormFloat64() / random.NormFloat64() // Cauchy
			}
			if ci := MedianOf(xs).CI; ci[0] <= 0 && 0 <= ci[1] {
				held++
			}
		}
		near(t, "coverage", float64(held)/trials, MedianOf(xs).Confidence, 0.01)
	}
}
