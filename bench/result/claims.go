package result

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"prefork/bench/stats"
)

// What a comparison says of an arm, besides that it would take more rounds to tell. All but
// the last two come with "likely" before them, too.
const (
	Better       = "better"
	Worse        = "worse"
	Higher       = "more" // where neither is better
	Lower        = "less"
	NoDifference = "no difference" // or one within the plan's margin
	NoClaim      = "no claim"      // of the latency of an arm that lost many requests
	NotJudged    = "not judged"    // of the latency of a closed loop, in Changes
)

// likely is before a verdict that is not sure.
const likely = "likely "

// usualMargin is how much may differ and still count as the same, where a plan says nothing.
const usualMargin = 0.10

// Tolerance is how much two arms may differ and still count as the same, as a share of 1.
func (p Plan) Tolerance() float64 { return cmp.Or(p.Margin, usualMargin) }

// claims are the comparisons of one family, which are judged together.
type claims struct {
	rows     []Comparison
	evidence []stats.Comparison
}

// claim sets every arm against the baseline. What decides, each metric in the phase where it
// says most, is one family; what explains it is another, so that looking at more does not
// cost claims. The loads of a load curve besides the one that the arms are judged at are a
// third, for the same reason. It leaves out an arm that has a ratio in no round at all, as
// where there is a zero in each: more rounds would not help that.
func (r *Result) claim() {
	var deciding, explaining claims
	for _, phase := range r.Phases() {
		s := series(r.In(phase))
		for _, metric := range Metrics {
			if !metric.Compared || !metric.judgedIn(phase) {
				continue
			}
			r.note(s, phase, metric)
			family := &explaining
			if r.decides(metric, phase) {
				family = &deciding
			}
			r.compare(s, phase, metric, family)
		}
	}
	r.Comparisons = slices.Concat(r.judged(deciding), r.judged(explaining), r.judged(r.claimsAlong()))
}

// claimsAlong are those of a load curve, at all loads but the one that the arms are judged
// at.
func (r *Result) claimsAlong() (family claims) {
	for _, load := range r.Plan.Loads(Open) {
		if load == r.Plan.JudgedAt(Open) {
			continue
		}
		seen := r.At(load)
		for _, metric := range Metrics {
			if seen.decides(metric, Open) {
				seen.compare(series(seen.In(Open)), Open, metric, &family)
			}
		}
	}
	return family
}

// decides reports whether arms are judged by a metric in a phase: where it says most. Along
// a load curve they are judged by times alone; the rest is told once.
func (r *Result) decides(m Metric, phase string) bool {
	home, ok := r.Home(m)
	return ok && home == phase && slices.Contains(Deciding, m.Name) && (m.Kind == Time || r.load(phase) == r.Plan.JudgedAt(phase))
}

// judgedIn reports whether anything may be said of a metric in a phase: a closed loop waits
// for the slow, and asks the less of them, so its times are shown and not judged.
func (m Metric) judgedIn(phase string) bool { return m.Kind != Time || phase != Closed }

// compare adds the comparisons of a metric in a phase to a family.
func (r *Result) compare(s series, phase string, metric Metric, family *claims) {
	twin, _ := r.Control()
	for _, arm := range r.Arms {
		if arm.Control || arm.Name == r.Plan.Baseline {
			continue
		}
		c := stats.Paired(s.paired(metric, arm.Name, r.Plan.Baseline, twin))
		if c.N == 0 {
			continue
		}
		family.evidence = append(family.evidence, c)
		family.rows = append(family.rows, Comparison{
			Phase: phase, Load: r.load(phase), Metric: metric.Name, Arm: arm.Name, Baseline: r.Plan.Baseline,
			Ratio: c.Ratio, CI95: c.CI, N: c.N, NoRatio: c.NoRatio, Value: c.Arm, Base: c.Reference,
		})
	}
}

// judged are the comparisons of a family with what may be said of each.
func (r *Result) judged(family claims) []Comparison {
	for i, j := range stats.Judge(family.evidence, 1+r.Plan.Tolerance()) {
		row := &family.rows[i]
		metric, _ := LookupMetric(row.Metric)
		row.PValue, row.Finding, row.Rounds = j.P, j.Finding.String(), j.Rounds
		row.Verdict = inWords(j, row.N, metric.Better)
		if metric.Answered {
			seen := r.At(row.Load)
			row.Verdict = despiteLosses(row.Verdict, seen.LostShare(row.Arm, row.Phase), seen.LostShare(row.Baseline, row.Phase))
		}
	}
	return family.rows
}

// inWords is a judgement after so many rounds, for a metric of which more, or less, or
// neither is better.
func inWords(j stats.Judgement, rounds int, better Direction) string {
	above := map[Direction]string{More: Better, Less: Worse, Neither: Higher}
	below := map[Direction]string{More: Worse, Less: Better, Neither: Lower}
	switch j.Finding {
	case stats.Above:
		return above[better]
	case stats.Below:
		return below[better]
	case stats.LikelyAbove:
		return likely + above[better]
	case stats.LikelyBelow:
		return likely + below[better]
	case stats.Same:
		return NoDifference
	}
	return moreRounds(j.Rounds - rounds)
}

// moreRounds says how many rounds an answer is away.
func moreRounds(n int) string {
	switch {
	case n == 1:
		return "needs 1 more round"
	case n > stats.MaxRounds/2:
		return fmt.Sprintf("needs over %d rounds", stats.MaxRounds/2)
	}
	return fmt.Sprintf("needs %d more rounds", n)
}

// note writes down how far the baseline and its twin came out apart: a check that people
// can look at, on which no claim depends.
func (r *Result) note(s series, phase string, metric Metric) {
	twin, ok := r.Control()
	if !ok {
		return
	}
	ours, theirs, _ := s.paired(metric, twin, r.Plan.Baseline, "")
	ci := stats.Paired(ours, theirs, nil).CI
	farther := max(ci[1], 1/ci[0])
	if noise := [2]float64{1 / farther, farther}; Interval(noise).bounded() {
		r.AANoise[NoiseKey(phase, metric.Name)] = noise
	}
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

// paired are the values of an arm, the baseline and its twin in the rounds in which the arm
// and one of the others are sound, NaN where one is not or has none. It has none of a metric
// that the arm or the baseline was never measured for.
func (s series) paired(metric Metric, arm, baseline, twin string) (ours, theirs, twins []float64) {
	if len(s.of(arm, metric)) == 0 || len(s.of(baseline, metric)) == 0 {
		return nil, nil, nil
	}
	bases, controls := s.byRound(baseline, metric), s.byRound(twin, metric)
	for _, round := range s {
		base, ok := bases[round.Round]
		control, too := controls[round.Round]
		if round.Arm != arm || !round.Sound(metric) || !ok && !too {
			continue
		}
		ours, theirs, twins = append(ours, orNaN(metric, round)), append(theirs, valueIf(ok, base)), append(twins, valueIf(too, control))
	}
	return ours, theirs, twins
}

// byRound are the values of the rounds in which an arm is sound, NaN where it has none.
func (s series) byRound(arm string, metric Metric) map[int]float64 {
	values := make(map[int]float64)
	for _, round := range s {
		if round.Arm == arm && round.Sound(metric) {
			values[round.Round] = orNaN(metric, round)
		}
	}
	return values
}

// valueIf is a value, NaN where there is none.
func valueIf(there bool, value float64) float64 {
	if !there {
		return math.NaN()
	}
	return value
}

func orNaN(metric Metric, round Round) float64 {
	value, ok := metric.Of(round)
	return valueIf(ok, value)
}
