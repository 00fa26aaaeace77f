//go:build linux

package worker

import (
	"testing"
	"testing/synctest"
	"time"
)

// A worker that has served its share asks once for a successor, and again when that has
// not come: later and later.
func TestASuccessorIsAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := Spec{MaxConns: 3}.share()
		for served := uint64(1); served < 3; served++ {
			if s.over(served) {
				t.Errorf("asked after %d of 3", served)
			}
		}
		began := time.Now()
		var asked []time.Duration
		for served := uint64(3); len(asked) < 5; served++ {
			if s.over(served) {
				asked = append(asked, time.Since(began))
			}
			time.Sleep(100 * time.Millisecond)
		}
		for i, want := range []time.Duration{0, time.Second, 3 * time.Second, 7 * time.Second, 15 * time.Second} {
			if asked[i] != want {
				t.Errorf("asked at %v, want %v as number %d", asked, want, i)
			}
		}
	})
}

func TestAShareIsDrawn(t *testing.T) {
	seen := make(map[uint64]bool)
	for range 1000 {
		seen[Spec{MaxConns: 3, MaxJitter: 2}.share().most] = true
	}
	if len(seen) != 3 || !seen[3] || !seen[4] || !seen[5] {
		t.Errorf("shares of 3 and up to 2 more: %v", seen)
	}
	if s := (Spec{MaxJitter: 2}).share(); s.over(1 << 40) {
		t.Error("without --max-conns a worker asks for a successor")
	}
}
