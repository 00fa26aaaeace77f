//go:build linux

package run

import (
	"testing"

	"prefork/bench/result"
)

// JSON has no NaN, which is what the fairness of nothing comes to.
func TestNothingDealtHasNoFairness(t *testing.T) {
	r := result.Round{Workers: []result.Worker{{PID: 1}, {PID: 2}}}
	fairness(result.Arm{Workers: 2}, &r)
	if r.Jain != nil || r.ChiSquareP != nil || r.MaxShare != nil {
		t.Errorf("fairness of no connections: %v, %v, %v", r.Jain, r.ChiSquareP, r.MaxShare)
	}
}
