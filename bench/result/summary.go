package result

import (
	"math"
	"math/rand/v2"

	"prefork/bench/stats"
)

// What a comparison says of an arm, besides "needs N more rounds".
const (
	Better       = "better"
	Worse        = "worse"
	Higher       = "more" // where neither is better
	Lower        = "less"
	NoDifference = "no difference"
	NoClaim      = "no claim" // of the latency of an arm that lost many requests
)

// Summarise works out from the rounds what may be said of them: Summary, AANoise
// and Comparisons. Only valid rounds count. All the randomness is of the
// bootstrap.
func (r *Result) Summarise(random *rand.Rand) {
	r.Summary, r.Comparisons, r.AANoise = []Summary{}, []Comparison{}, map[string][2]float64{}
	for _, phase := range r.Phases() {
		s := series(r.Valid(phase))
		for _, metric := range Metrics {
			r.summarise(s, phase, metric)
			if metric.Compared {
				r.compare(s, phase, metric, random)
			}
		}
	}
}

// summarise leaves out what was not measured, and the time until normal of an arm
// that was never normal again in some round: those rounds would be missing from
// the median, and they are the bad ones (see Recovery).
func (r *Result) summarise(s series, phase string, metric Metric) {
	for _, arm := range r.Arms {
		values := s.of(arm.Name, metric)
		if len(values) == 0 || metric.Name == recovery && s.never(arm.Name) > 0 {
			continue
		}
		median := stats.MedianOf(values)
		r.Summary = append(r.Summary, Summary{
			Arm: arm.Name, Phase: phase, Metric: metric.Name,
			Median: median.Value, CI95: median.CI, N: len(values),
		})
	}
}

// compare sets every arm against the baseline. It leaves out an arm that has a
// ratio in no round at all, as where there is a zero in each: more rounds would
// not help that.
func (r *Result) compare(s series, phase string, metric Metric, random *rand.Rand) {
	noise := r.noise(s, phase, metric, random)
	for _, arm := range r.Arms {
		if arm.Control || arm.Name == r.Plan.Baseline {
			continue
		}
		ours, theirs := s.paired(arm.Name, r.Plan.Baseline, metric)
		c := stats.Compare(ours, theirs, random)
		if c.N == 0 {
			continue
		}
		verdict := inWords(c.Verdict(noise), metric.Better)
		if metric.Answered {
			verdict = despiteLosses(verdict, s.lostShare(arm.Name), s.lostShare(r.Plan.Baseline))
		}
		r.Comparisons = append(r.Comparisons, Comparison{
			Phase: phase, Metric: metric.Name, Arm: arm.Name, Baseline: r.Plan.Baseline,
			Ratio: c.Ratio, CI95: c.CI, N: c.N, NoRatio: c.NoRatio, PValue: c.P,
			Verdict: verdict,
		})
	}
}

// noNoise lets the confidence interval alone decide, which then calls one in
// twenty pairs of equal arms different. A report must say so.
var noNoise = [2]float64{1, 1}

// noise is how far the baseline and its twin came out apart. Where the twin gave
// no finite interval no difference passes.
func (r *Result) noise(s series, phase string, metric Metric, random *rand.Rand) [2]float64 {
	control, ok := r.Control()
	if !ok {
		return noNoise
	}
	twin, baseline := s.paired(control, r.Plan.Baseline, metric)
	noise := stats.Noise(twin, baseline, random)
	if Interval(noise).bounded() {
		r.AANoise[NoiseKey(phase, metric.Name)] = noise
	}
	return noise
}

// NoiseKey is where AANoise has the noise of a metric.
func NoiseKey(phase, metric string) string { return phase + "/" + metric }

// Control is the name of the baseline's twin, if there is one.
func (r *Result) Control() (name string, ok bool) {
	for _, arm := range r.Arms {
		if arm.Control {
			return arm.Name, true
		}
	}
	return "", false
}

func inWords(v stats.Verdict, better Direction) string {
	above := map[Direction]string{More: Better, Less: Worse, Neither: Higher}
	below := map[Direction]string{More: Worse, Less: Better, Neither: Lower}
	switch v.Finding {
	case stats.Above:
		return above[better]
	case stats.Below:
		return below[better]
	}
	return v.String()
}

// series are the valid rounds of one phase.
type series []Round

// of are the values of a metric that an arm's rounds gave.
func (s series) of(arm string, metric Metric) (values []float64) {
	for _, round := range s {
		if round.Arm != arm {
			continue
		}
		if value, ok := metric.Of(round); ok && finite(value) {
			values = append(values, value)
		}
	}
	return values
}

// paired are the values of two arms in the rounds that both were in, NaN for
// those in which it was not measured. It has none of a metric that one of them
// was never measured for.
func (s series) paired(arm, baseline string, metric Metric) (ours, theirs []float64) {
	if len(s.of(arm, metric)) == 0 || len(s.of(baseline, metric)) == 0 {
		return nil, nil
	}
	bases := make(map[int]Round)
	for _, round := range s {
		if round.Arm == baseline {
			bases[round.Round] = round
		}
	}
	for _, round := range s {
		if base, ok := bases[round.Round]; ok && round.Arm == arm {
			ours, theirs = append(ours, orNaN(metric, round)), append(theirs, orNaN(metric, base))
		}
	}
	return ours, theirs
}

func orNaN(metric Metric, round Round) float64 {
	if value, ok := metric.Of(round); ok {
		return value
	}
	return math.NaN()
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
