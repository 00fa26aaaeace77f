//go:build linux

package run

import (
	"math"
	"testing"
	"time"

	"prefork/bench/load"
	"prefork/bench/result"
)

// A meter that came late scales what it saw; one that came too late says so.
func TestMeterThatIsLate(t *testing.T) {
	for _, c := range []struct {
		late    time.Duration
		seen    float64
		trusted bool
	}{
		{-time.Millisecond, 1, true}, // half of the reading was before
		{0, 1, true},
		{100 * time.Millisecond, 0.75, true},
		{300 * time.Millisecond, 0.25, false},
		{time.Second, -1.5, false},
	} {
		seen := &load.Result{From: time.Hour, Seconds: 0.4}
		m := meter{begun: seen.From + c.late}
		if share := m.seen(seen); math.Abs(share-c.seen) > 1e-9 {
			t.Errorf("%s late: %v of it seen, want %v", c.late, share, c.seen)
		}
		var r result.Round
		seen.Conns, m.after.CPU = 1, time.Second
		m.costs(&r, seen)
		if (r.CPU.Server != nil) != c.trusted {
			t.Errorf("%s late: costs %v", c.late, r.CPU.Server)
		}
	}
}
