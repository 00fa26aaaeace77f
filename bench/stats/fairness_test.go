package stats

import (
	"math"
	"testing"
	"testing/quick"
)

// m of k with equal shares have m/k, as the paper that brought the index says.
func TestJainKnown(t *testing.T) {
	for _, c := range []struct {
		shares []int
		want   float64
	}{
		{[]int{5, 5, 5, 5}, 1}, {[]int{7, 7, 7, 0}, 0.75}, {[]int{9, 0, 0, 0}, 0.25},
		{[]int{3}, 1}, {[]int{1, 2, 3}, 36.0 / 42},
	} {
		near(t, "Jain", Jain(c.shares), c.want, 1e-12)
	}
	if !math.IsNaN(Jain(nil)) || !math.IsNaN(Jain([]int{0, 0})) {
		t.Error("an index of nothing")
	}
}

// Between 1/k and 1, and the same whatever the unit.
func TestJainProperties(t *testing.T) {
	holds := func(counts []uint16, scale uint8) bool {
		shares, scaled, sum := []int{}, []int{}, 0
		for _, x := range counts {
			shares = append(shares, int(x))
			scaled = append(scaled, int(x)*(1+int(scale)))
			sum += int(x)
		}
		j := Jain(shares)
		if sum == 0 {
			return math.IsNaN(j)
		}
		least := 1 / float64(len(shares))
		return j >= least-1e-12 && j <= 1+1e-12 && math.Abs(j-Jain(scaled)) < 1e-9
	}
	if err := quick.Check(holds, &quick.Config{MaxCount: 2000}); err != nil {
		t.Error(err)
	}
}

// Thrown dice reach the reference, and for few connections a little more: the
// mean for 8 on 4 is counted out over all ways they can fall.
func TestJainOfHash(t *testing.T) {
	random := seeded(1)
	meanIndex := func(n, k int) float64 {
		sum := 0.0
		const trials = 4000
		for range trials {
			counts := make([]int, k)
			for range n {
				counts[random.IntN(k)]++
			}
			sum += Jain(counts)
		}
		return sum / trials
	}
	near(t, "1000 on 4", meanIndex(1000, 4), JainOfHash(1000, 4), 1e-4)
	near(t, "8 on 4", meanIndex(8, 4), 0.75414, 0.006)
	near(t, "reference of 8 on 4", JainOfHash(8, 4), 8.0/11, 1e-12)
	near(t, "reference of one worker", JainOfHash(8, 1), 1, 0)
}

// A die thrown 60 times, the example of Wikipedia's "Pearson's chi-squared
// test": 13.4, between the 5 % point 11.070 and the 1 % point 15.086.
func TestChiSquareDie(t *testing.T) {
	got := EqualShares([]int{5, 8, 9, 8, 10, 20})
	near(t, "statistic", got.Statistic, 13.4, 1e-9)
	near(t, "p", got.P, 0.0199, 1e-4)
	if got.DOF != 5 || got.Rough {
		t.Errorf("got %+v, want 5 degrees of freedom, and not rough", got)
	}
}

// Points of the printed tables: counts that give such a statistic exactly have
// such a p. Two counts of n/2 ± d have 4d²/n.
func TestChiSquareTable(t *testing.T) {
	near(t, "p at 1 dof", EqualShares([]int{500 + 31, 500 - 31}).P, 0.04991, 1e-4)
	near(t, "p of equal counts", EqualShares([]int{9, 9, 9, 9}).P, 1, 0)
	for _, c := range [][]int{nil, {5}, {0, 0}} {
		if got := EqualShares(c); !math.IsNaN(got.P) || !got.Rough {
			t.Errorf("of %v: got %+v, want nothing to test", c, got)
		}
	}
	if !EqualShares([]int{4, 5}).Rough {
		t.Error("4.5 expected each are not called rough")
	}
}

// Under chance p is uniform.
func TestChiSquareUnderChance(t *testing.T) {
	random := seeded(1)
	const trials = 4000
	below := 0
	for range trials {
		counts := make([]int, 4)
		for range 200 {
			counts[random.IntN(4)]++
		}
		if EqualShares(counts).P < 0.05 {
			below++
		}
	}
	near(t, "share with p < 0.05", float64(below)/trials, 0.05, 0.01)
}

func TestMaxShare(t *testing.T) {
	near(t, "of 1 2 5", MaxShare([]int{1, 2, 5}), 0.625, 1e-12)
	if !math.IsNaN(MaxShare(nil)) || !math.IsNaN(MaxShare([]int{0})) {
		t.Error("a share of nothing")
	}
}
