package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/combin"
)

// clustered is the difference of two shares, of counts that are paired by round.
func clustered(arm, reference []Count) estimate {
	n := float64(len(arm))
	a, b := sumOf(arm), sumOf(reference)
	difference := a.share() - b.share()
	if n < 2 {
		return unknown(difference)
	}
	byRound := 0.0
	for i := range arm {
		// What the round adds to the difference of the shares of all; these sum to 0.
		z := (float64(arm[i].Harmed)-a.share()*float64(arm[i].Of))/float64(a.Of) -
			(float64(reference[i].Harmed)-b.share()*float64(reference[i].Of))/float64(b.Of)
		byRound += z * z * n / (n - 1)
	}
	byDice := diceVariance(a) + diceVariance(b)
	beyondDice := max(0, byRound-byDice)
	variance := byDice + beyondDice
	return estimate{difference, math.Sqrt(variance), (n - 1) * square(variance/beyondDice)}
}

// diceVariance is the variance of a share that is thrown by dice. One harmed and one
// unharmed are added, as none of 1,000 does not say that there never is one (Agresti &
// Caffo, The American Statistician 54, 2000).
func diceVariance(c Count) float64 {
	n := float64(c.Of + 2)
	share := float64(c.Harmed+1) / n
	return share * (1 - share) / n
}

func square(x float64) float64 { return x * x }

// fisher is the two-sided p-value of Fisher's exact test: of all the ways to deal
// the harmed ones to two samples of these sizes, the probability of those that are
// no more likely than what was seen.
func fisher(a, b Count) float64 {
	harmed := a.Harmed + b.Harmed
	logProbability := func(k int) float64 {
		return logWays(a.Of, k) + logWays(b.Of, harmed-k) - logWays(a.Of+b.Of, harmed)
	}
	seen, p := logProbability(a.Harmed), 0.0
	for k := max(0, harmed-b.Of); k <= min(harmed, a.Of); k++ {
		if other := logProbability(k); other <= seen+1e-7 {
			p += math.Exp(other)
		}
	}
	return min(1, p)
}

// logWays is the logarithm of the number of ways to choose k of n.
func logWays(n, k int) float64 { return combin.LogGeneralizedBinomial(float64(n), float64(k)) }
