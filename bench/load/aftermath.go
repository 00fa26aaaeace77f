package load

import "time"

// maxPIDs bounds Result.Workers and Result.After: some servers have a process for each
// connection.
const maxPIDs = 1 << 16

// Fate is what became of the requests that a process answered.
type Fate struct {
	Answered int
	Stalled  int // of them, after more than Order.Stall
}

// aftermath counts, by the pid in the answer, what was due from a moment on. The zero
// value counts nothing.
type aftermath struct {
	moment, stall time.Duration
	by            map[int]Fate
}

func newAftermath(o Order) aftermath {
	return aftermath{moment: o.Moment, stall: o.Stall, by: map[int]Fate{}}
}

func (a *aftermath) answered(pid int, due, response time.Duration) {
	if a.moment == 0 || due < a.moment || pid == 0 {
		return
	}
	fate, known := a.by[pid]
	if !known && len(a.by) == maxPIDs {
		return
	}
	fate.Answered++
	if a.stall > 0 && response > a.stall {
		fate.Stalled++
	}
	a.by[pid] = fate
}

// addFates adds up what several have counted.
func addFates(to, from map[int]Fate) {
	for pid, theirs := range from {
		ours := to[pid]
		to[pid] = Fate{ours.Answered + theirs.Answered, ours.Stalled + theirs.Stalled}
	}
}
