package result

import (
	"fmt"
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
	if at := v.load(phase); at != "" {
		in += " at " + at
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

// unscathed are the arms that came off best in a count, and those that surely had more.
func (v verdict) unscathed(phase, metric string) (best, others []string) {
	arms := map[string][]string{}
	for _, h := range v.Harms {
		if h.Phase == phase && h.Metric == metric {
			arms[h.Finding] = append(arms[h.Finding], h.Arm)
		}
	}
	above, below, same := arms[stats.Above.String()], arms[stats.Below.String()], arms[stats.Same.String()]
	if len(below) > 0 {
		return below, append([]string{v.Plan.Baseline}, above...)
	}
	return append([]string{v.Plan.Baseline}, same...), above
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
