package stats

import (
	"math"
	"testing"
)

func TestGeoMean(t *testing.T) {
	m := GeoMean([]float64{1, 2, 4, 8, 16, 0, math.NaN(), -3, math.Inf(1)})
	if m.N != 5 || m.Missing != 4 {
		t.Errorf("got %+v, want 5 values and 4 missing", m)
	}
	near(t, "mean", m.Value, 4, 1e-12)
	// Logarithms to base 2 are 0 to 4: mean 2, standard error √½, and t is 2.776 for 4.
	near(t, "lower end", math.Log2(m.CI[0]), 2-2.7764451*math.Sqrt(0.5), 1e-6)
	near(t, "upper end", math.Log2(m.CI[1]), 2+2.7764451*math.Sqrt(0.5), 1e-6)
	if m = GeoMean(nil); m.N != 0 || !math.IsNaN(m.Value) || m.CI[0] != 0 || !math.IsInf(m.CI[1], 1) {
		t.Errorf("got %+v of nothing", m)
	}
	if m = GeoMean([]float64{3}); m.CI[0] != 0 || !math.IsInf(m.CI[1], 1) {
		t.Errorf("got %+v of one value", m)
	}
	if m = GeoMean([]float64{3, 3, 3}); m.CI[0] != m.Value || m.CI[1] != m.Value {
		t.Errorf("got %+v of equal values", m)
	}
}
