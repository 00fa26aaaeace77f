//go:build linux

package load

import (
	"encoding/json"
	"errors"
	"flag"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"
)

var speed = flag.Bool("speed", false, "measure how fast results are merged")

// TestMergeSpeed prints how long it takes to read and add up the results of 1,000 agents,
// each of 2,000 requests with a timeline.
func TestMergeSpeed(t *testing.T) {
	if !*speed {
		t.Skip("it takes a quiet machine: go test ./bench/load -run TestMergeSpeed -speed -v")
	}
	const agents, requests = 1000, 2000
	o := Order{Rate: 1000, Length: 2 * time.Second, Slice: time.Second, Stall: time.Second, Shared: true}
	random := rand.New(rand.NewPCG(1, 1))
	all := newTally(o, true)
	texts, bytes := make([][]byte, agents), 0
	for i := range texts {
		one := newTally(o, true)
		play(o, random, requests, []*tally{one}, all)
		texts[i], _ = json.Marshal(one.result())
		bytes += len(texts[i])
	}
	begun, used := time.Now(), processorTime()
	var sum Sum
	var adding sync.Mutex
	var reading sync.WaitGroup
	for n := range runtime.NumCPU() {
		reading.Go(func() {
			for i := n; i < agents; i += runtime.NumCPU() {
				var r Result
				err := json.Unmarshal(texts[i], &r)
				adding.Lock()
				if err = errors.Join(err, sum.Add(&r)); err != nil {
					t.Error(err)
				}
				adding.Unlock()
			}
		})
	}
	reading.Wait()
	if n := sum.Result().Response.TotalCount(); n != all.r.Response.TotalCount() {
		t.Fatalf("%d times, want %d", n, all.r.Response.TotalCount())
	}
	t.Logf("%d agents, %d bytes each: read and added up in %.2f s on %d processors, %.2f s of their time",
		agents, bytes/agents, time.Since(begun).Seconds(), runtime.NumCPU(), (processorTime() - used).Seconds())
}
