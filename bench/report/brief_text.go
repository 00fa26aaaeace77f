package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"prefork/bench/result"
)

// Here is what a brief says, for a terminal and for a page alike.

const twinName = "the same server twice"

// whatRan says in a line what was run.
func whatRan(r *result.Result) string {
	parts := []string{r.Plan.Workload, r.Plan.Service}
	if r.Plan.Scenario != "steady" {
		parts = append(parts, r.Plan.Scenario)
	}
	if len(r.Arms) > 0 && r.Arms[0].Workers > 0 {
		parts = append(parts, numbered(r.Arms[0].Workers, "worker"))
	}
	return strings.Join(nonEmpty(append(parts, roundsOf(r), r.Sharing())), " · ")
}

// roundsOf is how many there were, of what length.
func roundsOf(r *result.Result) string {
	most := 0
	for _, round := range r.Rounds {
		most = max(most, round.Round)
	}
	return fmt.Sprintf("%s × %.3g s", numbered(most, "round"), r.Plan.Length.Round(time.Millisecond).Seconds())
}

// briefTitle is a column's, with the limit that it is about.
func briefTitle(p result.Plan, c result.BriefColumn) [2]string {
	if c.Metric == "stalled" {
		return [2]string{c.Title[0], "over " + result.InTime(p.Stall)}
	}
	return c.Title
}

// marks are what is said of a cell by what was found.
var marks = map[string]string{
	"above": "▲", "below": "▼", "likely above": "▲?", "likely below": "▼?", "same": "=", "unknown": "?", "": "",
}

// sure reports whether a mark stands for a difference that is sure.
func sure(mark string) bool { return mark == "▲" || mark == "▼" }

// markOf is what is said of a cell.
func markOf(c result.BriefCell) string {
	switch mark := marks[c.Finding]; {
	case !c.Known:
		return "?"
	case c.Rough && (mark == "" || mark == "?"):
		return "~"
	default:
		return mark
	}
}

// numberOf is a cell's number: of the baseline itself as it is, of others as what it
// differs by.
func numberOf(c result.BriefCell, column result.BriefColumn) string {
	switch metric, _ := result.LookupMetric(column.Metric); {
	case !c.Known:
		return ""
	case column.Count:
		return fmt.Sprintf("%s/%s", result.Thousands(int(c.Value)), result.Thousands(c.Of))
	case c.Ratio == 0:
		return valueText(c.Value, metric)
	}
	return changeText(c.Ratio)
}

// valueText is a number in three digits and its unit, if that is one of time.
func valueText(x float64, m result.Metric) string {
	if m.Unit == "µs" {
		return timeText(x)
	}
	return result.Digits(x, math.Pow(10, math.Floor(math.Log10(max(x, 1e-9)))-2))
}

// changeText is a ratio with a sign: "+38 %", "− 7 %", "3.2 ×".
func changeText(ratio float64) string {
	percent := math.Round(100 * (ratio - 1))
	switch {
	case ratio >= 3:
		return result.Digits(ratio, 0.1) + " ×"
	case percent == 0:
		return "  0 %"
	case percent < 0:
		return "−" + rightward(fmt.Sprintf("%.0f", -percent), 2) + " %"
	}
	return "+" + rightward(fmt.Sprintf("%.0f", percent), 2) + " %"
}

// twinText is how far apart the same server came out twice, by column; some is false where
// that is known of none.
func twinText(b result.Brief) (texts []string, some bool) {
	for i, noise := range b.Twin {
		text := ""
		if len(b.Rows) > 0 && b.Rows[0].Cells[i].Known {
			text = noiseText(noise)
		}
		texts, some = append(texts, text), some || text != ""
	}
	return texts, some
}

// noiseText is a ratio that the same server came out apart by, "" where it is so large that
// it says nothing.
func noiseText(noise float64) string {
	const nothing = 10
	switch {
	case !known(noise) || noise <= 0 || noise > nothing:
		return ""
	case noise >= 3:
		return "× ÷ " + result.Digits(noise, 0.1)
	}
	return fmt.Sprintf("± %.0f %%", 100*(noise-1))
}

// legendOf says what the marks are that stand in these rows.
func legendOf(p result.Plan, rows []result.BriefRow) (parts []string) {
	there := map[string]bool{}
	for _, row := range rows {
		for _, c := range row.Cells {
			there[markOf(c)] = true
		}
	}
	for _, m := range []struct {
		says  string
		there bool
	}{
		{"▲▼ different", there["▲"] || there["▼"]},
		{fmt.Sprintf("= same within %.0f %%", 100*p.Tolerance()), there["="]},
		{"▲? ▼? likely", there["▲?"] || there["▼?"]},
		{"? this run cannot tell", there["?"]},
		{"~ rough, not judged", there["~"]},
	} {
		if m.there {
			parts = append(parts, m.says)
		}
	}
	return parts
}

// sentencesOf are one for each arm, what is missing, and what the load generator used.
func sentencesOf(r *result.Result, b result.Brief) (said []string) {
	if at := r.Plan.JudgedAt(result.Open); at != "" && len(b.Said) > 0 && len(r.Curve) > 0 {
		said = append(said, "Times are judged at "+strings.Replace(at, "%", " %", 1)+":")
	}
	said = append(append(said, b.Said...), leftOut(r)...)
	said = append(said, uneven(r)...)
	said = append(said, failuresOf(r)...)
	for _, c := range b.Columns {
		if few := r.UntoldIn(c.Phase, c.Metric); len(few) > 0 {
			said = append(said, fmt.Sprintf("%s %s: %s.", c.Title[0], c.Title[1], few[0]))
		}
	}
	return append(said, nonEmpty([]string{generatorOf(r)})...)
}

// generatorOf says what the load generator took of the processors, and what of that. Where it
// has processors of its own it takes nothing from the server, but may be what limits it.
func generatorOf(r *result.Result) string {
	const some, nearlyAll = 0.1, 0.9
	used, pinned := r.GeneratorCPUs(), r.Environment.Pinning
	if len(r.Hosts) > 0 {
		return "" // it took processors elsewhere
	}
	switch {
	case pinned == nil && used >= some:
		return fmt.Sprintf("The load generator used %.1f of the %s: true differences in requests/s are larger.", used, numbered(r.Environment.CPUs, "CPU"))
	case pinned != nil && used >= nearlyAll*float64(len(pinned.Load)):
		return fmt.Sprintf("The load generator used %.1f of its %s: it may be what limits requests/s.", used, numbered(len(pinned.Load), "CPU"))
	}
	return ""
}

// farFromEven is how many times its even share the busiest worker of an arm has where that
// is worth a word.
const farFromEven = 1.5

// uneven tells of the arms that are far from an even spread over their workers.
func uneven(r *result.Result) (said []string) {
	for _, phase := range r.Phases() {
		for _, arm := range r.Arms {
			f, ok := r.FairnessOf(arm, phase)
			if ok && !arm.Control && f.Busiest >= farFromEven*f.Even {
				said = append(said, fmt.Sprintf("%s: its busiest worker had %s of the connections (even: %s), %s loop.",
					r.ShortName(arm), result.Percent(f.Busiest), result.Percent(f.Even), phase))
			}
		}
	}
	return said
}
