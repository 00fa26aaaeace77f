package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"prefork/bench/load"
	"prefork/bench/result"
)

// failed are the failures of one kind, of all arms.
type failed struct {
	kind  string
	n     int
	first string // what the first one of which that is known was
	arm   string // whose it was
}

// failures are all that a result has, the most frequent kind first.
func failures(r *result.Result) []failed {
	byKind := map[string]failed{}
	for _, round := range r.Rounds {
		for kind, n := range round.Errors {
			f := byKind[kind]
			f.kind, f.n = kind, f.n+n
			if first := round.FirstErrors[kind]; f.first == "" && first != "" {
				f.first, f.arm = first, round.Arm
			}
			byKind[kind] = f
		}
	}
	return slices.SortedFunc(maps.Values(byKind), func(a, b failed) int { return cmp.Or(b.n-a.n, cmp.Compare(a.kind, b.kind)) })
}

// said is one kind in words, with what the first of it was.
func (f failed) said(p result.Plan) string {
	text := fmt.Sprintf("%s %s failed: %s", result.Thousands(f.n), p.Counted(), load.InWords(f.kind))
	if f.first != "" {
		text += fmt.Sprintf(". The first, under %s: %s", f.arm, f.first)
	}
	return text
}

// failuresOf are those of a run in which none was to be expected.
func failuresOf(r *result.Result) (said []string) {
	if r.Plan.Scenario != "" && r.Plan.Scenario != "steady" {
		return nil // how many there are is what it asks
	}
	for _, f := range failures(r) {
		said = append(said, f.said(r.Plan))
	}
	return said
}
