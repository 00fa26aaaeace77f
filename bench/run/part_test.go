//go:build linux

package run

import (
	"testing"

	"prefork/bench/result"
)

// JSON has no NaN, which is what the fairness of nothing comes to.
func TestNothingDealtHasNoFairness(t *testing.T) {
	p := part{run: &run{}, arm: result.Arm{Workers: 2}}
	r := result.Round{Workers: []result.Worker{{PID: 1}, {PID: 2}}}
	p.fairness(&r)
	if r.Jain != nil || r.ChiSquareP != nil || r.MaxShare != nil {
		t.Errorf("fairness of no connections: %v, %v, %v", r.Jain, r.ChiSquareP, r.MaxShare)
	}
}

// The rate for all is a share of what the weakest can do, by its median round.
func TestWeakestArm(t *testing.T) {
	round := func(arm string, conns int) result.Round { return result.Round{Arm: arm, Conns: conns, Seconds: 0.5} }
	rounds := []result.Round{round("a", 50), round("b", 40), round("a", 90), round("b", 200), round("a", 70), round("b", 190)}
	if got := weakest(rounds); got != 140 {
		t.Errorf("%v connections a second, want a's median of 140", got)
	}
	if got := weakest(nil); got != 0 {
		t.Errorf("%v connections a second of nothing", got)
	}
}
