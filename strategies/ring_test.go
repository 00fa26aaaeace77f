//go:build linux

package strategies

import (
	"slices"
	"testing"
)

// With as many workers as queues, or more, each queue has as many that take from it as
// workers overlap, or more; and the lowest of these is known without a search.
func TestTheRingIsClosed(t *testing.T) {
	for queues := 1; queues <= 7; queues++ {
		for overlap := 1; overlap <= queues; overlap++ {
			r := ring{queues, overlap}
			for workers := queues; workers <= 2*queues+1; workers++ {
				takers := make([][]int, queues)
				for slot := range workers {
					of := r.of(slot)
					if len(of) != overlap || of[0] != slot%queues {
						t.Fatalf("%+v: slot %d takes from %v", r, slot, of)
					}
					for _, q := range of {
						takers[q] = append(takers[q], slot)
					}
				}
				for q, by := range takers {
					if slots := slices.Compact(slices.Clone(by)); len(slots) < overlap || len(slots) != len(by) {
						t.Errorf("%+v, %d workers: queue %d has %v", r, workers, q, by)
					}
					if r.lowest(q) != by[0] {
						t.Errorf("%+v: the lowest of queue %d is said to be %d: %v", r, q, r.lowest(q), by)
					}
				}
			}
		}
	}
	if own := (ring{overlap: 1}); !slices.Equal(own.of(5), []int{5}) || own.lowest(5) != 5 {
		t.Error("a queue for each slot is not its own")
	}
}
