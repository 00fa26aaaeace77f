package result

import (
	"cmp"
	"slices"
)

// Pool puts several runs of one plan together, as if they had been one of all their
// rounds; rounds of one run stay beside each other. What else is told of them, such as
// the machine, is of the first.
func Pool(runs []*Result) *Result {
	if len(runs) == 1 {
		return runs[0]
	}
	pooled := *runs[0]
	pooled.Rounds, pooled.Plan.Rounds = nil, 0
	pooled.Arms, pooled.LeftOut, pooled.Short, pooled.Repeats = slices.Clone(pooled.Arms), slices.Clone(pooled.LeftOut), slices.Clone(pooled.Short), slices.Clone(pooled.Repeats)
	before := 0
	for i, r := range runs {
		last := before
		for _, round := range r.Rounds {
			round.Round, round.Run = round.Round+before, i
			pooled.Rounds = append(pooled.Rounds, round)
			last = max(last, round.Round)
		}
		before, pooled.Plan.Rounds = last, pooled.Plan.Rounds+r.Plan.Rounds
		pooled.Partial = cmp.Or(pooled.Partial, r.Partial)
		if i > 0 {
			pooled.take(r)
		}
	}
	pooled.Summarise()
	return &pooled
}

// take adds the lists of another run.
func (r *Result) take(other *Result) {
	for _, arm := range other.Arms {
		if !slices.ContainsFunc(r.Arms, func(a Arm) bool { return a.Name == arm.Name }) {
			r.Arms = append(r.Arms, arm)
		}
	}
	r.LeftOut = append(r.LeftOut, other.LeftOut...)
	r.Short = append(r.Short, other.Short...)
	r.Repeats = append(r.Repeats, other.Repeats...)
}

// byRun are the values of rounds, those of each run together.
func (m Metric) byRun(rounds []Round) (runs [][]float64) {
	for len(rounds) > 0 {
		n := slices.IndexFunc(rounds, func(r Round) bool { return r.Run != rounds[0].Run })
		if n < 0 {
			n = len(rounds)
		}
		runs, rounds = append(runs, m.values(rounds[:n])), rounds[n:]
	}
	return runs
}
