package drive

import (
	"math/rand/v2"
	"testing"
	"time"
)

// Whatever the round trips, the difference lies within the bounds, and the bounds are no
// wider than the quickest trip and what the clocks drift.
func TestClock(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		truth := time.Duration(random.Int64N(int64(2*time.Hour))) - time.Hour
		rate := 1 + (2*random.Float64()-1)*500e-6
		theirs := func(ours time.Duration) time.Duration { return time.Duration(float64(ours)*rate) + truth }
		var c clock
		now, quickest := time.Duration(0), time.Hour
		for range 50 {
			now += time.Duration(random.Int64N(int64(200 * time.Millisecond)))
			there := time.Duration(random.ExpFloat64() * float64(300*time.Microsecond))
			back := time.Duration(random.ExpFloat64() * float64(300*time.Microsecond))
			quickest = min(quickest, there+back)
			if err := c.heard(now, now+there+back, theirs(now+there)); err != nil {
				t.Fatalf("seed %d: an honest clock: %v", seed, err)
			}
			now += there + back
			ahead, off := c.ahead()
			is := theirs(now) - now
			if wrong := (is - ahead).Abs(); wrong > off+time.Duration(drift*float64(time.Second)) {
				t.Fatalf("seed %d: %s ahead, to %s, and it is %s", seed, ahead, off, is)
			}
		}
	}
}

// A clock that jumps, stands or runs at another pace is none.
func TestClockThatLies(t *testing.T) {
	const trip = 200 * time.Microsecond
	for name, lie := range map[string]func(n int, ours time.Duration) time.Duration{
		"jumps":       func(n int, ours time.Duration) time.Duration { return ours + time.Duration(n/5)*time.Second },
		"stands":      func(int, time.Duration) time.Duration { return time.Hour },
		"runs faster": func(_ int, ours time.Duration) time.Duration { return ours * 101 / 100 },
		"at random":   func(n int, ours time.Duration) time.Duration { return time.Duration(n*n) * time.Minute },
	} {
		var c clock
		var err error
		for n := 0; n < 10 && err == nil; n++ {
			now := time.Duration(n+1) * 100 * time.Millisecond
			err = c.heard(now, now+trip, lie(n, now+trip/2))
		}
		if err == nil {
			t.Errorf("a clock that %s was believed", name)
		}
	}
}
