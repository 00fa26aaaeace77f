package report

import (
	"slices"

	"prefork/bench/result"
)

// tableKind is a column that a table may have.
type tableKind struct {
	metric      string
	title, unit string // unit "" is what is counted, or that of a time, as fits
	when        func(t *table, phase string) bool
	page        bool    // of the page alone: a terminal has no room
	added       bool    // up over the rounds, in place of their median
	finest      float64 // place of the last digit that is of any use; 0 for all
	rank        int     // what has the highest goes first where there is no room
}

// tableKinds are all columns, in order within their phase.
var tableKinds = []tableKind{
	{metric: "throughput", title: "throughput", unit: "req/s", when: atHome("throughput")},
	{metric: "cpu_server", title: "CPU", unit: "µs/conn", when: atHome("cpu_server")},
	{metric: "jain", title: "fairness", unit: "Jain", when: atHome("jain"), finest: 1e-4, rank: 4},
	{metric: "p50", title: "p50", when: atHome("p50"), rank: 3},
	{metric: "p99", title: "p99", when: atHome("p99")},
	{metric: "cheap_p99", title: "cheap p99", when: atHome("cheap_p99"), rank: 1},
	{metric: "mean", title: "mean", when: inTheory, rank: 1},
	{metric: "sd", title: "sd", when: serviceTimes, rank: 6},
	{metric: "connect_p99", title: "connect p99", when: atHome("connect_p99"), page: true},
	{metric: "queue_peak", title: "queue", unit: "peak", when: atHome("queue_peak"), page: true, finest: 1},
	{metric: "wakeups", title: "wakeups", unit: "per conn", when: atHome("wakeups"), finest: 1e-3, rank: 5},
	{metric: "open_spread", title: "open", unit: "most−least", when: atHome("open_spread"), rank: 2},
	{metric: "lost", title: "lost", when: wasHarmed, added: true},
	{metric: "stalled", title: "stalled", when: wasHarmed, added: true},
	{metric: "stalled_share", title: "stalled", unit: "share", when: wasStruck, finest: 1e-3, rank: 3},
	{metric: "normal_after", title: "normal", unit: "after s", when: wasStruck, rank: 2},
}

func atHome(name string) func(*table, string) bool {
	metric, _ := result.LookupMetric(name)
	return func(t *table, phase string) bool {
		home, ok := t.Home(metric)
		return ok && home == phase && t.wasMeasured(name, phase)
	}
}

func (t *table) wasMeasured(name, phase string) bool {
	metric, _ := result.LookupMetric(name)
	return slices.ContainsFunc(t.In(phase), func(r result.Round) bool {
		_, ok := metric.Of(r)
		return ok
	})
}

// serviceTimes says whether the spread is that of service times, which theory
// predicts, and not only of the machine.
func serviceTimes(t *table, phase string) bool {
	return t.Plan.Service != "" && atHome("sd")(t, phase)
}

// inTheory says whether there is a mean to hold that of any arm against.
func inTheory(t *table, phase string) bool {
	return atHome("mean")(t, phase) && slices.ContainsFunc(t.Arms, func(arm result.Arm) bool {
		_, ok := t.InTheory(arm)
		return ok
	})
}

// wasHarmed says whether connections were lost or stalled, or something was done to
// the servers that might have done it.
func wasHarmed(t *table, phase string) bool {
	return wasStruck(t, phase) || slices.ContainsFunc(t.In(phase), func(r result.Round) bool { return r.Lost()+r.Stalled > 0 })
}

func wasStruck(t *table, phase string) bool {
	return slices.ContainsFunc(t.In(phase), func(r result.Round) bool { return r.Moment != nil })
}

// tableColumn is a kind in one phase of a run.
type tableColumn struct {
	tableKind
	phase  string
	metric result.Metric
	scale  float64 // what a unit of the column is, in the metric's
}

// columns are those of a table in text.
func (t *table) columns() []tableColumn {
	return slices.DeleteFunc(t.pageColumns(), func(c tableColumn) bool { return c.page })
}

func (t *table) pageColumns() (all []tableColumn) {
	for _, phase := range t.Phases() {
		for _, k := range tableKinds {
			if k.when(t, phase) {
				all = append(all, t.column(k, phase))
			}
		}
	}
	return all
}

func (t *table) column(k tableKind, phase string) tableColumn {
	metric, _ := result.LookupMetric(k.metric)
	c := tableColumn{tableKind: k, phase: phase, metric: metric, scale: 1}
	switch {
	case k.added:
		c.unit = countUnits[t.Plan.Counted()]
	case k.unit == "":
		c.unit, c.scale = timeUnitOf(t.medians(k.metric, phase))
	}
	return c
}

// countUnits are short for what is lost or stalled.
var countUnits = map[string]string{"connections": "conns", "requests": "reqs"}

func (t *table) medians(metric, phase string) (values []float64) {
	for _, s := range t.Summary {
		if s.Metric == metric && s.Phase == phase {
			values = append(values, s.Median)
		}
	}
	return values
}

// timeUnit is one unit for all of a column of microseconds.
func timeUnitOf(values []float64) (name string, scale float64) {
	switch {
	case len(values) > 0 && (slices.Min(values) >= 1e3 || slices.Max(values) >= 1e5):
		return "ms", 1e3
	}
	return "µs", 1
}

// best is the arm that is surely better in a metric than every other, if one is.
// The baseline is where each other one is worse. Another has to be better than the
// baseline, and its interval apart from all others'.
func (t *table) best(c tableColumn) string {
	baseline := t.Plan.Baseline
	found := baseline
	for _, arm := range t.Arms {
		if t.verdictOf(arm, c) == result.Better && t.apart(arm, c) {
			found = arm.Name
		}
	}
	if found != baseline {
		return found
	}
	rivals := 0
	for _, arm := range t.Arms {
		switch verdict := t.verdictOf(arm, c); {
		case arm.Control || arm.Name == baseline:
		case verdict == result.Worse:
			rivals++
		default:
			return ""
		}
	}
	if rivals == 0 {
		return ""
	}
	return baseline
}

func (t *table) verdictOf(arm result.Arm, c tableColumn) string {
	comparison, _ := t.ComparisonOf(arm.Name, c.phase, c.metric.Name)
	return comparison.Verdict
}

// apart says whether an arm's ratio to the baseline is beyond all others', each
// with its interval.
func (t *table) apart(arm result.Arm, c tableColumn) bool {
	own, _ := t.ComparisonOf(arm.Name, c.phase, c.metric.Name)
	for _, other := range t.Arms {
		theirs, ok := t.ComparisonOf(other.Name, c.phase, c.metric.Name)
		beyond := own.CI95[0] > theirs.CI95[1]
		if c.metric.Better == result.Less {
			beyond = own.CI95[1] < theirs.CI95[0]
		}
		if ok && other.Name != arm.Name && !beyond {
			return false
		}
	}
	return true
}
