package stats

import "math"

func measured(x float64) bool { return x > 0 && !math.IsInf(x, 1) }

func measuredOf(xs []float64) (some []float64) {
	for _, x := range xs {
		if measured(x) {
			some = append(some, x)
		}
	}
	return some
}

func logsOf(xs []float64) (logs []float64) {
	for _, x := range xs {
		logs = append(logs, math.Log(x))
	}
	return logs
}

// mean is NaN for no values.
func mean(xs []float64) float64 {
	sum := 0.0
	for _, x := range xs {
		sum += x
	}
	return sum / float64(len(xs))
}

// meanVariance is the variance of the mean of xs.
func meanVariance(xs []float64) float64 {
	m, squares := mean(xs), 0.0
	for _, x := range xs {
		squares += (x - m) * (x - m)
	}
	n := float64(len(xs))
	return squares / (n - 1) / n
}
