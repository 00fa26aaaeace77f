package stats

import "math/rand/v2"

// Noise is how far apart two arms come out that are the same (A/A): a and b are
// one metric of two such arms, paired by round, in one unit. It is the 95 %
// confidence interval of their ratio, made symmetric about 1 (as 1/x to x) by
// its farther end. Which of two equal arms is called the first is arbitrary,
// and so is the side on which the interval lies. [0, +Inf], which lets no
// difference pass, if fewer than 2 rounds gave a ratio.
func Noise(a, b []float64, random *rand.Rand) [2]float64 {
	ci := Compare(a, b, random).CI
	farther := max(ci[1], 1/ci[0])
	return [2]float64{1 / farther, farther}
}
