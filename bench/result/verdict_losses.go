package result

import (
	"fmt"
	"slices"

	"prefork/bench/stats"
)

// losses says whether an arm surely lost fewer requests than the baseline, or more.
func (r *Result) losses(arm Arm) (fewer, more bool) {
	for _, h := range r.Harms {
		if h.Arm == arm.Name && h.Metric == "lost" {
			fewer = fewer || h.Finding == stats.Below.String()
			more = more || h.Finding == stats.Above.String()
		}
	}
	return fewer, more
}

// unclaimed says whose latency is not held against others', and why.
func (v verdict) unclaimed() (said []string) {
	var doubtful []string
	for _, s := range v.standings {
		for _, c := range s.unclaimed {
			doubtful = append(doubtful, v.survivors(c.Arm, c.Phase), v.survivors(c.Baseline, c.Phase))
		}
	}
	for _, sentence := range doubtful {
		if sentence != "" && !slices.Contains(said, sentence) {
			said = append(said, sentence)
		}
	}
	return said
}

// survivors is empty for an arm that did not lose many.
func (v verdict) survivors(arm, phase string) string {
	share := v.LostShare(arm, phase)
	if share == 0 {
		return ""
	}
	return fmt.Sprintf("Nothing is claimed in favour of the latency of %s: it is of those that were answered, and %s were lost.", arm, Percent(share))
}
