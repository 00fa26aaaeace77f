package stats

import (
	"math"
	"slices"
)

// harmRounds are the counts of rounds that were compared: of the arm, of the reference
// as a whole, and of each run of the reference by itself.
type harmRounds struct{ arm, reference, runs []Count }

func harmRoundsOf(arm, baseline, twin []Count) (h harmRounds, without int) {
	all := max(len(arm), len(baseline), len(twin))
	for i := range all {
		first, second := countAt(baseline, i), countAt(twin, i)
		reference := first.plus(second)
		if a := countAt(arm, i); a.Of > 0 && reference.Of > 0 {
			h.arm, h.reference = append(h.arm, a), append(h.reference, reference)
			h.runs = append(h.runs, first, second)
		}
	}
	h.runs = slices.DeleteFunc(h.runs, func(c Count) bool { return c.Of == 0 })
	return h, all - len(h.arm)
}

// needs is the number of rounds that have MinCountRuns.
func (h harmRounds) needs() int {
	if twins := len(h.runs) == 2*len(h.arm); twins && len(h.arm) > 0 {
		return MinCountRuns / 3
	}
	return MinCountRuns / 2
}

// difference is that of the shares of all, with the variance that rounds give it.
func (h harmRounds) difference() estimate {
	n := float64(len(h.arm))
	a, b := sumOf(h.arm), sumOf(h.reference)
	difference := a.share() - b.share()
	if n < 2 {
		return unknown(difference)
	}
	byDice := diceVariance(a) + diceVariance(b)
	beyondDice := max(0, h.pairedVariance()-byDice, byDice*(max(overdispersion(h.arm), overdispersion(h.runs))-1))
	variance := byDice + beyondDice
	return estimate{difference, math.Sqrt(variance), (n - 1) * square(variance/beyondDice)}
}

// pairedVariance is the variance of the difference by what each round adds to it.
func (h harmRounds) pairedVariance() float64 {
	n := float64(len(h.arm))
	a, b := sumOf(h.arm), sumOf(h.reference)
	squares := 0.0
	for i := range h.arm {
		squares += square(h.arm[i].beyond(a.share())/float64(a.Of) - h.reference[i].beyond(b.share())/float64(b.Of))
	}
	return squares * n / (n - 1)
}

// overdispersion is how many times as far as dice would have it the counts of runs are
// spread (Pearson's statistic by its degrees of freedom); 0 where nothing can be said,
// as all or none came to harm.
func overdispersion(runs []Count) float64 {
	all := sumOf(runs)
	share := all.share()
	if len(runs) < 2 || all.Harmed == 0 || all.Harmed == all.Of {
		return 0
	}
	statistic := 0.0
	for _, run := range runs {
		statistic += square(run.beyond(share)) / (float64(run.Of) * share * (1 - share))
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
