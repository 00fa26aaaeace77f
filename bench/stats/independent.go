package stats

import (
	"math"
	"slices"
)

// Independent sets the rounds of new runs against those of old ones, made at other times,
// so that round i of the one has nothing in common with round i of the other (Welch's test
// on their logarithms). new[i] are the rounds of one run. What changed between the runs
// besides what was meant to is in the ratio. Where there is one run on each side no
// statistics of theirs can tell; several runs of a side that differ by more than their
// rounds do make the ratio that much less sure.
func Independent(new, old [][]float64) Comparison {
	a, b := sideOf(new), sideOf(old)
	c := comparisonOf(a.rounds, b.rounds, a.without+b.without, a.mean().minus(b.mean()), math.Hypot(deviation(logsOf(a.rounds)), deviation(logsOf(b.rounds))))
	c.N = min(len(a.rounds), len(b.rounds))
	return c
}

// side is what was measured in some runs.
type side struct {
	rounds  []float64
	runs    [][]float64 // logarithms
	without int
}

func sideOf(runs [][]float64) (s side) {
	for _, run := range runs {
		some := measuredOf(run)
		s.without += len(run) - len(some)
		s.rounds = append(s.rounds, some...)
		if len(some) > 0 {
			s.runs = append(s.runs, logsOf(some))
		}
	}
	return s
}

// mean is that of all rounds. Its variance is that of the rounds or that of the runs,
// whichever is larger. Only what the runs have beyond their rounds is estimated from them,
// and has their few degrees of freedom (Satterthwaite, 1946).
func (s side) mean() estimate {
	all := slices.Concat(s.runs...)
	e := meanOf(all)
	if len(s.runs) < 2 || math.IsInf(e.se, 1) {
		return e
	}
	within, between := square(e.se), s.betweenRuns(e.value)
	beyond := max(0, between-within)
	e.se = math.Sqrt(within + beyond)
	if beyond > 0 {
		e.df = square(within+beyond) / (square(within)/e.df + square(beyond)/float64(len(s.runs)-1))
	}
	return e
}

// betweenRuns is the variance of the mean of all rounds, as the means of the runs have it:
// each counts for as many rounds as it has.
func (s side) betweenRuns(middle float64) float64 {
	n, squares := 0.0, 0.0
	for _, run := range s.runs {
		weight := float64(len(run))
		n += weight
		squares += square(weight * (mean(run) - middle))
	}
	k := float64(len(s.runs))
	return squares / square(n) * k / (k - 1)
}

// minus is the difference of two independent numbers (Welch, 1947).
func (e estimate) minus(other estimate) estimate {
	value := e.value - other.value
	if math.IsInf(e.se, 1) || math.IsInf(other.se, 1) {
		return unknown(value)
	}
	ours, theirs := square(e.se), square(other.se)
	df := min(e.df, other.df)
	if ours+theirs > 0 {
		df = max(df, square(ours+theirs)/(square(ours)/e.df+square(theirs)/other.df))
	}
	return settled(estimate{value, math.Sqrt(ours + theirs), df})
}
