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

// welch are the degrees of freedom of the difference of two means (Welch, 1947).
// Without any spread there is no uncertainty that they would matter to.
func welch(a, b []float64) float64 {
	va, vb := meanVariance(a), meanVariance(b)
	least := float64(min(len(a), len(b)) - 1)
	if va+vb == 0 {
		return least
	}
	return max(least, (va+vb)*(va+vb)/(va*va/float64(len(a)-1)+vb*vb/float64(len(b)-1)))
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
