//go:build linux

package drive

import (
	"encoding/json"
	"runtime"
	"sync"

	"github.com/nats-io/nats.go"

	"prefork/bench/load"
	"prefork/bench/many"
)

// ear hears what agents say in mid-part.
type ear struct {
	mu       sync.Mutex
	part     int
	counts   map[string]load.Counts // by agent's ID
	outcomes chan many.Outcome      // of the part
	live     func(load.Counts)
	reading  chan struct{} // holds one for each outcome that is being read
}

// newEar listens for a run.
func newEar(conn *nats.Conn, prefix, run string, live func(load.Counts)) (*ear, error) {
	e := &ear{live: live, reading: make(chan struct{}, runtime.NumCPU())}
	for matter, hear := range map[string]func([]byte){many.Counts: e.count, many.Done: e.hearDone} {
		if _, err := conn.Subscribe(many.Subject(prefix, "run", run, matter), func(m *nats.Msg) { hear(m.Data) }); err != nil {
			return nil, err
		}
	}
	return e, conn.Flush()
}

// begin is where a part begins that many agents are to tell of.
func (e *ear) begin(part, agents int) <-chan many.Outcome {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.part, e.counts, e.outcomes = part, map[string]load.Counts{}, make(chan many.Outcome, agents)
	return e.outcomes
}

// count hears how far an agent is.
func (e *ear) count(data []byte) {
	var c many.Count
	if json.Unmarshal(data, &c) != nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if c.Part != e.part || e.live == nil {
		return
	}
	e.counts[c.Agent] = c.Counts
	var sum load.Counts
	for _, one := range e.counts {
		sum.Begun += one.Begun
		sum.Answered += one.Answered
		sum.Failed += one.Failed
	}
	e.live(sum)
}

// hearDone has an outcome read, several at a time: a thousand agents' are a second's
// work for one processor.
func (e *ear) hearDone(data []byte) {
	e.reading <- struct{}{}
	go func() {
		defer func() { <-e.reading }()
		e.done(data)
	}()
}

// done hears what a part has come to; of an earlier one, it is too late.
func (e *ear) done(data []byte) {
	var o many.Outcome
	if err := json.Unmarshal(data, &o); err != nil {
		return // who said it will be missed
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if o.Part != e.part {
		return
	}
	select {
	case e.outcomes <- o:
	default: // more than there are agents: somebody said it twice
	}
}
