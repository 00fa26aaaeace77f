package report

import (
	"math"
	"slices"

	"prefork/bench/result"
)

// view is a result with what every chart asks of it.
type view struct {
	*result.Result
	looks []look
}

func newView(r *result.Result) view { return view{r, looks(r.Arms)} }

// estimate is one metric of one arm: the median and its interval, with every
// round's value. No interval is known where low and high are NaN.
type estimate struct {
	mid, low, high float64
	rounds         []float64
}

func known(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

func (e estimate) interval() bool { return known(e.low) && known(e.high) }

// farthest is the largest number that the estimate shows.
func (e estimate) farthest() float64 { return slices.Max(e.shown()) }

func (e estimate) nearest() float64 { return slices.Min(e.shown()) }

func (e estimate) shown() []float64 {
	all := append([]float64{e.mid}, e.rounds...)
	if e.interval() {
		all = append(all, e.low, e.high)
	}
	return all
}

// estimate takes the median from the summary; a result without one (cut short)
// has rounds still.
func (v view) estimate(arm, phase string, m result.Metric) (estimate, bool) {
	e := estimate{low: math.NaN(), high: math.NaN()}
	rounds, _ := v.Showing(arm, phase, m)
	for _, round := range rounds {
		x, _ := m.Of(round)
		e.rounds = append(e.rounds, x)
	}
	for _, s := range v.Summary {
		if s.Arm == arm && s.Phase == phase && s.Metric == m.Name && known(s.Median) {
			e.mid, e.low, e.high = s.Median, s.CI95[0], s.CI95[1]
			return e, true
		}
	}
	e.mid = middle(e.rounds)
	return e, len(e.rounds) > 0
}

// estimates are those of all arms, nil where there is none; ok if any has one.
func (v view) estimates(phase, metric string) (all []*estimate, ok bool) {
	m, _ := result.LookupMetric(metric)
	all = make([]*estimate, len(v.Arms))
	for i, arm := range v.Arms {
		if e, found := v.estimate(arm.Name, phase, m); found {
			all[i], ok = &e, true
		}
	}
	return all, ok
}

// phase is where this run shows the metric.
func (v view) phase(metric string) string {
	m, _ := result.LookupMetric(metric)
	phase, _ := v.Home(m)
	return phase
}

// middle is the median.
func middle(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// trace is an arm over time, over all its rounds: the median of their p99, NaN
// where nothing was answered, and how many requests failed in all of them.
type trace struct {
	look
	at     []float64
	p99    []float64 // µs
	failed []int
}

// traces are those of the arms whose rounds kept a timeline.
func (v view) traces() []trace {
	var all []trace
	for i, arm := range v.Arms {
		p99s, failed := map[float64][]float64{}, map[float64]int{}
		for _, round := range v.In(v.timelinePhase()) {
			if round.Arm != arm.Name {
				continue
			}
			for _, s := range round.Timeline {
				at := math.Round(s.At*1000) / 1000 // the same stretch in every round
				failed[at] += s.Failed
				if s.Answered > 0 && s.P99 > 0 {
					p99s[at] = append(p99s[at], s.P99)
				}
			}
		}
		if len(failed) > 0 {
			all = append(all, traceOf(v.looks[i], p99s, failed))
		}
	}
	return all
}

func traceOf(l look, p99s map[float64][]float64, failed map[float64]int) trace {
	t := trace{look: l}
	for at := range failed {
		t.at = append(t.at, at)
	}
	slices.Sort(t.at)
	for _, at := range t.at {
		t.p99 = append(t.p99, middle(p99s[at]))
		t.failed = append(t.failed, failed[at])
	}
	return t
}

func (v view) timelinePhase() string {
	for _, phase := range []string{result.Open, result.Closed} {
		if slices.ContainsFunc(v.In(phase), func(r result.Round) bool { return len(r.Timeline) > 0 }) {
			return phase
		}
	}
	return result.Open
}

// moment is when the scenario struck.
func (v view) moment() (seconds float64, ok bool) {
	var all []float64
	for _, round := range v.In(v.timelinePhase()) {
		if round.Moment != nil {
			all = append(all, *round.Moment)
		}
	}
	return middle(all), len(all) > 0
}

// slice is how long one stretch of a timeline is, in seconds.
func (t trace) slice() float64 {
	if len(t.at) < 2 {
		return 0
	}
	return t.at[1] - t.at[0]
}
