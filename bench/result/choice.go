package result

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"prefork/bench/stats"
)

// Asked is a trial that helps to choose between arms: what one number of a run says of
// each, the first being what the others are held against. In all of them less is better.
type Asked struct {
	Name  string // of the row: "cheap requests"
	Cells []BriefCell
	// Waiting says that the cells are shares of connections that wait; otherwise they
	// are microseconds.
	Waiting bool
	// Loses says what an arm does that comes out worse, {} being by how much.
	Loses string
}

// Choice is what to take, and why.
type Choice struct {
	Take int // an arm, by number
	// Why is what was measured that speaks for it, or that nothing does, sentence by
	// sentence; Costs is what speaks against it.
	Why, Costs []string
	// Sure says that Why are claims. Otherwise it is what one takes where nothing is
	// known.
	Sure bool
}

// Choose takes the arm that wins most against the first and loses nothing. If there is
// none it takes the first, which has the least to go wrong.
func Choose(arms []string, asked []Asked) (c Choice) {
	most := 0
	for arm := 1; arm < len(arms); arm++ {
		if won, lost := wonAndLost(arm, asked); won > most && lost == 0 {
			c.Take, most = arm, won
		}
	}
	for _, a := range asked {
		c.add(arms, a)
	}
	if c.Sure = len(c.Why) > 0; !c.Sure {
		c.Why = []string{nothingFor(len(arms), asked)}
	}
	return c
}

// wonAndLost are in how many trials an arm surely came out better or worse than the first.
func wonAndLost(arm int, asked []Asked) (won, lost int) {
	for _, a := range asked {
		switch a.found(arm) {
		case stats.Below.String():
			won++
		case stats.Above.String():
			lost++
		}
	}
	return won, lost
}

// found is what a trial says of an arm; "" where it says nothing.
func (a Asked) found(arm int) string {
	if arm >= len(a.Cells) || !a.Cells[arm].Known || a.Cells[arm].Rough && !a.Waiting {
		return ""
	}
	return a.Cells[arm].Finding
}

// add tells what a trial says for the arm that is taken, and against it.
func (c *Choice) add(arms []string, a Asked) {
	var worse []string
	lose := func(arm, than int) {
		if how := a.howMuch(arm, than); len(worse) == 0 {
			worse = append(worse, arms[arm]+" "+strings.Replace(a.Loses, "{}", how, 1))
		} else {
			worse = append(worse, arms[arm]+" "+how)
		}
	}
	for arm := range arms {
		switch found := a.found(arm); {
		case arm == c.Take && found == stats.Below.String():
			lose(0, arm)
		case arm != c.Take && found == stats.Above.String():
			lose(arm, 0)
		case arm != c.Take && found == stats.Below.String():
			c.Costs = append(c.Costs, arms[0]+" "+strings.Replace(a.Loses, "{}", a.howMuch(0, arm), 1)+" than "+arms[arm])
		}
	}
	if len(worse) > 0 {
		c.Why = append(c.Why, strings.Join(worse, ", ")+".")
	}
}

// howMuch is by how much an arm came out worse than another.
func (a Asked) howMuch(arm, than int) string {
	if a.Waiting {
		return InShare(a.Cells[arm].Value)
	}
	return inPercent(a.Cells[arm].Value / a.Cells[than].Value)
}

// nothingFor says why nothing speaks for any of so many arms.
func nothingFor(arms int, asked []Asked) string {
	told, open, rough := 0, 0, false
	for _, a := range asked {
		for arm := 1; arm < min(arms, len(a.Cells)); arm++ {
			switch found := a.found(arm); found {
			case "":
				rough = rough || a.Cells[arm].Rough || a.Cells[0].Rough
			case stats.Same.String():
				told++
			default:
				told, open = told+1, open+1
			}
		}
	}
	switch {
	case arms < 2:
		return "It is the only one that could be asked of here."
	case rough:
		return "This machine was too busy with other things to tell them apart: it is the one with the least to go wrong. Try again when it is quiet."
	case told == 0:
		return "Too few requests were answered to tell them apart: it is the one with the least to go wrong. A longer run may tell: without --quick, or prefork bench."
	case open > 0:
		return "No difference is sure, so it is the one with the least to go wrong. A longer run may tell: without --quick, or prefork bench."
	}
	return "They are the same in all that was measured, so it is the one with the least to go wrong."
}

// InShare says a share as "1 in 4".
func InShare(share float64) string {
	switch {
	case share <= 0 || math.IsNaN(share):
		return "none"
	case share > 2./3:
		return fmt.Sprintf("%.0f in 100", 100*share)
	}
	return "1 in " + Thousands(int(math.Round(1/share)))
}

// Ask is what a run says of one metric for some of its arms, of which it may lack some.
func (r *Result) Ask(metric string, arms []string) (cells []BriefCell) {
	m, _ := LookupMetric(metric)
	phase := r.Phases()[0]
	for _, arm := range arms {
		switch {
		case !slices.ContainsFunc(r.Arms, func(a Arm) bool { return a.Name == arm }):
			cells = append(cells, BriefCell{})
		case m.Kind == Harm:
			cells = append(cells, r.askHarm(arm, phase))
		default:
			cells = append(cells, r.cell(arm, BriefColumn{Metric: metric, Phase: phase}))
		}
	}
	return cells
}

// askHarm is the share that stalled of those due from when the scenario struck, and what
// the counts say of it.
func (r *Result) askHarm(arm, phase string) BriefCell {
	share, _ := LookupMetric("stalled_share")
	rounds, rough := r.Showing(arm, phase, share)
	sum := 0.0
	for _, value := range share.values(rounds) {
		sum += value
	}
	h, _ := r.HarmOf(arm, phase, "stalled")
	return BriefCell{Known: len(rounds) > 0, Value: sum / float64(max(len(rounds), 1)), Finding: h.Finding, Rough: rough}
}
