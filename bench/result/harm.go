package result

import "prefork/bench/stats"

// Harmed is how many requests of an arm came to harm in a phase, against those of the
// baseline and its twin together. It is judged as counts: two rounds can tell, where
// they agree.
type Harmed struct {
	Phase    string `json:"phase"`
	Load     string `json:"load,omitempty"` // as that of a Round; of a load curve the one that the arms are judged at
	Metric   string `json:"metric"`         // lost or stalled
	Arm      string `json:"arm"`
	Baseline string `json:"baseline"`

	Hit        int        `json:"harmed"`
	Of         int        `json:"of"`
	BaseHarmed int        `json:"base_harmed"`
	BaseOf     int        `json:"base_of"`
	Difference float64    `json:"difference"` // of the two shares
	CI95       [2]float64 `json:"ci95"`
	N          int        `json:"n"`       // rounds that count
	PValue     float64    `json:"p_value"` // corrected for all that is judged with it
	// Finding and Rounds are as those of a Comparison.
	Finding string `json:"finding"`
	Rounds  int    `json:"rounds_to_tell,omitempty"`
}

// harmMargin is the difference of shares up to which two arms count as the same.
const harmMargin = manyLost

// harms are what Harmed counts.
var harms = []struct {
	metric string
	of     func(Round) int
}{
	{"lost", Round.Lost},
	{"stalled", func(r Round) int { return r.Stalled }},
}

// claimHarm sets every arm's counted harm against the baseline's, where there is any. All
// of it is one family.
func (r *Result) claimHarm() {
	r.Harms = nil
	twin, _ := r.Control()
	var family []stats.Counted
	for _, phase := range r.Phases() {
		for _, harm := range harms {
			for _, arm := range r.rivals() {
				counts := func(name string) []stats.Count { return r.counts(name, phase, harm.metric, harm.of) }
				c := stats.CompareCounts(counts(arm.Name), counts(r.Plan.Baseline), counts(twin))
				if c.Arm.Harmed+c.Reference.Harmed == 0 {
					continue
				}
				family = append(family, c)
				r.Harms = append(r.Harms, Harmed{
					Phase: phase, Load: r.load(phase), Metric: harm.metric, Arm: arm.Name, Baseline: r.Plan.Baseline,
					Hit: c.Arm.Harmed, Of: c.Arm.Of, BaseHarmed: c.Reference.Harmed, BaseOf: c.Reference.Of,
					Difference: c.Difference, CI95: c.CI, N: c.N,
				})
			}
		}
	}
	for i, j := range stats.JudgeCounts(family, harmMargin) {
		r.Harms[i].PValue, r.Harms[i].Finding, r.Harms[i].Rounds = j.P, j.Finding.String(), j.Rounds
	}
}

// rivals are the arms that are held against the baseline.
func (r *Result) rivals() (arms []Arm) {
	for _, arm := range r.Arms {
		if !arm.Control && arm.Name != r.Plan.Baseline {
			arms = append(arms, arm)
		}
	}
	return arms
}

// counts are an arm's by round, from the first on; none of a round that is not sound.
func (r *Result) counts(arm, phase, metric string, harmed func(Round) int) (all []stats.Count) {
	m, _ := LookupMetric(metric)
	for _, round := range r.In(phase) {
		if round.Arm != arm || !round.Sound(m) {
			continue
		}
		for len(all) < round.Round {
			all = append(all, stats.Count{})
		}
		all[round.Round-1] = stats.Count{Harmed: harmed(round), Of: round.Ended()}
	}
	return all
}

// HarmOf is a count of one arm against the baseline's; ok is false where neither came to
// any.
func (r *Result) HarmOf(arm, phase, metric string) (h Harmed, ok bool) {
	load := r.load(phase)
	return find(r.Harms, func(h Harmed) bool {
		return h.Arm == arm && h.Phase == phase && h.Load == load && h.Metric == metric
	})
}

// harmTold reports whether the arms surely differ in what came to harm.
func (r *Result) harmTold() bool {
	_, told := find(r.Harms, func(h Harmed) bool {
		return h.Finding == stats.Above.String() || h.Finding == stats.Below.String()
	})
	return told
}
