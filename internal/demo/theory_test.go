//go:build linux

package demo_test

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"prefork/internal/demo"
)

// By counting all the ways in which it can happen.
func TestSomeEmpty(t *testing.T) {
	const n, k = 8, 4
	with, all := 0, 1<<(2*n)
	for roll := range all {
		seen := 0
		for throw := range n {
			seen |= 1 << (roll >> (2 * throw) & 3)
		}
		if seen != 1<<k-1 {
			with++
		}
	}
	if got, want := demo.SomeEmpty(n, k), float64(with)/float64(all); math.Abs(got-want) > 1e-9 {
		t.Errorf("SomeEmpty(8, 4) = %v, want %v", got, want)
	}
}

func TestIdleBesideQueue(t *testing.T) {
	const n = 8
	idle, all := 0, 0
	for a := range n + 1 {
		for b := range n + 1 - a {
			for c := range n + 1 - a - b {
				all++
				if a == 0 || b == 0 || c == 0 || a+b+c == n {
					idle++
				}
			}
		}
	}
	if got, want := demo.IdleBesideQueue(n, 4), float64(idle)/float64(all); math.Abs(got-want) > 1e-9 {
		t.Errorf("IdleBesideQueue(8, 4) = %v, want %v", got, want)
	}
}

// Bounds are as near as they may be: what is within is likelier than the tails.
func TestBounds(t *testing.T) {
	for _, c := range []struct {
		n int
		p float64
	}{{200, 0.377}, {100, 0.25}, {8, 0.5}} {
		b := distuv.Binomial{N: float64(c.n), P: c.p}
		low, high := demo.BinomialBounds(c.n, c.p)
		below, above := b.CDF(low-1), 1-b.CDF(high)
		if below > demo.ChanceBeyondEach || above > demo.ChanceBeyondEach {
			t.Errorf("n=%d p=%g: beyond %g and %g are %.2g and %.2g", c.n, c.p, low, high, below, above)
		}
		if b.CDF(low) <= demo.ChanceBeyondEach || 1-b.CDF(high-1) <= demo.ChanceBeyondEach {
			t.Errorf("n=%d p=%g: bounds %g and %g are further than they need be", c.n, c.p, low, high)
		}
	}
	if low, high := demo.LeastChiSquare(3), demo.MostChiSquare(3); low <= 0 || low > 0.01 || high < 20 || high > 30 {
		t.Errorf("bounds of χ² with 3 degrees of freedom: %g and %g", low, high)
	}
}
