//go:build linux

package load

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// throughWire is a result as it comes from another host.
func throughWire(t *testing.T, r *Result) *Result {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back Result
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	return &back
}

// play has some tallies see a random course of requests, each request seen by one of
// them, and the last tally see them all.
func play(o Order, random *rand.Rand, requests int, several []*tally, all *tally) {
	for range requests {
		c := conn{due: time.Duration(random.Float64() * float64(o.Warmup+o.Length+o.Tail)), pid: 1 + random.IntN(4)}
		c.begun = c.due + time.Duration(random.ExpFloat64()*float64(100*time.Microsecond))
		took := time.Duration(math.Exp(random.Float64()*math.Log(1e9))) * time.Microsecond / 10 // up to 100 s
		failed, cheap := random.IntN(20) == 0, random.IntN(2) == 0
		for _, t := range []*tally{several[random.IntN(len(several))], all} {
			c := c
			t.due(c.due)
			t.begun(c.due, c.begun, 1)
			if failed {
				if t.failed(c.due, c.begun+took, Reset) {
					t.explain(Reset, c.begun+took, "connection reset by peer")
				}
				continue
			}
			t.connected(&c, c.begun+took/2)
			t.answered(&c, c.begun+took, cheap)
			t.closed(&c)
		}
	}
}

// What several generators saw, merged, is what one would have seen: each quantile of each
// kind of time, each count, each slice of the timeline.
func TestMergedAsOne(t *testing.T) {
	for seed := range uint64(40) {
		random := rand.New(rand.NewPCG(seed, 1))
		o := Order{
			Rate: 1000, Warmup: 100 * time.Millisecond, Length: time.Second, Tail: 50 * time.Millisecond,
			Stall: 10 * time.Millisecond, Slice: 100 * time.Millisecond, Shared: true,
		}
		all, several := newTally(o, true), []*tally{newTally(o, true), newTally(o, true), newTally(o, true)}
		play(o, random, random.IntN(3000), several, all) // a few seeds leave an agent with next to nothing
		var sum Sum
		for _, one := range several {
			if err := sum.Add(throughWire(t, one.result())); err != nil {
				t.Fatal(err)
			}
		}
		merged := sum.Result()
		o.Shared = false
		one := all.result()
		for i := range one.Timeline {
			one.Timeline[i].Times = nil
		}
		if err := sameResult(merged, one); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

func sameResult(a, b *Result) error {
	for name, pair := range map[string][2]*Histogram{
		"response": {a.Response, b.Response}, "service": {a.Service, b.Service}, "connect": {a.Connect, b.Connect}, "lag": {a.Lag, b.Lag}, "cheap": {a.Cheap, b.Cheap},
	} {
		if pair[0].TotalCount() != pair[1].TotalCount() {
			return fmt.Errorf("%s: %d times and %d", name, pair[0].TotalCount(), pair[1].TotalCount())
		}
		for q := 0.0; q <= 100; q += 0.1 {
			if x, y := pair[0].ValueAtQuantile(q), pair[1].ValueAtQuantile(q); x != y {
				return fmt.Errorf("%s: quantile %.1f is %d and %d", name, q, x, y)
			}
		}
	}
	for name, pair := range map[string][2]int{
		"requests": {a.Requests, b.Requests}, "conns": {a.Conns, b.Conns}, "stalled": {a.Stalled, b.Stalled}, "due": {a.Due, b.Due}, "begun": {a.Begun, b.Begun},
	} {
		if pair[0] != pair[1] {
			return fmt.Errorf("%s: %d and %d", name, pair[0], pair[1])
		}
	}
	if !maps.Equal(a.Errors, b.Errors) || !maps.Equal(a.Workers, b.Workers) || !maps.Equal(a.First, b.First) {
		return fmt.Errorf("errors %v and %v, workers %v and %v, first %v and %v", a.Errors, b.Errors, a.Workers, b.Workers, a.First, b.First)
	}
	for i := range b.Timeline {
		if a.Timeline[i] != b.Timeline[i] {
			return fmt.Errorf("slice %d: %+v and %+v", i, a.Timeline[i], b.Timeline[i])
		}
	}
	return nil
}

func TestSumIsOfOneLoad(t *testing.T) {
	result := func(o Order) *Result { return newTally(o, false).result() }
	open := Order{Rate: 1, Length: time.Second, Shared: true, Slice: time.Second}
	for name, others := range map[string][]*Result{
		"other loops":  {result(open), result(Order{Clients: 1, Length: time.Second, Slice: time.Second})},
		"other slices": {result(open), result(Order{Rate: 1, Length: time.Second})},
	} {
		var sum Sum
		if err := sum.Add(others[0]); err != nil {
			t.Fatal(err)
		}
		if err := sum.Add(others[1]); err == nil {
			t.Errorf("%s: added", name)
		}
	}
	if new(Sum).Result() != nil {
		t.Error("there is a sum of nothing")
	}
}
