package result

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// A quantile of too few answers is told nowhere: no median, no comparison, no condition.
// What there is and what it takes is said instead.
func TestTooFewAnswersForAQuantile(t *testing.T) {
	r := simulated(steadyTruths(), 10, 1)
	each(r, func(x *Round) { x.Latency.N = 99 }) // 990 in all
	r.Summarise()
	for _, arm := range r.Arms {
		if s, told := r.SummaryOf(arm.Name, Open, "p99"); told {
			t.Errorf("%s: %+v", arm.Name, s)
		}
		if _, told := r.SummaryOf(arm.Name, Open, "p90"); !told {
			t.Errorf("%s: p90 takes 100, and is not told of 990", arm.Name)
		}
	}
	if slices.ContainsFunc(r.Comparisons, func(c Comparison) bool { return c.Metric == "p99" }) {
		t.Error("p99 is compared")
	}
	if len(Changes(r, r)) == 0 || slices.ContainsFunc(Changes(r, r), func(c Change) bool { return c.Metric == "p99" }) {
		t.Error("p99 is compared with another run")
	}
	_, _, err := parsed(t, "p99(shared/blocking) > 1us").Crossed(r, nil)
	if want := "990 answers are too few to tell, it takes 1,000"; !errors.Is(err, ErrNotMeasured) || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
	want := Untold{Arm: hash, Phase: Open, Metric: "p99", Samples: 990, Needs: 1000}
	if !slices.Contains(r.Untold, want) {
		t.Errorf("no %+v in %+v", want, r.Untold)
	}
	if v := r.Verdict(); strings.Contains(v, "p99") {
		t.Errorf("the verdict speaks of p99: %s", v)
	}
	each(r, func(x *Round) { x.Latency.N = 100 })
	r.Summarise()
	if _, told := r.SummaryOf(hash, Open, "p99"); !told || slices.ContainsFunc(r.Untold, func(u Untold) bool { return u.Metric == "p99" }) {
		t.Errorf("1,000 answers tell it; untold is %+v", r.Untold)
	}
}
