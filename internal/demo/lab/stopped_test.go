//go:build linux

package lab_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"prefork/bench/load"
	"prefork/internal/demo/lab"
)

// second is what a viewer is told once a second of a panel.
type second struct {
	Second, Recent load.Quantiles
	Taken, Lately  []uint64
	Lost           map[string]int
}

func secondsOf(data string) []second {
	var all struct{ Panels []second }
	if err := json.Unmarshal([]byte(data), &all); err != nil {
		panic(err)
	}
	return all.Panels
}

const awake, asleep = 1, 2 // in a frame, of a worker

// A stall wakes only those whom it has stopped.
func TestStallLeavesTheStoppedAlone(t *testing.T) {
	ends := lab.HoldStalls(t)
	url := open(t)
	v := view(t, url)
	is := func(want ...int) func(string) bool {
		return func(data string) bool {
			for slot, w := range frames(data)[0].W {
				if w[3] != want[slot] {
					return false
				}
			}
			return true
		}
	}
	v.await("frame", is(awake, awake, awake, awake))
	post204(t, url, "/act", `{"do":"stop","worker":1,"panel":"shared"}`)
	v.await("frame", is(awake, asleep, awake, awake))
	post204(t, url, "/act", `{"do":"stall","panel":"shared"}`)
	v.await("frame", is(asleep, asleep, asleep, asleep))
	if code, answer := post(t, url, "/act", `{"do":"stall","panel":"shared"}`); code != http.StatusConflict {
		t.Errorf("a stall within a stall: %d %s", code, answer)
	}
	// One that the viewer stops meanwhile stays so too.
	post204(t, url, "/act", `{"do":"stop","worker":2,"panel":"shared"}`)
	(<-ends)()
	v.await("frame", is(awake, asleep, asleep, awake))
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
