//go:build linux

package load

import (
	"testing"
	"time"
)

// visit is a connection with one request: when it was due, and when it was answered.
type visit struct{ due, answered time.Duration }

// count is what a tally of one stretch of time says of all visits.
func count(o Order, visits []visit) *Result {
	t := newTally(o, false)
	for _, v := range visits {
		c := &conn{due: v.due, begun: v.due, pid: 7}
		t.due(v.due)
		t.begun(v.due, v.due, 1)
		t.connected(c, v.due)
		t.answered(c, v.answered, false)
		t.closed(c)
	}
	return t.result()
}

// queued is forty clients who wait in one line at four workers, each of whom takes
// 20 ms: each answer is 200 ms after it was due.
func queued() (visits []visit) {
	const clients, workers, service = 40, 4, 20 * time.Millisecond
	for n := range 2000 {
		answered := time.Duration(n/workers+1) * service
		visits = append(visits, visit{max(0, answered-clients/workers*service), answered})
	}
	return visits
}

// What is answered in one stretch of time or the next is counted once, however long
// the stretches are.
func TestNothingIsLostBetweenWindows(t *testing.T) {
	visits := queued()
	last := visits[len(visits)-1].answered
	for _, length := range []time.Duration{10 * time.Millisecond, 100 * time.Millisecond, 700 * time.Millisecond, time.Hour} {
		requests, conns, workers, timed := 0, 0, 0, int64(0)
		for from := time.Duration(0); from <= last; from += length {
			r := count(Order{Warmup: from, Length: length, Rate: 1}, within(visits, from+length))
			requests, conns, workers, timed = requests+r.Requests, conns+r.Conns, workers+r.Workers[7], timed+r.Response.TotalCount()
		}
		if requests != len(visits) || conns != len(visits) || workers != len(visits) || timed != int64(len(visits)) {
			t.Errorf("in windows of %v: %d requests, %d connections, %d of the worker, %d timed; want %d of each",
				length, requests, conns, workers, timed, len(visits))
		}
	}
}

// within is those that were due before an end: none is begun after it.
func within(visits []visit, end time.Duration) (all []visit) {
	for _, v := range visits {
		if v.due < end {
			all = append(all, v)
		}
	}
	return all
}

// A steady server has the same throughput however long one looks.
func TestThroughputDoesNotDependOnLength(t *testing.T) {
	for _, length := range []time.Duration{100 * time.Millisecond, 200 * time.Millisecond, 2 * time.Second} {
		o := Order{Warmup: time.Second, Length: length, Clients: 40}
		if got := count(o, queued()).Throughput(); got != 200 {
			t.Errorf("%v of a server that makes 200 answers a second: %.0f", length, got)
		}
	}
}

// From the moment on, who answered is counted by when it was due, and what took too long
// with it.
func TestAftermath(t *testing.T) {
	o := Order{Length: time.Second, Rate: 1, Moment: 300 * time.Millisecond, Stall: 500 * time.Millisecond}
	visits := []visit{
		{100 * time.Millisecond, 900 * time.Millisecond}, // due before it, and stalled by it
		{300 * time.Millisecond, 310 * time.Millisecond},
		{400 * time.Millisecond, 2 * time.Second},
		{900 * time.Millisecond, 1300 * time.Millisecond},
	}
	if got := count(o, visits).After; len(got) != 1 || got[7] != (Fate{Answered: 3, Stalled: 1}) {
		t.Errorf("got %+v, want 3 answered of which 1 stalled", got)
	}
	one, other := newTally(o, false), newTally(o, false)
	for _, t := range []*tally{one, other} {
		t.answered(&conn{due: 400 * time.Millisecond, pid: 7}, time.Second, false)
	}
	one.add(other)
	if got := one.result().After[7]; got != (Fate{Answered: 2, Stalled: 2}) {
		t.Errorf("two loops together have %+v", got)
	}
	o.Moment = 0
	if got := count(o, visits).After; len(got) != 0 {
		t.Errorf("nothing happened, and after it %+v", got)
	}
}

// What a tally holds does not grow with what it has counted.
func TestTallyDoesNotGrow(t *testing.T) {
	o := Order{Length: time.Hour, Rate: 100, Slice: time.Millisecond, Stall: time.Millisecond, Seed: 1}
	tally := newTally(o, true)
	pace, err := newPacer(o, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer pace.stop()
	var slots slots
	waiting := newQueue(&slots)
	pid := 0
	now := time.Duration(0)
	visit := func() {
		a, ok := pace.take(o.Length-1, 0)
		if !ok {
			t.Fatal("the hour is over")
		}
		now = a.due
		slot := slots.take(MaxOpen)
		c := slots.at(slot)
		pid++
		c.due, c.begun, c.pid = now, now, pid // a process for each connection, as some servers have
		tally.due(now)
		tally.begun(now, now+time.Microsecond, 1)
		waiting.push(slot)
		tally.connected(c, now)
		waiting.remove(slot)
		if pid%3 == 0 {
			tally.failed(now, now+time.Second, Late)
		} else {
			tally.answered(c, now+time.Duration(pid%1000)*time.Millisecond, pid%2 == 0)
			tally.closed(c)
		}
		slots.put(slot)
	}
	for now < o.Length*9/10 { // nearly all slices of time have been made, and all pids that are kept
		visit()
	}
	if n := len(tally.r.Workers); n > maxPIDs {
		t.Errorf("%d pids are kept, want %d at most", n, maxPIDs)
	}
	if n := len(tally.timeline.slices); n > maxSlices {
		t.Errorf("%d slices of time, want %d at most", n, maxSlices)
	}
	if perVisit := testing.AllocsPerRun(10_000, visit); perVisit > 0 {
		t.Errorf("%v allocations a connection, want none", perVisit)
	}
}
