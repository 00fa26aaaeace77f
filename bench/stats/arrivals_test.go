package stats

import (
	"math"
	"slices"
	"testing"
	"time"
)

// firstArrivals are those within the first while.
func firstArrivals(rate float64, seed uint64, while time.Duration) (all []time.Duration) {
	for at := range Arrivals(rate, seeded(seed)) {
		if at >= while {
			break
		}
		all = append(all, at)
	}
	return all
}

// In a Poisson stream counts of equal times have their mean for variance, and
// fall anywhere in time as likely.
func TestArrivalsArePoisson(t *testing.T) {
	const rate, seconds = 200, 2000
	counts := make([]int, seconds)
	all := firstArrivals(rate, 1, seconds*time.Second)
	for _, at := range all {
		counts[at/time.Second]++
	}
	near(t, "rate", float64(len(all))/seconds, rate, 1)
	square := 0.0
	for _, n := range counts {
		square += (float64(n) - rate) * (float64(n) - rate)
	}
	near(t, "variance over mean", square/seconds/rate, 1, 0.08)
	if p := EqualShares(counts).P; p < 0.001 {
		t.Errorf("not spread evenly over time: p = %v", p)
	}
}

func TestArrivalsAreRepeatableAndInOrder(t *testing.T) {
	all := firstArrivals(1000, 7, time.Second)
	if !slices.Equal(all, firstArrivals(1000, 7, time.Second)) {
		t.Error("one seed gave two streams")
	}
	if !slices.IsSorted(all) {
		t.Error("not in order")
	}
	if slices.Equal(all, firstArrivals(1000, 8, time.Second)) {
		t.Error("two seeds gave one stream")
	}
}

// The same pattern, stretched: what makes two rates comparable.
func TestHalfTheRateStretches(t *testing.T) {
	fast, slow := firstArrivals(1000, 7, time.Second), firstArrivals(500, 7, 2*time.Second)
	if len(fast) != len(slow) {
		t.Fatalf("%d arrivals and %d", len(fast), len(slow))
	}
	for i := range fast {
		near(t, "offset", float64(slow[i]), 2*float64(fast[i]), 3)
	}
}

func TestArrivalsEnd(t *testing.T) {
	for _, rate := range []float64{0, -1, math.NaN(), math.SmallestNonzeroFloat64} {
		for at := range Arrivals(rate, seeded(1)) {
			t.Errorf("rate %v: arrival at %v", rate, at)
			break
		}
	}
	last := time.Duration(0)
	for at := range Arrivals(1e-9, seeded(1)) {
		if at < last {
			t.Fatalf("%v after %v", at, last)
		}
		last = at
	}
}
