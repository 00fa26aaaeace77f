//go:build linux

package bench

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"prefork/bench/result"
	"prefork/bench/run"
	"prefork/bench/stats"
)

// Selection is what to compare, as a user names it.
type Selection struct {
	Arms        []string // as ParseArm reads them; none means DefaultArms
	All         bool     // all that there are, in place of Arms
	Peers       []string // as ParsePeer reads them
	Command     string   // a program to run as worker in place of the built-in apps
	Workers     []int
	Concurrency int // 0 is the workload's
}

// names are those of the arms of prefork itself. Those that the user has not named
// are optional.
func (s Selection) names() (names []string, optional bool) {
	switch {
	case s.All:
		return AllArms(), true
	case len(s.Arms) == 0:
		return DefaultArms, true
	}
	return s.Arms, false
}

// arms are the selected ones that can be had here.
func (s Selection) arms(w Workload) (all []result.Arm, without []*NotHereError, err error) {
	names, optional := s.names()
	for _, name := range names {
		arm, err := ParseArm(name)
		if err == nil && s.Command != "" {
			arm, err = running(arm, s.Command)
			if err != nil && s.All {
				continue // for built-in workers
			}
		}
		if err != nil {
			return nil, nil, err
		}
		arm.Optional = arm.Optional || optional
		arm.Concurrency = cmp.Or(arm.Flag("concurrency"), s.Concurrency, w.concurrency)
		arm = atOnce(arm, says(name, arm.Accept) && (s.All || !optional))
		all = append(all, arm)
	}
	if all, without, err = obtainable(all); err != nil {
		return nil, nil, err
	}
	for _, text := range s.Peers {
		peer, err := ParsePeer(text)
		if err != nil {
			return nil, nil, err
		}
		peer.Concurrency = 1
		all = append(all, peer)
	}
	if len(all) == 0 && len(without) > 0 {
		return nil, nil, without[0]
	}
	return multiply(all, s.Workers), without, nil
}

// Prepare works out the arms of a plan and completes it, or says what is wrong
// with it before anything is started.
func Prepare(p result.Plan, s Selection) (result.Plan, []result.Arm, error) {
	w, err := LookupWorkload(p.Workload)
	if err != nil {
		return p, nil, err
	}
	arms, without, err := s.arms(w)
	if err != nil {
		return p, nil, err
	}
	for _, out := range without {
		p.LeftOut = append(p.LeftOut, result.LeftOut{Arm: out.Arm.Name, Reason: out.Err.Error()})
	}
	if p.Baseline == "" {
		p.Baseline = arms[0].Name
	}
	at := slices.IndexFunc(arms, func(a result.Arm) bool { return a.Name == p.Baseline })
	if at < 0 {
		return p, nil, noBaseline(p, arms)
	}
	arms[at].Optional = false // nothing could be held against it
	if p.Pin {
		if _, err := pinning(); err != nil {
			return p, nil, err
		}
	}
	p = withRate(p, arms)
	if err := check(p, arms); err != nil {
		return p, nil, err
	}
	if err := demands(p, arms); err != nil {
		return p, nil, err
	}
	// Counts of what came to harm can be told in two rounds that have a twin.
	if p.Rounds >= stats.MinRounds || p.Rounds > 1 && p.Scenario != Scenarios[0].Name {
		arms = append(arms, controlOf(arms[at]))
	}
	return p, arms, affordable(p, len(arms))
}

// demands is an error if a rate is more than any server could keep up with. A load curve may
// have an overload on purpose, up to a bound.
func demands(p result.Plan, arms []result.Arm) error {
	times := 1.0
	if len(p.Rates) > 0 {
		times = result.MostOverload
	}
	for _, rate := range p.OpenRates() {
		for _, arm := range arms {
			if err := demand(p, arm, rate.PerSecond, times); err != nil {
				return err
			}
		}
	}
	return nil
}

// affordable is an error if not even a round fits into a plan's budget.
func affordable(p result.Plan, arms int) error {
	if round := run.RoundTime(p, arms); p.Budget > 0 && p.Budget < round {
		return fmt.Errorf("--budget %s: one round of %d arms takes some %s", p.Budget, arms, round.Round(100*time.Millisecond))
	}
	return nil
}

func noBaseline(p result.Plan, arms []result.Arm) error {
	names := "the arms: " + strings.Join(armNames(arms), ", ")
	for _, out := range p.LeftOut {
		names += fmt.Sprintf("; %s was left out: %s", out.Arm, out.Reason)
	}
	return fmt.Errorf("--baseline %s is not among %s", p.Baseline, names)
}

// controlOf is an arm's twin, by which the noise is known.
func controlOf(a result.Arm) result.Arm {
	a.Name += " (again)"
	a.Control = true
	return a
}

func armNames(arms []result.Arm) (names []string) {
	for _, arm := range arms {
		names = append(names, arm.Name)
	}
	return names
}
