package stats

import (
	"math"
	"slices"
)

// harmed are the counts of the rounds that are compared: the runs of the arm, and those of
// the reference, which are up to two in each round.
type harmed struct{ arm, reference []Count }

func harmedIn(arm, baseline, twin []Count) (h harmed, without int) {
	all := max(len(arm), len(baseline), len(twin))
	for i := range all {
		run, first, second := countAt(arm, i), countAt(baseline, i), countAt(twin, i)
		if run.Of > 0 && first.Of+second.Of > 0 {
			h.arm, h.reference = append(h.arm, run), append(h.reference, first, second)
		}
	}
	h.reference = slices.DeleteFunc(h.reference, func(c Count) bool { return c.Of == 0 })
	return h, all - len(h.arm)
}

// needs is the number of rounds that have MinCountRuns.
func (h harmed) needs() int {
	if n := len(h.arm); n > 0 && len(h.reference) == 2*n {
		return MinCountRuns / 3
	}
	return MinCountRuns / 2
}

// difference is that of the shares, with a variance that is as many times what dice
// would give it as the runs of the arm, or those of the reference, are spread wider. What
// dice give is known beforehand. Only what is beyond that is estimated from the runs, and
// has their few degrees of freedom (Satterthwaite, 1946).
func (h harmed) difference(rounds int) estimate {
	n := float64(rounds)
	arm, reference := sumOf(h.arm), sumOf(h.reference)
	difference := arm.share() - reference.share()
	if n < 2 {
		return unknown(difference)
	}
	byDice := diceVariance(arm) + diceVariance(reference)
	beyondDice := byDice * max(0, overdispersion(h.arm)-1, overdispersion(h.reference)-1)
	variance := byDice + beyondDice
	return estimate{difference, math.Sqrt(variance), (n - 1) * square(variance/beyondDice)}
}

// overdispersion is how many times as wide as dice would have it the counts of runs are
// spread (Pearson's statistic by its degrees of freedom); 0 where nothing can be said, as
// all or none came to harm.
func overdispersion(runs []Count) float64 {
	all := sumOf(runs)
	share := all.share()
	if len(runs) < 2 || all.Harmed == 0 || all.Harmed == all.Of {
		return 0
	}
	statistic := 0.0
	for _, run := range runs {
		expected := share * float64(run.Of)
		statistic += square(float64(run.Harmed)-expected) / (expected * (1 - share))
	}
	return statistic / float64(len(runs)-1)
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
