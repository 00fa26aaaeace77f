package stats

import "testing"

func TestQuantileNeeds(t *testing.T) {
	for q, want := range map[float64]int{0.5: 20, 0.9: 100, 0.99: 1000, 0.999: 10_000, 0: 10} {
		if got := QuantileNeeds(q); got != want {
			t.Errorf("%v needs %d, want %d", q, got, want)
		}
		if TellsQuantile(q, want-1) || !TellsQuantile(q, want) {
			t.Errorf("%v is not told by %d and no fewer", q, want)
		}
	}
}
