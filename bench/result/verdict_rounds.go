package result

import (
	"fmt"
	"slices"

	"prefork/bench/stats"
)

// rounds is the greatest number of rounds that any arm had in a phase, but for those in
// which nothing that decides was sound.
func (v verdict) rounds(phase string) (most int) {
	of := make(map[string]int)
	for _, round := range v.In(phase) {
		if v.counts(round) {
			of[round.Arm]++
			most = max(most, of[round.Arm])
		}
	}
	return most
}

// counts reports whether anything that decides is sound in a round: where something was
// done to the servers, how many requests came to harm.
func (v verdict) counts(round Round) bool {
	lost, _ := LookupMetric("lost")
	return v.struck() && round.Sound(lost) || slices.ContainsFunc(Deciding, func(name string) bool {
		m, _ := LookupMetric(name)
		phase, ok := v.Home(m)
		return ok && phase == round.Phase && round.Sound(m)
	})
}

// most is the rounds of the phase that has most.
func (v verdict) most() (n int) {
	for _, phase := range v.Phases() {
		n = max(n, v.rounds(phase))
	}
	return n
}

// inRounds says how many rounds there were of the phases that had at least so many:
// by phase where they differ.
func (v verdict) inRounds(what string, least int) string {
	var parts []string
	differ := false
	for _, phase := range v.Phases() {
		n := v.rounds(phase)
		differ = differ || n != v.most()
		switch {
		case n < least:
		case len(parts) == 0:
			parts = append(parts, fmt.Sprintf("%s of the %s loop", plural(n, what), phase))
		default:
			parts = append(parts, fmt.Sprintf("%d of the %s one", n, phase))
		}
	}
	if !differ {
		return plural(v.most(), what)
	}
	return listed(parts, "and")
}

func (v verdict) nothingYet() []string {
	needs := moreRounds(stats.MinRounds - v.most())
	return []string{fmt.Sprintf("Nothing is claimed after %s: it %s.", v.inRounds("sound round", 0), needs)}
}

func (v verdict) nothingElse() []string {
	return []string{fmt.Sprintf("Nothing else is claimed after %s.", v.inRounds("sound round", 0))}
}

// thin names a phase that had too few rounds for a claim, where another had enough.
func (v verdict) thin() (said []string) {
	for _, phase := range v.Phases() {
		if n := v.rounds(phase); n < stats.MinRounds {
			needs := moreRounds(stats.MinRounds - n)
			said = append(said, fmt.Sprintf("Nothing is claimed of the %[2]s loop after %[1]s of it: it %[3]s.", plural(n, "sound round"), phase, needs))
		}
	}
	return said
}
