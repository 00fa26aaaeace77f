package stats

import (
	"slices"
	"testing"
)

// What R's p.adjust gives of the same, by "holm" and by "BH".
func TestAdjustTextbook(t *testing.T) {
	ps := []float64{0.04, 0.001, 0.03, 0.005, 0.5}
	for i, want := range []float64{0.09, 0.005, 0.09, 0.02, 0.5} {
		near(t, "Holm", Adjust(ps)[i], want, 1e-12)
	}
	for i, want := range []float64{0.05, 0.005, 0.05, 0.0125, 0.5} {
		near(t, "Benjamini–Hochberg", benjaminiHochberg(ps)[i], want, 1e-12)
	}
	eleven := slices.Repeat([]float64{0.04}, 11)
	near(t, "more than ten", Adjust(eleven)[0], 0.04, 1e-12)
	near(t, "ten", Adjust(eleven[:10])[0], 0.4, 1e-12)
	if got := Adjust(nil); len(got) != 0 {
		t.Errorf("got %v of no comparison", got)
	}
}
