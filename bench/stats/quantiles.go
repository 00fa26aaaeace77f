package stats

import "math"

// Beyond is how many samples must lie beyond a quantile for it to be more than a few
// chance values: with ten, their number is known to about a third.
const Beyond = 10

// QuantileNeeds is how many samples it takes to tell the q-quantile, 0 ≤ q < 1: 1,000
// for p99, 10,000 for p99.9.
func QuantileNeeds(q float64) int {
	return int(math.Ceil(Beyond/(1-q) - 1e-6)) // 1−0.99 is a little less than 0.01
}

// TellsQuantile says whether n samples, pooled over rounds, tell the q-quantile.
func TellsQuantile(q float64, n int) bool { return n >= QuantileNeeds(q) }
