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
// and Comparisons. Only sound numbers count, but for a summary that would
// have none. All the randomness is of the
// bootstrap.
func (r *Result) Summarise(random *rand.Rand) {
	r.Summary, r.Comparisons, r.AANoise = []Summary{}, []Comparison{}, map[string][2]float64{}
	for _, phase := range r.Phases() {
		s := series(r.In(phase))
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
		rounds, rough := s.showing(arm.Name, metric)
		values := metric.values(rounds)
		if len(values) == 0 || metric.Name == recovery && s.never(arm.Name) > 0 {
			continue
		}
		median := stats.MedianOf(values)
		r.Summary = append(r.Summary, Summary{
			Arm: arm.Name, Phase: phase, Metric: metric.Name,
			Median: median.Value, CI95: median.CI, N: len(values), Rough: rough,
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

// series are the rounds of one phase.
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

// paired are the values of two arms in the rounds in which both are sound, NaN for
// those in which it was not measured. It has none of a metric that one of them
// was never measured for.
func (s series) paired(arm, baseline string, metric Metric) (ours, theirs []float64) {
	if len(s.of(arm, metric)) == 0 || len(s.of(baseline, metric)) == 0 {
		return nil, nil
	}
	bases := make(map[int]Round)
	for _, round := range s {
		if round.Arm == baseline && round.Sound(metric) {
			bases[round.Round] = round
		}
	}
	for _, round := range s {
		if base, ok := bases[round.Round]; ok && round.Arm == arm && round.Sound(metric) {
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

// Widest is how far the widest of the deciding ratios' intervals reaches to either side
// in a phase, as a share of 1; +Inf while one has no end, 0 where there is no ratio.
func (r *Result) Widest(phase string) (widest float64) {
	s := series(r.In(phase))
	for _, name := range Deciding {
		metric, _ := LookupMetric(name)
		if home, ok := r.Home(metric); !ok || home != phase {
			continue
		}
		for _, arm := range r.Arms {
			ours, theirs := s.paired(arm.Name, r.Plan.Baseline, metric)
			if c := stats.Paired(ours, theirs, nil); arm.Name != r.Plan.Baseline && !arm.Control && c.N > 0 {
				widest = max(widest, math.Sqrt(c.CI[1]/c.CI[0])-1)
			}
		}
	}
	return widest
}
