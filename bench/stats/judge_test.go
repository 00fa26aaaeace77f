package stats

import (
	"math"
	"testing"
)

// evidenceOf is a comparison of ten rounds with the interval 1/wide to wide around ratio.
func comparison(rounds int, ratio, wide, p float64) Comparison {
	return Comparison{N: rounds, Ratio: ratio, CI: [2]float64{ratio / wide, ratio * wide}, P: p, SD: 0.1}
}

func TestFindings(t *testing.T) {
	alike := comparison(10, 1, 1.2, 0.9)
	for _, c := range []struct {
		name string
		Comparison
		want Finding
	}{
		{"above", comparison(10, 1.5, 1.1, 1e-5), Above},
		{"below", comparison(10, 0.5, 1.1, 1e-5), Below},
		{"above, but not for one of four", comparison(10, 1.3, 1.1, 0.02), LikelyAbove},
		{"below, but not for one of four", comparison(10, 0.7, 1.1, 0.02), LikelyBelow},
		{"no more than chance would have it", comparison(10, 1.3, 1.29, 0.051), Unknown},
		{"excluded, but not even likely for one of four", comparison(10, 1.3, 1.29, 0.0499), LikelyAbove},
		{"inside the margin", comparison(10, 1.01, 1.03, 0.4), Same},
		{"surely another, by less than the margin", comparison(10, 1.05, 1.01, 1e-9), Same},
		{"across the margin", comparison(10, 1.05, 1.06, 0.06), Unknown},
		{"one round short", comparison(5, 1.5, 1.1, 1e-5), Unknown},
		{"nothing", Comparison{Ratio: math.NaN(), P: 1}, Unknown},
	} {
		if got := Judge([]Comparison{alike, c.Comparison, alike, alike}, 1.1)[1]; got.Finding != c.want {
			t.Errorf("%s: got %v, want %s", c.name, got, c.want)
		}
	}
}
