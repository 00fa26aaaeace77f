//go:build linux

package lab_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"prefork/bench/load"
)

// second is what a viewer is told once a second of a panel.
type second struct {
	Second, Recent load.Quantiles
	Taken, Lately  []uint64
}

func secondsOf(data string) []second {
	var all struct{ Panels []second }
	if err := json.Unmarshal([]byte(data), &all); err != nil {
		panic(err)
	}
	return all.Panels
}

const asleep = 2 // in a frame, of a worker

// A stall wakes only those whom it has stopped.
func TestStallLeavesTheStoppedAlone(t *testing.T) {
	url := open(t)
	v := view(t, url)
	post204(t, url, "/act", `{"do":"stop","worker":1}`)
	v.await("frame", func(data string) bool { return frames(data)[0].W[1][3] == asleep })
	post204(t, url, "/act", `{"do":"stall"}`)
	if code, answer := post(t, url, "/act", `{"do":"stall"}`); code != http.StatusConflict {
		t.Errorf("a stall within a stall: %d %s", code, answer)
	}
	// One that is stopped by the viewer meanwhile stays so too.
	post204(t, url, "/act", `{"do":"stop","worker":2}`)
	states := func(data string) (all [4]int) {
		for slot, w := range frames(data)[0].W {
			all[slot] = w[3]
		}
		return all
	}
	v.await("frame", func(data string) bool { return states(data) == [4]int{asleep, asleep, asleep, asleep} })
	v.await("frame", func(data string) bool { return states(data)[0] != asleep })
	v.await("frame", func(data string) bool { return states(data)[3] != asleep })
	v.await("second", anything)
	v.await("frame", func(data string) bool {
		if now := states(data); now != [4]int{1, asleep, asleep, 1} {
			t.Errorf("after the stall the workers' states are %v", now)
		}
		return true
	})
}

// While connections wait behind a worker that is stopped, the 99th percentile rises,
// and its share goes to nothing.
func TestPercentilesHaveNoSurvivorBias(t *testing.T) {
	url := open(t)
	v := view(t, url)
	v.await("frame", func(data string) bool { return frames(data)[1].D > 0 })
	post204(t, url, "/act", `{"do":"stop","worker":2,"panel":"reuseport"}`)
	v.await("frame", func(data string) bool { return frames(data)[1].Q[2] > 30 })
	var last second
	for last.Second.P99 < 2e6 || last.Recent.P99 < 1e6 { // the slowest of those who were answered would be far less
		now := secondsOf(v.await("second", anything))[1]
		if now.Second.P99 < last.Second.P99 || now.Recent.P99 < last.Recent.P99 {
			t.Errorf("while connections wait, %+v becomes %+v", last, now)
		}
		last = now
	}
	v.await("second", func(data string) bool {
		now := secondsOf(data)[1]
		return now.Lately[2] == 0 && now.Lately[1] > 0 && now.Taken[2] > 0
	})
}
