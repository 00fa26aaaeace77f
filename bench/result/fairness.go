package result

import (
	"math"

	"prefork/bench/stats"
)

// Fairness is how evenly an arm's connections fell to its workers.
type Fairness struct {
	Busiest float64 // share of the busiest worker, by the median round
	Even    float64 // share of each, if all had the same
	OfHash  float64 // Jain's index to expect of a perfect hash
	// ChiSquareP is how often dice would deal all rounds as unevenly or worse; NaN where
	// that is not known.
	ChiSquareP float64
}

// FairnessOf is that of an arm in a phase; ok is false where it was not measured.
func (r *Result) FairnessOf(arm Arm, phase string) (f Fairness, ok bool) {
	var busiest, expected []float64
	var dealt [][]int
	for _, round := range r.In(phase) {
		if round.Arm != arm.Name || round.MaxShare == nil {
			continue
		}
		busiest = append(busiest, *round.MaxShare)
		if round.JainExpected != nil {
			expected = append(expected, *round.JainExpected)
		}
		counts := make([]int, max(arm.Workers, len(round.Workers))) // who got nothing may be in no list
		for i, w := range round.Workers {
			counts[i] = w.Conns
		}
		dealt = append(dealt, counts)
	}
	if len(busiest) == 0 || arm.Workers == 0 {
		return f, false
	}
	f = Fairness{
		Busiest: stats.MedianOf(busiest).Value, Even: 1 / float64(arm.Workers),
		OfHash: math.NaN(), ChiSquareP: stats.EqualSharesOf(dealt).P,
	}
	if len(expected) > 0 {
		f.OfHash = stats.MedianOf(expected).Value
	}
	return f, true
}
