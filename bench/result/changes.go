package result

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"prefork/bench/stats"
)

// Change is how one metric of one arm went from an old run to a new one.
type Change struct {
	Arm    string `json:"arm"`
	Phase  string `json:"phase"`
	Load   string `json:"load,omitempty"` // as that of a Round
	Metric string `json:"metric"`
	// Old and New are medians in the unit of the metric.
	Old     float64  `json:"old"`
	New     float64  `json:"new"`
	Ratio   float64  `json:"ratio"` // of the geometric means, new/old
	CI95    Interval `json:"ci95"`
	NOld    int      `json:"n_old"`
	NNew    int      `json:"n_new"`
	NoRatio int      `json:"no_ratio"` // rounds left out, as they had a zero
	PValue  float64  `json:"p_value"`
	Verdict string   `json:"verdict"` // as in Comparison
	// Rough says that in one of the two it was sound in no round.
	Rough bool `json:"rough,omitempty"`
}

// Changes sets each arm that is in both runs against itself. Rounds are not paired:
// those of two runs were not made one after the other. All are judged as one family; the
// loads of a load curve besides the one that the arms are judged at are another.
func Changes(old, new *Result) []Change {
	var all, along changes
	for _, phase := range new.Phases() {
		for _, metric := range Metrics {
			if metric.Compared {
				all.add(old, new, phase, metric)
			}
		}
	}
	for _, load := range new.Plan.Loads(Open) {
		if load == new.Plan.JudgedAt(Open) || !slices.Contains(old.Plan.Loads(Open), load) {
			continue
		}
		seen := new.At(load)
		for _, metric := range Metrics {
			if seen.decides(metric, Open) {
				along.add(old.At(load), seen, Open, metric)
			}
		}
	}
	return append(all.judge(old, new), along.judge(old, new)...)
}

// changes are those of one family, which are judged together.
type changes struct {
	rows     []Change
	judged   []int // of rows
	evidence []stats.Comparison
}

// add adds those of a metric in a phase.
func (f *changes) add(old, new *Result, phase string, metric Metric) {
	for _, arm := range commonArms(old, new) {
		c, of, ok := change(old, new, arm, phase, metric)
		if !ok {
			continue
		}
		if c.Verdict = NotJudged; metric.judgedIn(phase) {
			f.judged, f.evidence = append(f.judged, len(f.rows)), append(f.evidence, of)
		}
		f.rows = append(f.rows, c)
	}
}

// judge are they, with what may be said of each.
func (f *changes) judge(old, new *Result) []Change {
	for i, j := range stats.Judge(f.evidence, 1+new.Plan.Tolerance()) {
		f.rows[f.judged[i]].judge(j, old, new)
	}
	return f.rows
}

// judge puts in what may be said of a change.
func (c *Change) judge(j stats.Judgement, old, new *Result) {
	metric, _ := LookupMetric(c.Metric)
	old, new = old.At(c.Load), new.At(c.Load)
	c.PValue, c.Verdict = j.P, inWords(j, min(c.NOld, c.NNew), metric.Better)
	if metric.Answered {
		c.Verdict = despiteLosses(c.Verdict, new.LostShare(c.Arm, c.Phase), old.LostShare(c.Arm, c.Phase))
	}
	if c.Rough {
		c.Verdict = NoClaim
	}
}

// commonArms are those in both results but for the control, which is the baseline
// once more.
func commonArms(old, new *Result) (names []string) {
	for _, arm := range new.Arms {
		if !arm.Control && slices.ContainsFunc(old.Arms, func(a Arm) bool { return a.Name == arm.Name }) {
			names = append(names, arm.Name)
		}
	}
	return names
}

// change is one without what may be said of it.
func change(old, new *Result, arm, phase string, metric Metric) (Change, stats.Comparison, bool) {
	before, roughOld := old.Showing(arm, phase, metric)
	after, roughNew := new.Showing(arm, phase, metric)
	olds, news := metric.values(before), metric.values(after)
	c := stats.Independent(metric.byRun(after), metric.byRun(before))
	return Change{
		Arm: arm, Phase: phase, Load: new.load(phase), Metric: metric.Name,
		Old: stats.MedianOf(olds).Value, New: stats.MedianOf(news).Value,
		Ratio: c.Ratio, CI95: c.CI, NOld: len(olds), NNew: len(news), NoRatio: c.NoRatio,
		Rough: roughOld || roughNew,
	}, c, c.N > 0
}

