package result

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"prefork/bench/stats"
)

// Verdict is what to make of it all, in plain words, for this workload alone. It
// claims what the comparisons claim and no more.
func (r *Result) Verdict() string {
	v := verdict{r, r.standings()}
	switch {
	case v.most() == 0:
		return "Nothing is claimed: every number that decides was disturbed in every round."
	case v.most() < stats.MinRounds && v.harmTold():
		return strings.Join(append(append(v.disturbed(), v.advice()...), v.nothingElse()...), " ")
	case v.most() < stats.MinRounds:
		return strings.Join(v.nothingYet(), " ")
	case v.alone():
		return fmt.Sprintf("Only %s was measured: there is nothing to compare it with.", r.Plan.Baseline)
	case len(v.standings) == 0 && !v.struck():
		return fmt.Sprintf("Nothing is claimed: in too few rounds were both %s and another arm undisturbed.", r.Plan.Baseline)
	}
	var said []string
	if r.Partial != "" {
		said = append(said, "The run was cut short; this is what it had measured by then.")
	}
	said = append(said, v.disturbed()...)
	said = append(said, v.compared()...)
	said = append(said, v.advice()...)
	return strings.Join(said, " ")
}

// alone reports whether there is but one arm.
func (v verdict) alone() bool {
	return !slices.ContainsFunc(v.Arms, func(a Arm) bool { return !a.Control && a.Name != v.Plan.Baseline })
}

// verdict is a Verdict in the making.
type verdict struct {
	*Result
	standings []standing
}

// standing is how an arm came out against the baseline in what decides.
type standing struct {
	arm           Arm
	better, worse []Comparison
	// They are likely to be so, and not sure.
	likelyBetter, likelyWorse []Comparison
	same                      []Comparison
	unclaimed                 []Comparison
	// It surely lost fewer or more requests than the baseline.
	lostFewer, lostMore bool
}

// Deciding are the metrics that decide between arms; the others explain them.
var Deciding = []string{"throughput", "cpu_server", "cheap_p99", "p50", "p99"}

func (r *Result) standings() (all []standing) {
	for _, arm := range r.Arms {
		s := standing{arm: arm}
		for _, name := range Deciding {
			s.add(r, name)
		}
		s.lostFewer, s.lostMore = r.losses(arm)
		if len(s.better)+len(s.worse)+len(s.likelyBetter)+len(s.likelyWorse)+len(s.same)+len(s.unclaimed) > 0 {
			all = append(all, s)
		}
	}
	return all
}

func (s *standing) add(r *Result, name string) {
	metric, _ := LookupMetric(name)
	phase, ok := r.Home(metric)
	if !ok {
		return
	}
	c, ok := r.ComparisonOf(s.arm.Name, phase, name)
	switch {
	case !ok:
	case c.Verdict == Better:
		s.better = append(s.better, c)
	case c.Verdict == Worse:
		s.worse = append(s.worse, c)
	case c.Verdict == likely+Better:
		s.likelyBetter = append(s.likelyBetter, c)
	case c.Verdict == likely+Worse:
		s.likelyWorse = append(s.likelyWorse, c)
	case c.Verdict == NoClaim:
		s.unclaimed = append(s.unclaimed, c)
	case c.N >= stats.MinRounds: // the same, or nothing that can be told
		s.same = append(s.same, c)
	}
}

// differs are the ways in which it does, in words.
func (s standing) differs() (parts []string) {
	for _, way := range []struct {
		word string
		all  []Comparison
	}{{Better, s.better}, {Worse, s.worse}, {likely + Better, s.likelyBetter}, {likely + Worse, s.likelyWorse}} {
		if len(way.all) > 0 {
			parts = append(parts, way.word+": "+ratios(way.all))
		}
	}
	return parts
}

// compared says what was found of each arm against the baseline.
func (v verdict) compared() (said []string) {
	var differ []string
	for _, s := range v.standings {
		if parts := s.differs(); len(parts) > 0 {
			differ = append(differ, s.arm.Name+" is "+strings.Join(parts, ", but "))
		}
	}
	if len(differ) > 0 {
		said = append(said, fmt.Sprintf("Against %s, %s.", v.Plan.Baseline, strings.Join(differ, "; ")),
			fmt.Sprintf("The ranges in brackets hold the truth with 95 %% confidence, from %s.", v.inRounds("round", stats.MinRounds)))
	}
	if slices.ContainsFunc(v.standings, standing.equal) {
		said = append(said, v.undecided())
	}
	return append(append(said, v.unclaimed()...), v.thin()...)
}

// undecided says how great a difference may have gone unseen: not to have found
// one is not to have found that there is none.
func (v verdict) undecided() string {
	var names, metrics []string
	unseen := make(map[string]float64)
	for _, s := range v.standings {
		if !s.equal() {
			continue
		}
		names = append(names, s.arm.Name)
		for _, c := range s.same {
			unseen[c.Metric] = max(unseen[c.Metric], c.CI95[1], 1/c.CI95[0])
		}
	}
	verb := "shows"
	if len(names) > 1 {
		verb = "show"
	}
	for _, metric := range Deciding {
		if unseen[metric] > 0 {
			metrics = append(metrics, asChange(unseen[metric])+" in "+MetricInWords(metric))
		}
	}
	return fmt.Sprintf("%s %s no difference from %s; a difference below %s may have gone unseen.",
		listed(names, "and"), verb, v.Plan.Baseline, listed(metrics, "and"))
}

// asChange is a ratio above 1 as what it adds: 1.05 is 5 %, 2.5 is a factor of 2.5.
func asChange(ratio float64) string {
	if ratio < 2 {
		return fmt.Sprintf("%.0f %%", math.Ceil((ratio-1)*100-1e-9))
	}
	return Factor(ratio)
}

// ratios are comparisons in words: "throughput 0.62 × (0.61–0.64)".
func ratios(all []Comparison) string {
	var parts []string
	for _, c := range all {
		parts = append(parts, MetricInWords(c.Metric)+" "+RatioText(c.Ratio, c.CI95))
	}
	return listed(parts, "and")
}

// MetricInWords is what a metric is called within a sentence.
func MetricInWords(name string) string {
	if words, ok := inSentences[name]; ok {
		return words
	}
	metric, _ := LookupMetric(name)
	return metric.Title
}

var inSentences = map[string]string{
	"throughput": "throughput",
	"cpu_server": "CPU per connection",
	"cheap_p99":  "p99 of the cheap requests",
	"wakeups":    "wakeups per connection",
}

// listed joins names with a word before the last: a, b and c.
func listed(names []string, word string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " " + word + " " + names[last]
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
