package result

import "prefork/bench/stats"

// ChangedHarm is how counted harm of one arm went from an old run to a new one.
type ChangedHarm struct {
	Arm        string     `json:"arm"`
	Phase      string     `json:"phase"`
	Metric     string     `json:"metric"` // lost or stalled
	Old        int        `json:"old"`
	OldOf      int        `json:"old_of"`
	New        int        `json:"new"`
	NewOf      int        `json:"new_of"`
	Difference float64    `json:"difference"` // of the two shares, new less old
	CI95       [2]float64 `json:"ci95"`
	N          int        `json:"n"` // rounds of the side that has fewer
	PValue     float64    `json:"p_value"`
	Verdict    string     `json:"verdict"` // as in Comparison
}

// ChangesOfHarm sets what came to harm of each arm that is in both runs against itself,
// where there is any. All of it is one family.
func ChangesOfHarm(old, new *Result) (all []ChangedHarm) {
	var family []stats.Counted
	for _, phase := range new.Phases() {
		for _, harm := range harms {
			for _, arm := range commonArms(old, new) {
				c := stats.IndependentCounts(new.counts(arm, phase, harm.metric, harm.of), old.counts(arm, phase, harm.metric, harm.of))
				if c.Arm.Harmed+c.Reference.Harmed == 0 {
					continue
				}
				if c.N == 0 {
					c.Difference = 0 // of nothing; JSON knows no NaN
				}
				family = append(family, c)
				all = append(all, ChangedHarm{
					Arm: arm, Phase: phase, Metric: harm.metric,
					Old: c.Reference.Harmed, OldOf: c.Reference.Of, New: c.Arm.Harmed, NewOf: c.Arm.Of,
					Difference: c.Difference, CI95: c.CI, N: c.N,
				})
			}
		}
	}
	for i, j := range stats.JudgeCounts(family, harmMargin) {
		all[i].PValue, all[i].Verdict = j.P, inWords(j, all[i].N, Less)
	}
	return all
}
