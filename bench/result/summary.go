package result

import (
	"math"

	"prefork/bench/stats"
)

// Summarise works out from the rounds what may be said of them: Summary, AANoise
// and Comparisons. Only sound numbers count, but for a summary that would
// have none.
func (r *Result) Summarise() {
	r.Summary, r.Comparisons, r.AANoise = []Summary{}, []Comparison{}, map[string][2]float64{}
	for _, phase := range r.Phases() {
		for _, load := range r.Plan.Loads(phase) {
			rounds := series(r.At(load).In(phase))
			for _, metric := range Metrics {
				r.summarise(rounds, phase, load, metric)
			}
		}
	}
	r.claim()
	r.claimHarm()
	r.Curve = r.curve()
	r.tellWhatIsUntold()
}

// summarise leaves out what was not measured, and the time until normal of an arm
// that was never normal again in some round: those rounds would be missing from
// the median, and they are the bad ones (see Recovery).
func (r *Result) summarise(s series, phase, load string, metric Metric) {
	for _, arm := range r.Arms {
		rounds, rough := s.showing(arm.Name, metric)
		values := metric.values(rounds)
		if len(values) == 0 || metric.Name == recovery && s.never(arm.Name) > 0 {
			continue
		}
		median := stats.MedianOf(values)
		r.Summary = append(r.Summary, Summary{
			Arm: arm.Name, Phase: phase, Load: load, Metric: metric.Name,
			Median: median.Value, CI95: median.CI, N: len(values), Rough: rough,
		})
	}
}

// series are the rounds of one load.
type series []Round

// of are the sound values of a metric that an arm's rounds gave.
func (s series) of(arm string, metric Metric) []float64 {
	rounds, rough := s.showing(arm, metric)
	if rough {
		return nil
	}
	return metric.values(rounds)
}

// values are those of rounds that have one.
func (m Metric) values(rounds []Round) (values []float64) {
	for _, round := range rounds {
		value, _ := m.Of(round)
		values = append(values, value)
	}
	return values
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// Widest is how far the widest of the deciding ratios' intervals reaches to either side
// in a phase, as a share of 1; +Inf while one has no end, 0 where there is no ratio. Of a
// load curve that is at one load, see At.
func (r *Result) Widest(phase string) (widest float64) {
	s := series(r.In(phase))
	twin, _ := r.Control()
	for _, name := range Deciding {
		metric, _ := LookupMetric(name)
		if !r.decides(metric, phase) {
			continue
		}
		for _, arm := range r.Arms {
			if c := stats.Paired(s.paired(metric, arm.Name, r.Plan.Baseline, twin)); arm.Name != r.Plan.Baseline && !arm.Control && c.N > 0 {
				widest = max(widest, math.Sqrt(c.CI[1]/c.CI[0])-1)
			}
		}
	}
	return widest
}
