package result

import (
	"math"
	"testing"
	"time"
)

// At 80 % of what four workers can do, with 5 ms each: 1 + 0.5964/0.8 service times
// in one queue, 1/(1−0.8) in one of four by chance, and 1/(1−σ) in turn, where
// σ = (3.2/(4.2−σ))⁴ = 0.694. Two workers that share a queue wait ρ²/(1−ρ²) service times.
func TestInTheory(t *testing.T) {
	r := simulated(steadyTruths(), 6, 1)
	r.Plan.Workload, r.Plan.Service = "work", "exp:5ms"
	for i := range r.Rounds {
		if r.Rounds[i].Phase == Open {
			r.Rounds[i].OfferedRate = 640
		}
	}
	for _, c := range []struct {
		arm  Arm
		want float64 // ms; 0 where there is no formula
	}{
		{Arm{Strategy: "shared", Workers: 4, Concurrency: 1}, 8.73},
		{Arm{Strategy: "reuseport", Steer: "hash", Workers: 4, Concurrency: 1}, 25},
		{Arm{Strategy: "reuseport", Steer: "round-robin", Workers: 4, Concurrency: 1}, 16.34},
		{Arm{Strategy: "reuseport", Steer: "least-loaded", Workers: 4, Concurrency: 1}, 0},
		{Arm{Strategy: "dispatch", Policy: "round-robin", Workers: 4, Concurrency: 1}, 0},
		{Arm{Strategy: "shared", Workers: 4, Concurrency: 2}, 0},
		// One queue is shared's; as many as workers are the hash's; two are two of M/M/2.
		{Arm{Strategy: "reuseport", Steer: "hash", Workers: 4, Concurrency: 1, Flags: []string{"--queues", "1"}}, 8.73},
		{Arm{Strategy: "reuseport", Steer: "hash", Workers: 4, Concurrency: 1, Flags: []string{"--queues=2"}}, 13.89},
		{Arm{Strategy: "reuseport", Steer: "hash", Workers: 4, Concurrency: 1, Flags: []string{"--backlog", "9", "-queues", "4"}}, 25},
		{Arm{Strategy: "reuseport", Steer: "hash", Workers: 4, Concurrency: 1, Flags: []string{"--queues", "4", "--overlap", "2"}}, 0},
		{Arm{Strategy: "reuseport", Steer: "hash", Workers: 4, Concurrency: 1, Flags: []string{"--queues", "5"}}, 0},
		{Arm{Strategy: "reuseport", Steer: "cpu", Workers: 4, Concurrency: 1, Flags: []string{"--queues", "2"}}, 0},
		{Arm{Strategy: "shared", Workers: 3, Concurrency: 1}, 0}, // has no end
	} {
		got, ok := r.InTheory(c.arm)
		if ok != (c.want > 0) || ok && math.Abs(float64(got.Mean)/float64(time.Millisecond)-c.want) > 0.02 {
			t.Errorf("%+v: got %v, %v, want %v ms", c.arm, got, ok, c.want)
		}
	}
}
