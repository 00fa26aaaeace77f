package result

import (
	"fmt"

	"prefork/bench/stats"
)

// tails are the metrics that are quantiles of a distribution: what share lies below, and
// of how many samples a round's is.
var tails = map[string]struct {
	below   float64
	samples func(Round) int
}{
	"p50":         {0.5, responses},
	"p90":         {0.9, responses},
	"p99":         {0.99, responses},
	"p999":        {0.999, responses},
	"service_p99": {0.99, func(r Round) int { return r.Service.N }},
	"connect_p99": {0.99, func(r Round) int { return r.Connect.N }},
	"cheap_p99":   {0.99, cheapResponses},
	"lag_p99":     {0.99, func(r Round) int { return max(r.Latency.N, r.Connect.N) }},
}

func responses(r Round) int { return r.Latency.N }

func cheapResponses(r Round) int {
	if r.Cheap == nil {
		return 0
	}
	return r.Cheap.N
}

// Untold is a quantile that is missing, since too few samples lie beyond it to be more
// than a few chance values, all rounds together.
type Untold struct {
	Arm     string `json:"arm"`
	Phase   string `json:"phase"`
	Load    string `json:"load,omitempty"` // of a load curve
	Metric  string `json:"metric"`
	Samples int    `json:"samples"`
	Needs   int    `json:"needs"`
}

// String is for people.
func (u Untold) String() string {
	return fmt.Sprintf("%s answers are too few to tell, it takes %s", Thousands(u.Samples), Thousands(u.Needs))
}

// untold reports whether rounds together have too few samples for a metric.
func untold(rounds []Round, m Metric) (u Untold, few bool) {
	tail, is := tails[m.Name]
	if !is {
		return u, false
	}
	u.Metric, u.Needs = m.Name, stats.QuantileNeeds(tail.below)
	for _, round := range rounds {
		u.Samples += tail.samples(round)
	}
	return u, u.Samples > 0 && !stats.TellsQuantile(tail.below, u.Samples)
}

// UntoldOf is why a quantile of an arm is not told; ok is false where it is, or was not
// measured at all.
func (r *Result) UntoldOf(arm, phase string, m Metric) (u Untold, ok bool) {
	var sound, all []Round
	for _, round := range r.In(phase) {
		if round.Arm == arm {
			all = append(all, round)
			if round.Sound(m) {
				sound = append(sound, round)
			}
		}
	}
	if len(sound) > 0 {
		all = sound
	}
	u, ok = untold(all, m)
	u.Arm, u.Phase = arm, phase
	return u, ok
}

// tellWhatIsUntold lists the quantiles that people look for and that there are too few
// samples of.
func (r *Result) tellWhatIsUntold() {
	r.Untold = nil
	for _, phase := range r.Phases() {
		for _, load := range r.Plan.Loads(phase) {
			for _, m := range Metrics {
				for _, arm := range r.Arms {
					if u, ok := r.At(load).UntoldOf(arm.Name, phase, m); ok {
						u.Load = load
						r.Untold = append(r.Untold, u)
					}
				}
			}
		}
	}
}

// UntoldIn are those of a metric in a phase, of all arms but the baseline's twin.
func (r *Result) UntoldIn(phase, metric string) (all []Untold) {
	m, _ := LookupMetric(metric)
	for _, arm := range r.Arms {
		if u, few := r.UntoldOf(arm.Name, phase, m); few && !arm.Control {
			all = append(all, u)
		}
	}
	return all
}
