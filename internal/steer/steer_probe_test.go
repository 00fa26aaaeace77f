//go:build linux

package steer

import "testing"

func TestLoadX(t *testing.T) {
	for _, p := range []string{RoundRobin, LeastLoaded, TwoChoices} {
		if err := Probe(p); err != nil {
			t.Errorf("%+v", err)
		}
	}
}
