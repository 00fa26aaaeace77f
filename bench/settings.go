//go:build linux

package bench

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"prefork/bench/load"
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
func Defaults(workload, scenario string, pace Pace) (Plan, error) {
	w, err := LookupWorkload(workload)
	if err != nil {
		return Plan{}, err
	}
	s, err := LookupScenario(scenario)
	if err != nil {
		return Plan{}, err
	}
	p := w.defaults
	p.Workload, p.Scenario = w.Name, s.Name
	p.Rounds, p.Warmup = pace.Rounds, pace.Warmup
	p.Length = max(p.Length, pace.Length)
	p.Timeout, p.Stall, p.Share = 10*time.Second, 500*time.Millisecond, 0.5
	if p.Phases == nil {
		p.Phases = []string{Closed, Open}
	}
	if w.staying {
		p.Warmup = 0 // those that come during it stay too
	}
	if !s.steady() {
		p.Phases, p.Rounds, p.Length = []string{Open}, pace.ScenarioRounds, max(p.Length, pace.ScenarioLength)
	}
	return p, nil
}

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
func (s Selection) arms(w Workload) (all []Arm, without []*NotHereError, err error) {
	names, optional := s.names()
	for _, name := range names {
		arm, err := ParseArm(name)
		if err == nil && s.Command != "" {
			arm, err = arm.running(s.Command)
			if err != nil && s.All {
				continue // for built-in workers
			}
		}
		if err != nil {
			return nil, nil, err
		}
		arm.Optional = arm.Optional || optional
		arm.Concurrency = cmp.Or(s.Concurrency, w.concurrency)
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
func Prepare(p Plan, s Selection) (Plan, []Arm, error) {
	w, err := LookupWorkload(p.Workload)
	if err != nil {
		return p, nil, err
	}
	arms, without, err := s.arms(w)
	if err != nil {
		return p, nil, err
	}
	for _, out := range without {
		p.LeftOut = append(p.LeftOut, LeftOut{out.Arm.Name, out.Err.Error()})
	}
	if p.Baseline == "" {
		p.Baseline = arms[0].Name
	}
	at := slices.IndexFunc(arms, func(a Arm) bool { return a.Name == p.Baseline })
	if at < 0 {
		return p, nil, p.noBaseline(arms)
	}
	arms[at].Optional = false // nothing could be held against it
	if err := p.check(arms); err != nil {
		return p, nil, err
	}
	p.Rate = p.rateAlone(arms)
	for _, arm := range arms {
		if err := p.demand(arm, p.Rate); err != nil {
			return p, nil, err
		}
	}
	if p.Rounds >= stats.MinRounds {
		arms = append(arms, controlOf(arms[at]))
	}
	return p, arms, nil
}

func (p Plan) noBaseline(arms []Arm) error {
	names := "the arms: " + strings.Join(armNames(arms), ", ")
	for _, out := range p.LeftOut {
		names += fmt.Sprintf("; %s was left out: %s", out.Arm, out.Reason)
	}
	return fmt.Errorf("--baseline %s is not among %s", p.Baseline, names)
}

// controlOf is an arm's twin, by which the noise is known.
func controlOf(a Arm) Arm {
	a.Name += " (again)"
	a.Control = true
	return a
}

func armNames(arms []Arm) (names []string) {
	for _, arm := range arms {
		names = append(names, arm.Name)
	}
	return names
}

// check finds what no run could be made of.
func (p Plan) check(arms []Arm) error {
	scenario, err := LookupScenario(p.Scenario)
	if err != nil {
		return err
	}
	if p.Service != "" {
		if _, err := stats.ParseService(p.Service); err != nil {
			return fmt.Errorf("--service: %w", err)
		}
	}
	for _, arm := range arms {
		if scenario.prefork && arm.Strategy == peerStrategy {
			return fmt.Errorf("--scenario %s is only for prefork itself: %s does not know the signal", scenario.Name, arm.Name)
		}
	}
	workload, err := LookupWorkload(p.Workload)
	if err != nil {
		return err
	}
	switch {
	case workload.staying && slices.Contains(p.Phases, Closed):
		return fmt.Errorf("--workload %s has an open loop only: its connections stay, so that no client comes again; leave out --phase", p.Workload)
	case p.Workload == "http" && p.Requests < 1:
		return fmt.Errorf("--requests %d: one at least", p.Requests)
	case p.Clients > mostClients():
		return fmt.Errorf("--clients %d: the load generator holds %d here, which is %d for each processor", p.Clients, mostClients(), load.MaxOpen)
	case p.Rounds < 1:
		return fmt.Errorf("--rounds %d: one at least", p.Rounds)
	case p.Length < 50*time.Millisecond:
		return fmt.Errorf("--length %s: 50ms at least", p.Length)
	case p.Warmup < 0 || p.Timeout <= 0 || p.Stall < 0 || p.Think < 0:
		return errors.New("--warmup, --timeout, --stall and --think are times of 0 or more, --timeout of more than 0")
	case slices.Contains(p.Phases, Closed) && p.Clients < 1:
		return fmt.Errorf("--clients %d: one at least", p.Clients)
	case p.Rate < 0 || p.Share <= 0 || p.Share >= 10:
		return errors.New("--rate wants connections a second, such as 500, or a share of the weakest arm's capacity, such as 50%")
	case !scenario.steady() && slices.Contains(p.Phases, Closed):
		return fmt.Errorf("--scenario %s needs an open loop: clients of a closed one wait for the server, and stop asking when it stops answering", scenario.Name)
	}
	return nil
}

// mostClients is how many connections a load generator has room for in the closed loop,
// with an event loop on each processor.
func mostClients() int { return load.MaxOpen * runtime.NumCPU() }

// freeRate is the rate where nothing tells a better one.
const freeRate = 1000

// rateAlone is the rate of an open loop that no closed one comes before, 0 where
// one does.
func (p Plan) rateAlone(arms []Arm) float64 {
	if p.Rate > 0 || slices.Contains(p.Phases, Closed) {
		return p.Rate
	}
	if p.Service == "" {
		return freeRate
	}
	service, err := stats.ParseService(p.Service)
	if err != nil {
		return freeRate
	}
	fewest := slices.MinFunc(arms, func(a, b Arm) int { return a.Workers - b.Workers }).Workers
	return p.Share * float64(fewest) / service.Mean().Seconds()
}
