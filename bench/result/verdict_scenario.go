package result

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"prefork/bench/stats"
)

// disturbed says what became of connections: it comes first where something was
// done to the servers, and anywhere if some were lost.
func (v verdict) disturbed() (said []string) {
	for _, phase := range v.Phases() {
		for _, arm := range v.Arms {
			if !arm.Control {
				said = append(said, v.fate(arm.Name, phase)...)
			}
		}
	}
	if len(said) > 0 && v.struck() {
		said = append([]string{fmt.Sprintf("Scenario %s:", v.Plan.Scenario)}, said...)
	}
	return said
}

func (v verdict) struck() bool { return v.Plan.Scenario != "" && v.Plan.Scenario != "steady" }

// fate is what was counted of one arm; of an undisturbed one only what went wrong.
func (v verdict) fate(arm, phase string) []string {
	t := v.toll(arm, phase)
	if t.rounds == 0 || !v.struck() && t.lost+t.stalled == 0 {
		return nil
	}
	in := ""
	if len(v.Phases()) > 1 {
		in = ", " + phase + " loop"
	}
	return []string{fmt.Sprintf("%s lost %s and stalled %s of %s %s%s%s.",
		arm, Thousands(t.lost), Thousands(t.stalled), Thousands(t.ended), v.Plan.Counted(), in, v.normal(arm, phase))}
}

// toll is what one arm's rounds of a phase add up to, but for those whose counts are
// not sound.
type toll struct{ rounds, ended, lost, stalled int }

func (r *Result) toll(arm, phase string) (t toll) {
	lost, _ := LookupMetric("lost")
	for _, round := range r.In(phase) {
		if round.Arm == arm && round.Sound(lost) {
			t.rounds++
			t.lost += round.Lost()
			t.stalled += round.Stalled
			t.ended += round.Ended()
		}
	}
	return t
}

// normal is when it was over, by the median round.
func (v verdict) normal(arm, phase string) string {
	seconds, never := v.Recovery(arm, phase)
	n := len(seconds) + never
	switch {
	case n == 0:
		return ""
	case never == n:
		return fmt.Sprintf(", and was normal again in none of %s", plural(n, "round"))
	case never > 0:
		return fmt.Sprintf(", and was never normal again in %d of %s", never, plural(n, "round"))
	}
	if median := stats.MedianOf(seconds).Value; median > 0 {
		return fmt.Sprintf(", and was normal again after %s s", Seconds(median))
	}
	return ", and went on as before"
}

// struckAdvice names the arms that surely fared worse than another: in lost
// connections, or where these do not tell, in stalled ones.
func (v verdict) struckAdvice() []string {
	phase := v.Phases()[len(v.Phases())-1]
	for _, metric := range []string{"lost", "stalled"} {
		if best, others := v.unscathed(phase, metric); len(others) > 0 {
			said := fmt.Sprintf("Where this may happen take %s: fewer %s %s than under %s.",
				listed(best, "or"), v.Plan.Counted(), metric, listed(others, "or"))
			return []string{said, v.calm()}
		}
	}
	return []string{fmt.Sprintf("Between them no difference in lost or stalled %s was found.", v.Plan.Counted()), v.calm()}
}

// calm reminds that a scenario is one bad moment.
func (v verdict) calm() string {
	return "What each costs on an ordinary day is for a run with --scenario steady."
}

// unscathed are the arms with the fewest of a count, and those that surely had
// more than all of them: the intervals of the medians do not touch, which by
// chance happens far less often than in one of twenty cases.
func (v verdict) unscathed(phase, metric string) (best, others []string) {
	rows := v.counted(phase, metric)
	if len(rows) == 0 {
		return nil, nil
	}
	least := slices.MinFunc(rows, func(a, b Summary) int {
		return cmp.Compare(a.CI95[1], b.CI95[1])
	})
	for _, s := range rows {
		switch {
		case s.CI95[0] > least.CI95[1]:
			others = append(others, s.Arm)
		case s.CI95[1] <= least.CI95[1]:
			best = append(best, s.Arm)
		}
	}
	return best, others
}

// counted are the summaries of enough rounds to claim anything.
func (v verdict) counted(phase, metric string) (rows []Summary) {
	for _, arm := range v.Arms {
		s, ok := v.SummaryOf(arm.Name, phase, metric)
		if ok && !arm.Control && s.N >= stats.MinRounds {
			rows = append(rows, s)
		}
	}
	return rows
}

// Thousands writes 12345 as 12,345.
func Thousands(n int) string {
	text := fmt.Sprint(n)
	first := 0
	if strings.HasPrefix(text, "-") {
		first = 1
	}
	for i := len(text) - 3; i > first; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
