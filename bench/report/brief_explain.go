package report

import (
	"fmt"
	"strings"

	"prefork/bench/result"
)

// explain says how a brief is to be read: what was done, what each column is, and what the
// marks stand for.
func (b *brief) explain() {
	b.line("")
	b.line(b.paint.Bold("How to read it"))
	b.say(fmt.Sprintf("Each row is one way to run the server. In every round all of them ran, one after the other in an order that was drawn. The first row has its numbers; the others what they differ from it by, over the same rounds. %s", b.loops()))
	for _, column := range b.Columns {
		if metric, ok := result.LookupMetric(column.Metric); ok {
			b.line(wrapped(fmt.Sprintf("- %s: %s", b.titleOf(column), metric.Means), b.width, 2))
		}
	}
	if _, some := twinText(b.Brief); some {
		b.line(wrapped(fmt.Sprintf("- %s: the first row ran once more under another name. What the two differ by is chance.", twinName), b.width, 2))
	}
	b.say(fmt.Sprintf("A range in brackets holds the truth with 95 %% confidence. ▲ and ▼ stand for a difference that is sure, with 5 %% for all of this run's together. = stands where the whole range is within %.0f %% of the first row. ▲? and ▼? are likely, and may be chance among so many. ? is what this run cannot tell. ~ is rough, since something outside was in the way.", 100*b.Plan.Tolerance()))
	b.say("docs/measuring.md says why that may be believed.")
}

// titleOf is a column's heading in a line.
func (b *brief) titleOf(c result.BriefColumn) string {
	title := briefTitle(b.Plan, c)
	return strings.TrimSpace(title[0] + " " + title[1])
}

// loops says what the load was.
func (b *brief) loops() string {
	there := map[string]bool{}
	for _, phase := range b.Plan.Phases {
		there[phase] = true
	}
	const (
		closed = "clients that each ask again once they are answered (closed loop)"
		open   = "connections that come at random times, whether others are answered or not, and are timed from when they were due (open loop)"
	)
	switch {
	case there[result.Closed] && there[result.Open]:
		return "What it costs, and what it can do, is from " + closed + "; how long answers take from " + open + "."
	case there[result.Closed]:
		return "The load was " + closed + "."
	}
	return "The load was " + open + "."
}
