//go:build linux

package strategies

import (
	"fmt"
	"slices"
	"strings"

	"prefork/dispatch"
	"prefork/internal/lookup"
)

// Lookup finds a strategy by its name.
func Lookup(name string) (Strategy, error) {
	return lookup.OrFirst("strategy", name, Strategies, func(s Strategy) string { return s.Name })
}

// LookupSteer finds a way of steering by its name; "" is the default.
func LookupSteer(name string) (Steer, error) {
	return lookup.OrFirst("steer", name, Steers, func(s Steer) string { return s.Name })
}

// LookupPolicy finds a dispatch policy by its name; "" is the default.
func LookupPolicy(name string) (dispatch.Policy, error) {
	return lookup.OrFirst("policy", name, dispatch.Policies, func(p dispatch.Policy) string { return p.Name })
}

// Has reports whether the strategy has the mode, the steer and the policy, each of
// which may be "" for its default; the error says which strategies do.
func (s Strategy) Has(mode, steer, policy string) error {
	if mode != "" && !slices.Contains(s.Modes, mode) {
		return fmt.Errorf("accept mode %q: %s has none, because its workers do not accept; it is for %s", mode, s.Name,
			who(func(t Strategy) bool { return slices.Contains(t.Modes, mode) }))
	}
	if steer != "" && !slices.Contains(s.Steers, steer) {
		return fmt.Errorf("steer %q: %s has no group of sockets for the kernel to pick from; it is for %s", steer, s.Name,
			who(func(t Strategy) bool { return slices.Contains(t.Steers, steer) }))
	}
	if policy != "" && !slices.Contains(s.Policies, policy) {
		return fmt.Errorf("policy %q: %s has none, because there the kernel chooses; it is for %s", policy, s.Name,
			who(func(t Strategy) bool { return slices.Contains(t.Policies, policy) }))
	}
	return nil
}

func who(has func(Strategy) bool) string {
	var names []string
	for _, s := range Strategies {
		if has(s) {
			names = append(names, "--strategy "+s.Name)
		}
	}
	return strings.Join(names, " and ")
}
