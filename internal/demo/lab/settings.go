//go:build linux

package lab

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"

	"prefork/bench/stats"
	"prefork/strategies"
	"prefork/strategies/accept"
)

// Limits of what can be set.
const (
	maxRate    = 2000
	maxClients = 500
	maxWorkers = 8
	maxSend    = 100
)

// Settings are what a viewer can set. All three panels are under the same load.
type Settings struct {
	Rate    float64        `json:"rate"`    // connections a second, whatever becomes of them (open loop)
	Clients int            `json:"clients"` // if not 0, so many clients in place of a rate (closed loop)
	Service string         `json:"service"` // how long a connection takes, as bench --service
	Workers int            `json:"workers"`
	Paused  bool           `json:"paused"`
	Ways    map[string]Way `json:"ways"` // by strategy
}

// Way is how a strategy's workers get their connections, where there is a choice.
type Way struct {
	Accept string `json:"accept,omitempty"`
	Steer  string `json:"steer,omitempty"`
	Policy string `json:"policy,omitempty"`
}

func defaults() Settings {
	s := Settings{Rate: 200, Service: "exp:5ms", Workers: 4, Ways: map[string]Way{}}
	for _, strategy := range strategies.Strategies {
		s.Ways[strategy.Name] = wayOf(strategy, Way{})
	}
	return s
}

// wayOf fills in the defaults.
func wayOf(s strategies.Strategy, w Way) Way {
	return Way{orFirst(w.Accept, s.Modes), orFirst(w.Steer, s.Steers), orFirst(w.Policy, s.Policies)}
}

// of is the strategy of this name, if this way is one of its own.
func (w Way) of(name string) (strategies.Strategy, error) {
	strategy, err := strategies.Lookup(name)
	if err != nil {
		return strategy, err
	}
	_, mode := accept.LookupListening(w.Accept)
	_, steer := strategies.LookupSteer(w.Steer)
	_, policy := strategies.LookupPolicy(w.Policy)
	return strategy, cmp.Or(mode, steer, policy, strategy.Has(w.Accept, w.Steer, w.Policy))
}

// or is the way after a change of what is not empty in another.
func (w Way) or(changed Way) Way {
	return Way{cmp.Or(changed.Accept, w.Accept), cmp.Or(changed.Steer, w.Steer), cmp.Or(changed.Policy, w.Policy)}
}

func orFirst(name string, all []string) string {
	if name == "" && len(all) > 0 {
		return all[0]
	}
	return name
}

// patch is what a viewer sends: only what is to change.
type patch struct {
	Rate    *float64
	Clients *int
	Service *string
	Workers *int
	Paused  *bool
	Ways    map[string]Way
	By      string // whoever wants it; viewers are told
}

// maxBy is more than a name for a viewer needs.
const maxBy = 40

func checkBy(by string) error {
	if len(by) > maxBy {
		return fmt.Errorf("by: want at most %d bytes", maxBy)
	}
	return nil
}

// with is the settings after a patch. The error says what is wrong with that.
func (s Settings) with(p patch) (Settings, error) {
	take(&s.Rate, p.Rate)
	take(&s.Clients, p.Clients)
	take(&s.Service, p.Service)
	take(&s.Workers, p.Workers)
	take(&s.Paused, p.Paused)
	s.Ways = maps.Clone(s.Ways)
	for name, way := range p.Ways {
		strategy, err := way.of(name)
		if err != nil {
			return s, err
		}
		s.Ways[strategy.Name] = s.Ways[strategy.Name].or(way)
	}
	return s, cmp.Or(s.check(), checkBy(p.By))
}

func take[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

func (s Settings) check() error {
	switch {
	case math.IsNaN(s.Rate) || s.Rate < 0 || s.Rate > maxRate:
		return fmt.Errorf("rate %g: want 0 to %d connections a second", s.Rate, maxRate)
	case s.Clients < 0 || s.Clients > maxClients:
		return fmt.Errorf("clients %d: want 1 to %d, or 0 for a rate", s.Clients, maxClients)
	case s.Workers < 1 || s.Workers > maxWorkers:
		return fmt.Errorf("workers %d: want 1 to %d", s.Workers, maxWorkers)
	}
	_, err := stats.ParseService(s.Service)
	return err
}

// args are those of prefork serve for one strategy.
func (s Settings) args(strategy string) []string {
	args := []string{
		"--bind", "127.0.0.1:0", "--strategy", strategy, "--workers", fmt.Sprint(s.Workers),
		"--app", "work", "--on-master-death", "serve", "--graceful-timeout", "3s",
	}
	way := s.Ways[strategy]
	for _, flag := range [][2]string{{"--accept", way.Accept}, {"--steer", way.Steer}, {"--policy", way.Policy}} {
		if flag[1] != "" {
			args = append(args, flag[:]...)
		}
	}
	return args
}

// sameServer reports whether a strategy's server can stay as it is.
func (s Settings) sameServer(other Settings, strategy string) bool {
	return s.Workers == other.Workers && s.Ways[strategy] == other.Ways[strategy]
}

// choice is a name with its sentence, for the page.
type choice struct {
	Name     string `json:"name"`
	Sentence string `json:"sentence"`
	Watches  bool   `json:"watches,omitempty"` // it passes over who is stuck
	Unable   string `json:"unable,omitempty"`  // why this process cannot have it
}

// facts are what the page has to know of a strategy: from the tables, so that a new
// row of theirs needs no change here.
type facts struct {
	Name     string   `json:"name"`
	Sentence string   `json:"sentence"`
	Accept   []choice `json:"accept,omitempty"`
	Steer    []choice `json:"steer,omitempty"`
	Policy   []choice `json:"policy,omitempty"`
}

func allFacts() (all []facts) {
	for _, s := range strategies.Strategies {
		f := facts{Name: s.Name, Sentence: s.Sentence}
		for _, name := range s.Modes {
			mode, _ := accept.LookupListening(name)
			f.Accept = append(f.Accept, choice{Name: mode.Name, Sentence: mode.Sentence, Unable: unable(mode.Probe())})
		}
		for _, name := range s.Steers {
			steer, _ := strategies.LookupSteer(name)
			f.Steer = append(f.Steer, choice{Name: steer.Name, Sentence: steer.Sentence, Watches: steer.Watches, Unable: unable(steer.Probe())})
		}
		for _, name := range s.Policies {
			policy, _ := strategies.LookupPolicy(name)
			f.Policy = append(f.Policy, choice{Name: policy.Name, Sentence: policy.Sentence})
		}
		all = append(all, f)
	}
	return all
}

// unable says why something is not possible here, or nothing.
func unable(err error) string {
	if err != nil {
		return err.Error()
	}
	return ""
}

// encode is for what can always be encoded.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("lab: %v", err))
	}
	return b
}
