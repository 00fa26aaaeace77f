//go:build linux

package load

import (
	"time"

	"golang.org/x/sys/unix"
)

// tally is what has been measured. What was due before the warm-up ended does
// not count, whenever it finished.
type tally struct {
	from   time.Duration
	length time.Duration
	r      Result
	cpu    time.Duration // when measuring began
	began  bool
}

func newTally(o Order) *tally {
	return &tally{from: o.Warmup, length: o.Length, r: Result{
		Seconds: o.Length.Seconds(), Errors: map[string]int{}, Workers: map[int]int{},
		Response: NewHistogram(), Service: NewHistogram(), Connect: NewHistogram(), Lag: NewHistogram(),
	}}
}

// at notices when measuring begins and ends.
func (t *tally) at(now time.Duration, open int) {
	if now < t.from {
		return
	}
	if !t.began {
		t.began, t.cpu = true, processorTime()
	}
	t.r.MaxOpen = max(t.r.MaxOpen, open)
	if now < t.from+t.length {
		t.r.CPU = processorTime() - t.cpu
	}
}

func (t *tally) begun(due, now time.Duration) {
	if due >= t.from {
		t.r.Lag.Record(now - due)
	}
}

func (t *tally) connected(c *conn, now time.Duration) {
	if c.due >= t.from {
		t.r.Connect.Record(now - c.begun)
	}
}

// answered counts by when it finished for throughput's sake: connections are as
// many at the beginning as at the end.
func (t *tally) answered(c *conn, now time.Duration, pid int) {
	if c.due < t.from {
		return
	}
	t.r.Response.Record(now - c.due)
	t.r.Service.Record(now - c.begun)
	t.r.Workers[pid]++
	if now < t.from+t.length {
		t.r.Conns++
	}
}

func (t *tally) failed(due time.Duration, kind string) {
	if due >= t.from {
		t.r.Errors[kind]++
	}
}

func (t *tally) result() *Result { return &t.r }

func processorTime() time.Duration {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &now)
	return time.Duration(now.Nano())
}