// rateTolerance is how far apart, as a ratio, two open loops may be and still count
// as the same load. A rate that is a share of what was reached is never the same
// twice.
const rateTolerance = 1.02

// ErrRatesApart says that a run chose the rate of its open loop itself, and another
// than the run that it is held against.
var ErrRatesApart = errors.New("the open loops had rates of their own")

// RatesApart is an ErrRatesApart if the open loops of two runs are no match for each
// other and neither was told to be so. The closed loops still are.
func RatesApart(old, new *Result) error {
	was, is := old.offered(), new.offered()
	if was == 0 || is == 0 || max(was/is, is/was) <= rateTolerance || old.Plan.Rate > 0 && new.Plan.Rate > 0 {
		return nil
	}
	return fmt.Errorf("%w, %s/s and %s/s, for one that is not given is a share of what the run reached: without --force they are left out; give both runs the same --rate",
		ErrRatesApart, Thousands(int(math.Round(was))), Thousands(int(math.Round(is))))
}

// Differences are what keeps two results from being compared, field by field: their
// plans and their arms. A rate that was given is none against one that came of a run
// (see RatesApart).
func Differences(old, new *Result) (all []string) {
	planned, plan := old.Plan, new.Plan
	for _, p := range []*Plan{&planned, &plan} {
		p.Rounds, p.Budget, p.Until = 0, 0, 0 // how often, and not what
	}
	if (planned.Rate > 0) != (plan.Rate > 0) {
		planned.Rate, planned.Share, plan.Rate, plan.Share = 0, 0, 0, 0
	}
	all = fieldsThatDiffer("", planned, plan)
	for _, arm := range new.Arms {
		was, ok := find(old.Arms, func(a Arm) bool { return a.Name == arm.Name })
		if ok {
			all = append(all, fieldsThatDiffer(arm.Name+" ", was, arm)...)
		}
	}
	return all
}

// offered is the rate of the open loop, 0 if there was none.
func (r *Result) offered() float64 {
	for _, round := range r.In(Open) {
		if round.OfferedRate > 0 {
			return round.OfferedRate
		}
	}
	return 0
}

// Confounders are what else may have made the difference between two results.
func Confounders(old, new *Result) (all []string) {
	a, b := old.Environment, new.Environment
	for _, f := range []struct{ name, was, is string }{
		{"kernel", a.Kernel, b.Kernel},
		{"number of CPUs", fmt.Sprint(a.CPUs), fmt.Sprint(b.CPUs)},
		{"CPU model", a.CPUModel, b.CPUModel},
		{"Go", a.Go, b.Go},
		{"network namespace", fmt.Sprint(a.Namespace), fmt.Sprint(b.Namespace)},
		{"division of the CPUs", a.divided(), b.divided()},
	} {
		if f.was != f.is {
			all = append(all, fmt.Sprintf("another %s: %s and %s", f.name, f.was, f.is))
		}
	}
	all = append(all, settingsThatDiffer(a.Sysctls, b.Sysctls)...)
	all = append(all, onlyIn("the old", old, new)...)
	return append(all, onlyIn("the new", new, old)...)
}

func settingsThatDiffer(old, new map[string]string) (all []string) {
	for name, was := range old {
		if is, ok := new[name]; ok && is != was {
			all = append(all, fmt.Sprintf("another %s: %s and %s", name, was, is))
		}
	}
	slices.Sort(all)
	return all
}

func onlyIn(which string, in, other *Result) (all []string) {
	for _, arm := range in.Arms {
		if !arm.Control && !slices.Contains(commonArms(other, in), arm.Name) {
			all = append(all, fmt.Sprintf("%s is in %s result alone", arm.Name, which))
		}
	}
	return all
}

// fieldsThatDiffer names fields as JSON does, but those that it leaves out.
func fieldsThatDiffer(prefix string, old, new any) (all []string) {
	was, is := reflect.ValueOf(old), reflect.ValueOf(new)
	for i := range was.NumField() {
		name, _, _ := strings.Cut(was.Type().Field(i).Tag.Get("json"), ",")
		a, b := fmt.Sprint(was.Field(i)), fmt.Sprint(is.Field(i))
		if name != "-" && a != b {
			all = append(all, fmt.Sprintf("%s%s: %s and %s", prefix, strings.TrimSuffix(name, "_ns"), orNone(a), orNone(b)))
		}
	}
	return all
}

func orNone(text string) string {
	if text == "" || text == "[]" || text == "map[]" {
		return "none"
	}
	return text
}
