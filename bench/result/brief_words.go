package result

import (
	"fmt"
	"math"
	"strings"
	"time"

	"prefork/bench/stats"
)

// briefWords say of a metric what an arm does and what may be, {} being how much.
var briefWords = map[string]struct{ above, below, maybeAbove, maybeBelow string }{
	"cpu_server": {
		"costs {} more processor time for each connection", "costs {} less processor time for each connection",
		"{} more processor time", "{} less processor time",
	},
	"throughput": {
		"answers {} more requests a second at full load", "answers {} fewer requests a second at full load",
		"{} more requests a second", "{} fewer requests a second",
	},
	"p50": {
		"its typical answer takes {} longer", "its typical answer takes {} less time",
		"a typical answer that takes {} longer", "a typical answer in {} less time",
	},
	"p99": {
		"its slowest 1 % wait {} longer", "its slowest 1 % wait {} less",
		"a slowest 1 % that waits {} longer", "a slowest 1 % that waits {} less",
	},
	"cheap_p99": {
		"the slowest 1 % of its cheap requests wait {} longer", "the slowest 1 % of its cheap requests wait {} less",
		"cheap requests that wait {} longer", "cheap requests that wait {} less",
	},
}

// inBrief is a sentence for an arm: how it differs, or what this run cannot tell.
func (r *Result) inBrief(arm Arm, columns []BriefColumn) string {
	name := r.ShortName(arm)
	if found := append(r.harmInBrief(arm), r.differences(arm, columns)...); len(found) > 0 {
		if first := strings.TrimPrefix(found[0], "probably "); strings.HasPrefix(first, "its ") || strings.HasPrefix(first, "the ") {
			name += ":" // what follows is no verb
		}
		return name + " " + listed(found, "and") + "."
	}
	var all, open []Comparison
	for _, c := range columns {
		if comparison, ok := r.ComparisonOf(arm.Name, c.Phase, c.Metric); ok && r.cell(arm.Name, c).Known {
			all = append(all, comparison)
			if comparison.claimed() == stats.Unknown.String() {
				open = append(open, comparison)
			}
		}
	}
	switch {
	case len(all) == 0:
		return name + ": nothing is claimed, since too little of it was undisturbed."
	case len(open) == 0:
		return fmt.Sprintf("%s: the same, within %.0f %%, in all that is judged.", name, 100*r.Plan.Tolerance())
	}
	return name + ": " + leftOpen(open[0])
}

// ShortName is the strategy, if that is enough to tell an arm from the others.
func (r *Result) ShortName(arm Arm) string {
	for _, other := range r.Arms {
		if !other.Control && other.Name != arm.Name && other.Strategy == arm.Strategy || arm.Strategy == Peer {
			return arm.Name
		}
	}
	return arm.Strategy
}

func (r *Result) differences(arm Arm, columns []BriefColumn) (said []string) {
	for _, c := range columns {
		comparison, ok := r.ComparisonOf(arm.Name, c.Phase, c.Metric)
		if !ok || !r.cell(arm.Name, c).Known {
			continue
		}
		words, text := briefWords[c.Metric], ""
		switch comparison.claimed() {
		case stats.Above.String():
			text = words.above
		case stats.Below.String():
			text = words.below
		case stats.LikelyAbove.String():
			text = "probably " + words.above
		case stats.LikelyBelow.String():
			text = "probably " + words.below
		}
		if text != "" {
			said = append(said, strings.Replace(text, "{}", inPercent(comparison.Ratio), 1)+" ("+intervalInPercent(comparison.Ratio, comparison.CI95)+")")
		}
	}
	return said
}

// harmVerbs say what an arm did to requests.
var harmVerbs = map[string]string{"lost": "lost", "stalled": "let wait"}

// harmInBrief is what came to harm more than under the baseline, or less.
func (r *Result) harmInBrief(arm Arm) (said []string) {
	for _, h := range r.Harms {
		sure := h.Finding == stats.Above.String() || h.Finding == stats.Below.String()
		if h.Arm != arm.Name || !sure {
			continue
		}
		text := fmt.Sprintf("%s %s of %s %s", harmVerbs[h.Metric], Thousands(h.Hit), Thousands(h.Of), r.Plan.Counted())
		if h.Metric == "stalled" {
			text += " for over " + InTime(r.Plan.Stall)
		}
		base := r.baselines()[0]
		name := r.ShortName(base)
		if _, twice := r.Control(); twice {
			name += ", both times"
		}
		said = append(said, fmt.Sprintf("%s (%s: %s of %s)", text, name, Thousands(h.BaseHarmed), Thousands(h.BaseOf)))
	}
	return said
}

// InTime writes a time as 500 ms or 1.5 s.
func InTime(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.3g ms", d.Seconds()*1e3)
	}
	return fmt.Sprintf("%.3g s", d.Seconds())
}

// leftOpen says what a comparison left open, and what would close it.
func leftOpen(c Comparison) string {
	words := briefWords[c.Metric]
	far, text := c.CI95[1], words.maybeAbove
	if 1/c.CI95[0] > far {
		far, text = c.CI95[0], words.maybeBelow
	}
	if c.N < stats.MinRounds {
		text = words.maybeAbove
		if c.Ratio < 1 {
			text = words.maybeBelow
		}
		return fmt.Sprintf("%s in %s; it takes %d to be sure of anything.",
			strings.Replace(text, "{}", inPercent(c.Ratio), 1), plural(c.N, "round"), stats.MinRounds)
	}
	rounds := fmt.Sprintf("some %d rounds", c.Rounds)
	if c.Rounds > stats.MaxRounds/2 {
		rounds = fmt.Sprintf("no fewer than %d rounds", stats.MaxRounds/2)
	}
	return fmt.Sprintf("no difference found; up to %s is possible, %s would tell.",
		strings.Replace(text, "{}", inPercent(far), 1), rounds)
}

// manyTimes is the ratio from which on it is said as one: "3.2 ×".
const manyTimes = 3

// inPercent is a ratio as what it adds or takes away: 1.38 is 38 %, 0.93 is 7 %.
func inPercent(ratio float64) string {
	if ratio >= manyTimes {
		return Digits(ratio, 0.1) + " ×"
	}
	return fmt.Sprintf("%.0f %%", 100*math.Abs(ratio-1))
}

// intervalInPercent is the interval of a ratio, in the direction and the way in which the ratio is
// said.
func intervalInPercent(ratio float64, ci Interval) string {
	near, far := ci[0], ci[1]
	switch {
	case ratio >= manyTimes:
		return Digits(near, 0.1) + "–" + Digits(far, 0.1) + " ×"
	case ratio < 1:
		near, far = far, near
	}
	return fmt.Sprintf("%.0f–%.0f %%", 100*math.Abs(near-1), 100*math.Abs(far-1))
}
