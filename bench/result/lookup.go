package result

import (
	"encoding/json"
	"math"
	"slices"
)

// Interval is where the truth lies with some confidence. JSON knows no infinity:
// an interval that is not bounded, as that of a single round, is null there.
type Interval [2]float64

func (i Interval) bounded() bool { return finite(i[0]) && finite(i[1]) }

// MarshalJSON writes two numbers or null.
func (i Interval) MarshalJSON() ([]byte, error) {
	if !i.bounded() {
		return []byte("null"), nil
	}
	return json.Marshal([2]float64(i))
}

// UnmarshalJSON reads what MarshalJSON writes. All that is known of a ratio whose
// interval is null is that it is positive.
func (i *Interval) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*i = Interval{0, math.Inf(1)}
		return nil
	}
	return json.Unmarshal(text, (*[2]float64)(i))
}

// SummaryOf is the summary of one metric of one arm; ok is false where it was not
// measured.
func (r *Result) SummaryOf(arm, phase, metric string) (s Summary, ok bool) {
	load := r.load(phase)
	return find(r.Summary, func(s Summary) bool {
		return s.Arm == arm && s.Phase == phase && s.Load == load && s.Metric == metric
	})
}

// ComparisonOf is how one metric of one arm compares with the baseline's.
func (r *Result) ComparisonOf(arm, phase, metric string) (c Comparison, ok bool) {
	load := r.load(phase)
	return find(r.Comparisons, func(c Comparison) bool {
		return c.Arm == arm && c.Phase == phase && c.Load == load && c.Metric == metric
	})
}

func find[Row any](rows []Row, is func(Row) bool) (row Row, ok bool) {
	if i := slices.IndexFunc(rows, is); i >= 0 {
		return rows[i], true
	}
	return row, false
}

// Home is the phase in which this run shows a metric: where it says most, or the
// first phase if that was not run. An open loop alone shows no throughput: it is
// the rate that was offered.
func (r *Result) Home(m Metric) (phase string, ok bool) {
	switch {
	case slices.Contains(r.Phases(), m.Phase):
		return m.Phase, true
	case len(r.Phases()) == 0 || m.Name == "throughput":
		return "", false
	}
	return r.Phases()[0], true
}

// recovery is the metric that may be missing because it is infinite.
const recovery = "normal_after"

// Recovery is how long after the scenario struck an arm was as before, in seconds,
// by sound round, and in how many of them it never was.
func (r *Result) Recovery(arm, phase string) (seconds []float64, never int) {
	s := series(r.In(phase))
	metric, _ := LookupMetric(recovery)
	return s.of(arm, metric), s.never(arm)
}

// Seconds writes a time until normal, to a tenth where it is not shorter.
func Seconds(x float64) string { return Digits(x, 0.1) }

// never is in how many rounds something struck an arm that it never got over.
func (s series) never(arm string) (n int) {
	metric, _ := LookupMetric(recovery)
	for _, round := range s {
		if round.Arm == arm && round.Moment != nil && round.NormalAfter == nil && round.Sound(metric) {
			n++
		}
	}
	return n
}
