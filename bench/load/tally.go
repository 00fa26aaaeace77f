//go:build linux

package load

import (
	"time"
)

// slack is how long after the measured time a connection that was due in it may
// still begin.
const slack = 20 * time.Millisecond

// tally is what one event loop has measured. Answers and connections count if they
// came in the measured time, whenever they were due: else all that is under way at
// either edge would be lost, and the more of it the shorter the time. Response times
// and failures are of what was due in it, whenever that ended: else those that take
// longest would be lost. The timeline is of what was due at any time.
type tally struct {
	from, end time.Duration
	stall     time.Duration
	open      bool // an open loop
	keep      bool // connections are kept open to the end
	r         Result
	timeline  timeline
	counts    Counts // of all, whether measured or not
	aftermath aftermath
	first     map[string]failure // by kind
}

// failure is a request that failed.
type failure struct {
	at  time.Duration
	why string // in a line
}

func newTally(o Order, bimodal bool) *tally {
	t := &tally{from: o.Warmup, end: o.Warmup + o.Length, stall: o.Stall, open: o.Rate > 0, keep: o.Requests < 0, timeline: newTimeline(o), aftermath: newAftermath(o), first: map[string]failure{}, r: Result{
		Loop: o.Loop(), Seconds: o.Length.Seconds(), Threads: 1, Errors: map[string]int{}, First: map[string]string{}, Workers: map[int]int{}, Held: map[int]int{},
		Response: NewHistogram(), Service: NewHistogram(), Connect: NewHistogram(), Lag: NewHistogram(),
	}}
	t.r.After = t.aftermath.by
	if bimodal {
		t.r.Cheap = NewHistogram()
	}
	return t
}

// measured reports whether what is due then is in the measured time.
func (t *tally) measured(due time.Duration) bool { return due >= t.from && due < t.end }

// due counts a connection that is to be begun.
func (t *tally) due(due time.Duration) {
	if t.open && t.measured(due) {
		t.r.Due++
	}
}

// begun counts a connection that is begun, of which sockets are open.
func (t *tally) begun(due, now time.Duration, sockets int) {
	t.counts.Begun++
	if !t.measured(due) {
		return
	}
	t.lag(due, now)
	t.opened(sockets)
	if t.open {
		t.r.Begun++
	}
}

// opened notes how many sockets are open.
func (t *tally) opened(sockets int) {
	t.r.MaxOpen = max(t.r.MaxOpen, sockets)
}

// lag records how late a request is sent or its connection begun.
func (t *tally) lag(due, now time.Duration) {
	if t.measured(due) {
		t.r.Lag.Record(now - due)
	}
}

func (t *tally) connected(c *conn, now time.Duration) {
	if t.measured(c.due) {
		t.r.Connect.Record(now - c.begun)
	}
}

func (t *tally) answered(c *conn, now time.Duration, cheap bool) {
	response := now - c.due
	t.counts.Answered++
	t.timeline.answered(c.due, response)
	t.stalled(c.due, response)
	inTime := now >= t.from && now < t.end
	c.inTime = inTime || t.keep && c.inTime
	if inTime {
		t.r.Requests++
	}
	if !t.measured(c.due) {
		return
	}
	t.aftermath.answered(c.pid, c.due, response)
	t.r.Response.Record(response)
	t.r.Service.Record(now - c.begun)
	if cheap {
		t.r.Cheap.Record(response)
	}
}

// stalled counts a request if it took, or was given up after, too long.
func (t *tally) stalled(due, response time.Duration) {
	if t.stall == 0 || response <= t.stall {
		return
	}
	t.timeline.stalled(due)
	if t.measured(due) {
		t.r.Stalled++
	}
}

// again counts a request that is made once more.
func (t *tally) again(c *conn) {
	if t.measured(c.due) {
		t.r.Again++
	}
}

// closed counts a connection that will have no further answer.
func (t *tally) closed(c *conn) {
	if !c.inTime {
		return
	}
	c.inTime = false
	t.r.Conns++
	if c.pid > 0 {
		t.named(c.pid)
	}
}

// named counts a connection of a worker.
func (t *tally) named(pid int) {
	if _, known := t.r.Workers[pid]; known || len(t.r.Workers) < maxPIDs {
		t.r.Workers[pid]++
	}
}

// held counts a connection that was kept open.
func (t *tally) held(c *conn) {
	if c.pid > 0 {
		t.r.Held[c.pid]++
	}
	t.closed(c)
}

// failed counts a request that failed, and reports whether it is the first of its
// kind, which is to be explained.
func (t *tally) failed(due, now time.Duration, kind string) (first bool) {
	t.counts.Failed++
	t.timeline.failed(due)
	t.stalled(due, now-due)
	if !t.measured(due) {
		return false
	}
	t.r.Errors[kind]++
	_, known := t.first[kind]
	return !known
}

func (t *tally) explain(kind string, at time.Duration, why string) {
	t.first[kind] = failure{at, why}
}

// cut ends the measured time early, unless it is over.
func (t *tally) cut(now time.Duration) {
	t.end = max(t.from, min(t.end, now))
	t.r.Seconds = (t.end - t.from).Seconds()
	t.r.Partial = true
}

// add takes in another loop's tally of the same order.
func (t *tally) add(other *tally) {
	t.r.add(&other.r)
	for kind, theirs := range other.first {
		if ours, known := t.first[kind]; !known || theirs.at < ours.at {
			t.first[kind] = theirs
		}
	}
	t.timeline.add(other.timeline)
}

// result ends the tally.
func (t *tally) result() *Result {
	t.r.Timeline = t.timeline.result()
	for kind, failure := range t.first {
		if failure.why != "" {
			t.r.First[kind] = failure.why
		}
	}
	return &t.r
}
