//go:build linux

package load

import (
	"sync/atomic"
	"time"
)

// progress lets one of several event loops tell of the counts of all. The zero value
// tells nobody.
type progress struct {
	all  []published // of every loop; none if nobody is told
	loop int
	tell func(Counts) // nil in all loops but one
	told time.Duration
	wait time.Duration // between two tellings
}

// published is one loop's counts for another to read, on a cache line of its own.
type published struct {
	begun, answered, failed atomic.Int64
	_                       [40]byte
}

// turn is called each time around.
func (p *progress) turn(now time.Duration, c Counts) {
	if len(p.all) == 0 {
		return
	}
	own := &p.all[p.loop]
	own.begun.Store(c.Begun)
	own.answered.Store(c.Answered)
	own.failed.Store(c.Failed)
	if p.tell == nil || now-p.told < p.wait {
		return
	}
	p.told = now
	var sum Counts
	for i := range p.all {
		sum.Begun += p.all[i].begun.Load()
		sum.Answered += p.all[i].answered.Load()
		sum.Failed += p.all[i].failed.Load()
	}
	p.tell(sum)
}
