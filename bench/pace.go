//go:build linux

package bench

import (
	"time"

	"prefork/bench/result"
	"prefork/bench/stats"
)

// Pace is how much time a run takes for how sure an answer.
type Pace struct {
	Name   string
	Rounds int
	Length time.Duration // of a part of a round, and of the warm-up before it
	Warmup time.Duration

	// Where something happens to a server, a part takes longer.
	ScenarioRounds int
	ScenarioLength time.Duration
}

// The three paces.
var (
	Usual    = Pace{"default", 10, 600 * time.Millisecond, 150 * time.Millisecond, stats.MinRounds, 3 * time.Second}
	Quick    = Pace{"quick", 3, 300 * time.Millisecond, 100 * time.Millisecond, 2, 1500 * time.Millisecond}
	Thorough = Pace{"thorough", 20, 2 * time.Second, 300 * time.Millisecond, 20, 5 * time.Second}
)

// Defaults are the plan of a workload in a scenario, for the caller to change.
func Defaults(workload, scenario string, pace Pace) (result.Plan, error) {
	w, err := LookupWorkload(workload)
	if err != nil {
		return result.Plan{}, err
	}
	s, err := LookupScenario(scenario)
	if err != nil {
		return result.Plan{}, err
	}
	p := w.defaults
	p.Workload, p.Scenario = w.Name, s.Name
	p.Rounds, p.Warmup = pace.Rounds, pace.Warmup
	p.Length = max(p.Length, pace.Length)
	p.Timeout, p.Stall = 10*time.Second, 500*time.Millisecond
	if p.Phases == nil {
		p.Phases = []string{result.Closed, result.Open}
	}
	if w.staying {
		p.Warmup = 0 // those that come during it stay too
	}
	if !s.steady() {
		p.Phases, p.Rounds, p.Length = []string{result.Open}, pace.ScenarioRounds, max(p.Length, pace.ScenarioLength)
	}
	return p, nil
}
