//go:build linux

package strategies_test

import (
	"strings"
	"testing"

	"prefork/dispatch"
	"prefork/strategies"
	"prefork/strategies/accept"
)

func TestLookupFindsEveryName(t *testing.T) {
	for _, s := range strategies.Strategies {
		if got, err := strategies.Lookup(s.Name); err != nil || got.Name != s.Name {
			t.Errorf("%s: %q, %v", s.Name, got.Name, err)
		}
	}
	for _, m := range accept.Listening() {
		if got, err := accept.LookupListening(m.Name); err != nil || got.Name != m.Name {
			t.Errorf("%s: %q, %v", m.Name, got.Name, err)
		}
	}
	for _, p := range dispatch.Policies {
		if got, err := strategies.LookupPolicy(p.Name); err != nil || got.Name != p.Name {
			t.Errorf("%s: %q, %v", p.Name, got.Name, err)
		}
	}
}

func TestTheFirstIsTheDefault(t *testing.T) {
	if got, err := strategies.Lookup(""); err != nil || got.Name != "shared" {
		t.Errorf("strategy %q, %v", got.Name, err)
	}
	if got, err := accept.LookupListening(""); err != nil || got.Name != accept.Listening()[0].Name {
		t.Errorf("mode %q, %v", got.Name, err)
	}
	if got, err := strategies.LookupPolicy(""); err != nil || got.Name != "round-robin" {
		t.Errorf("policy %q, %v", got.Name, err)
	}
}

func TestUnknownNamesAreSuggestedTheNearest(t *testing.T) {
	tests := []struct{ name, want string }{
		{"shard", `did you mean "shared"?`},
		{"re-useport", `did you mean "reuseport"?`},
		{"reuse_port", `did you mean "reuseport"?`},
		{"dispach", `did you mean "dispatch"?`},
		{"Shared", `did you mean "shared"?`},
		{"prefork", ""}, // nothing like it
		{"x", ""},
	}
	for _, test := range tests {
		_, err := strategies.Lookup(test.name)
		if err == nil || !strings.Contains(err.Error(), "there are: shared, reuseport, dispatch") {
			t.Errorf("%q: %v does not say what there is", test.name, err)
			continue
		}
		if got := strings.Contains(err.Error(), "did you mean"); got != (test.want != "") || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v, want %q", test.name, err, test.want)
		}
	}
}

func TestHas(t *testing.T) {
	tests := []struct{ strategy, mode, policy, want string }{
		{"shared", "", "", ""},
		{"shared", "blocking", "", ""},
		{"reuseport", "blocking", "", ""},
		{"dispatch", "", "p2c", ""},
		{"dispatch", "blocking", "", "it is for --strategy shared and --strategy reuseport"},
		{"shared", "", "p2c", "it is for --strategy dispatch"},
		{"reuseport", "blocking", "least-conn", "it is for --strategy dispatch"},
	}
	for _, test := range tests {
		s, err := strategies.Lookup(test.strategy)
		if err != nil {
			t.Fatal(err)
		}
		err = s.Has(test.mode, "", test.policy)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v", test, err)
		}
	}
}

// Every row of the tables can be used with some strategy, or it is dead.
func TestEveryModeAndPolicyHasAStrategy(t *testing.T) {
	some := func(mode, policy string) bool {
		for _, s := range strategies.Strategies {
			if s.Has(mode, "", policy) == nil {
				return true
			}
		}
		return false
	}
	for _, m := range accept.Listening() {
		if !some(m.Name, "") {
			t.Errorf("mode %s is for no strategy", m.Name)
		}
	}
	for _, p := range dispatch.Policies {
		if !some("", p.Name) {
			t.Errorf("policy %s is for no strategy", p.Name)
		}
	}
}
