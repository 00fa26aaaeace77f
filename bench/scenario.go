//go:build linux

package bench

import (
	"fmt"

	"golang.org/x/sys/unix"

	"prefork/bench/run"
	"prefork/internal/lookup"
	"prefork/internal/subject"
)

// Scenario is what happens to a server while it is under load.
type Scenario struct {
	Name     string
	Sentence string

	// strike does it. Scenario steady has none.
	strike func(*subject.Server) (run.Blow, error)
	// flags of prefork serve without which it would show nothing.
	flags []string
	// prefork says that only prefork understands it.
	prefork bool
}

// Scenarios are all there are; the first is the default.
var Scenarios = []Scenario{
	{Name: "steady", Sentence: "nothing happens"},
	{Name: "stuck-worker", Sentence: "one worker is stopped (SIGSTOP) for the rest of the round", strike: stick},
	{Name: "kill-worker", Sentence: "one worker is killed (SIGKILL)", strike: killWorker},
	{
		Name: "kill-master", Sentence: "the master is killed (SIGKILL), and its workers may go on",
		strike: killMaster, flags: []string{"--on-master-death", "serve"},
	},
	{Name: "reload", Sentence: "every worker is replaced (SIGHUP)", strike: signalMaster(unix.SIGHUP)},
	{
		Name: "upgrade", Sentence: "the server goes on with the binary that is at its path now (SIGUSR2)",
		strike: signalMaster(unix.SIGUSR2), prefork: true,
	},
	{Name: "scale-down", Sentence: "one worker is taken away (SIGTTOU)", strike: signalMaster(unix.SIGTTOU), prefork: true},
}

// LookupScenario finds a scenario by its name.
func LookupScenario(name string) (Scenario, error) {
	return lookup.ByName("scenario", name, Scenarios, func(s Scenario) string { return s.Name })
}

// steady reports whether nothing happens.
func (s Scenario) steady() bool { return s.strike == nil }

func stick(s *subject.Server) (run.Blow, error) {
	pid, err := s.Victim()
	if err != nil {
		return run.Blow{}, err
	}
	return run.Blow{Worker: pid, Undo: func() { _ = unix.Kill(pid, unix.SIGCONT) }}, unix.Kill(pid, unix.SIGSTOP)
}

func killWorker(s *subject.Server) (run.Blow, error) {
	pid, err := s.Victim()
	if err != nil {
		return run.Blow{}, err
	}
	return run.Blow{Worker: pid}, unix.Kill(pid, unix.SIGKILL)
}

func killMaster(s *subject.Server) (run.Blow, error) {
	return run.Blow{}, unix.Kill(s.PID(), unix.SIGKILL)
}

func signalMaster(signal unix.Signal) func(*subject.Server) (run.Blow, error) {
	return func(s *subject.Server) (run.Blow, error) {
		if err := unix.Kill(s.PID(), signal); err != nil {
			return run.Blow{}, fmt.Errorf("signal the master: %w", err)
		}
		return run.Blow{}, nil
	}
}
