//go:build linux

package lab

import (
	"maps"
	"slices"
	"time"

	"prefork/bench/load"
	"prefork/internal/demo/recording"
	"prefork/internal/kernel"
	"prefork/internal/scoreboard"
)

// counts is what was counted in one panel since its server started or the counts
// were set to zero, and what is needed to go on counting.
type counts struct {
	begun, done uint64
	lost        map[string]int // by kind; the servers' doing
	local       int            // not made, for the lab itself has run out of ports or descriptors
	times       load.Times
	open        int // begun and not ended
	stale       int // of those, begun with the server before; the kernel has not told their clients

	from    int  // the first change of the load that is about this server
	heardOf bool // there was a report of it

	bases []scoreboard.Slot  // where the scoreboard's counts began
	last  []scoreboard.Slot  // as of the last frame
	sent  struct{ a, d int } // of begun and done, in the last frame
	loss  int                // of all kinds, in the last frame

	usage    map[int]kernel.Usage // as of the last second, by pid
	finished uint64               // likewise, of all workers
	costs    []cost               // of the last seconds
	master   float64              // share of a processor
	cpus     []float64            // likewise, by slot
	takens   [][]uint64           // by slot, taken until then, as of each of the last seconds
}

// cost is what some connections have cost.
type cost struct {
	cpu, master time.Duration
	wakes       uint64 // how often any of them had to be woken
	conns       uint64
}

const (
	costSeconds  = 5  // over so many seconds a cost is averaged
	shareSeconds = 10 // and a worker's share
)

// zero sets what was counted to zero, and what was measured along the way. What is
// under way has begun, or more would end than ever began.
func (c *counts) zero() {
	usage, finished, from, heardOf, open, stale := c.usage, c.finished, c.from, c.heardOf, c.open, c.stale
	*c = counts{usage: usage, finished: finished, from: from, heardOf: heardOf, open: open, stale: stale, begun: uint64(open)}
	c.sent.a = open
}

// heard takes in a report of the load generator.
func (c *counts) heard(r load.Report) {
	if r.Changes < c.from {
		return
	}
	if !c.heardOf {
		c.heardOf, c.stale = true, max(0, openBefore(r))
	}
	c.local += r.Lost[load.Local]
	c.begun += uint64(max(0, r.Begun-r.Lost[load.Local]))
	c.done += uint64(r.Done)
	c.charge(r.Lost)
	c.open = max(0, r.Open-c.stale)
	if r.Times != nil {
		c.times = *r.Times
	}
}

// charge counts what the server has lost.
func (c *counts) charge(lost map[string]int) {
	if c.lost == nil {
		c.lost = make(map[string]int)
	}
	for kind, n := range lost {
		if kind == load.Local {
			continue
		}
		old := min(c.stale, n) // they are the first to go, within seconds
		c.stale -= old
		if n > old {
			c.lost[kind] += n - old
		}
	}
}

// openBefore is how many were open when what is reported began.
func openBefore(r load.Report) int {
	ended := r.Done
	for _, n := range r.Lost {
		ended += n
	}
	return r.Open + ended - r.Begun
}

func (c *counts) allLost() (n int) {
	for _, lost := range c.lost {
		n += lost
	}
	return n
}

// frame makes the panel's next frame.
func (p *panel) frame() recording.Panel {
	queues, _ := p.queues() // an error is of a server that has just gone
	p.mu.Lock()
	defer p.mu.Unlock()
	c := &p.counts
	f := recording.Panel{Queues: queues, Workers: []recording.Worker{}}
	if p.scores == nil {
		return f
	}
	lost := c.allLost()
	f.Arrived, f.Answered, f.Lost = int(c.begun)-c.sent.a, int(c.done)-c.sent.d, lost-c.loss
	c.sent.a, c.sent.d, c.loss = int(c.begun), int(c.done), lost
	for slot := range p.slots {
		now := p.scores.Slot(slot)
		f.Workers = append(f.Workers, recording.Worker{
			int(now.Accepted - c.last[slot].Accepted), int(now.Finished - c.last[slot].Finished),
			max(0, now.Open), stateOf(now.PID),
		})
		c.last[slot] = now
	}
	return f
}

// begin notes where the scoreboard's counts begin.
func (p *panel) begin() {
	c := &p.counts
	if p.scores == nil {
		return
	}
	for slot := len(c.bases); slot < p.slots; slot++ {
		c.bases = append(c.bases, p.scores.Slot(slot))
		c.last = append(c.last, c.bases[slot])
	}
}

func stateOf(pid int) int {
	if pid == 0 {
		return recording.Gone
	}
	switch state, _ := kernel.State(pid); state {
	case 0, 'Z', 'X':
		return recording.Gone
	case 'T', 't':
		return recording.Asleep
	}
	return recording.Awake
}

// second is the totals of a panel, told once a second: what all frames since they
// were set to zero add up to.
type second struct {
	Begun  int            `json:"begun"`
	Done   int            `json:"done"`
	Lost   map[string]int `json:"lost"`
	Local  int            `json:"local,omitempty"` // the lab's own fault; in none of the other counts
	Second load.Quantiles `json:"second"`          // µs
	Recent load.Quantiles `json:"recent"`          // µs, of the last ten seconds
	Taken  []uint64       `json:"taken"`           // by worker
	Lately []uint64       `json:"lately"`          // likewise, in the last ten seconds
	CPU    []float64      `json:"cpu"`             // by worker, of one processor, 0 to 1
	Master float64        `json:"master"`          // likewise
	Cost   [2]*int        `json:"cost"`            // µs a connection: all processes, and the master alone
	Wakes  *float64       `json:"wakes"`           // how often a process is woken for a connection
	PIDs   []int          `json:"pids"`
	Phase  phase          `json:"phase"`
	Fault  string         `json:"fault,omitempty"`
}

// second makes the panel's totals, and measures what its processes have used since
// it last did, an interval ago.
func (p *panel) second(interval time.Duration) second {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := &p.counts
	s := second{
		Begun: c.sent.a, Done: c.sent.d, Lost: maps.Clone(c.lost), Local: c.local, Second: c.times.Second, Recent: c.times.Recent,
		Taken: []uint64{}, PIDs: p.workers(), Phase: p.phase, Fault: p.fault,
	}
	if p.scores == nil {
		return s
	}
	p.measure(interval)
	for slot, base := range c.bases {
		s.Taken = append(s.Taken, c.last[slot].Accepted-base.Accepted)
	}
	s.Lately = c.lately(s.Taken)
	s.CPU, s.Master = c.cpus, c.master
	s.Cost, s.Wakes = c.cost()
	return s
}

// lately is what of the totals by now was taken in the last seconds. It is asked once
// a second.
func (c *counts) lately(taken []uint64) []uint64 {
	c.takens = append(c.takens, taken)
	c.takens = c.takens[max(0, len(c.takens)-shareSeconds-1):]
	lately := slices.Clone(taken)
	if len(c.takens) > shareSeconds {
		for slot, before := range c.takens[0] {
			lately[slot] -= before
		}
	}
	return lately
}

// measure asks what each process has used.
func (p *panel) measure(interval time.Duration) {
	c := &p.counts
	usage, pids, finished := make(map[int]kernel.Usage), p.workers(), uint64(0)
	var sum cost
	used := func(pid int) time.Duration {
		now, err := kernel.Used(pid)
		if err != nil {
			return 0
		}
		usage[pid] = now
		before, known := c.usage[pid]
		if !known {
			return 0
		}
		since := now.Sub(before)
		sum.wakes += since.Switches
		return since.CPU
	}
	c.cpus = make([]float64, len(pids))
	for slot, pid := range pids {
		if pid > 0 {
			cpu := used(pid)
			sum.cpu += cpu
			c.cpus[slot] = round3(cpu.Seconds() / interval.Seconds())
		}
		finished += p.scores.Slot(slot).Finished
	}
	if p.phase == running {
		sum.master = used(p.server.PID())
	}
	c.master = round3(sum.master.Seconds() / interval.Seconds())
	if c.usage != nil {
		sum.cpu += sum.master
		sum.conns = finished - c.finished
		c.costs = append(c.costs, sum)
		c.costs = c.costs[max(0, len(c.costs)-costSeconds):]
	}
	c.usage, c.finished = usage, finished
}

func round3(x float64) float64 { return float64(int(x*1000+.5)) / 1000 }

// cost is the mean of the last seconds; nil where nothing was served.
func (c *counts) cost() (of [2]*int, wakes *float64) {
	var sum cost
	for _, one := range c.costs {
		sum.cpu += one.cpu
		sum.master += one.master
		sum.wakes += one.wakes
		sum.conns += one.conns
	}
	if sum.conns == 0 {
		return of, nil
	}
	all, master := perConn(sum.cpu, sum.conns), perConn(sum.master, sum.conns)
	each := round3(float64(sum.wakes) / float64(sum.conns))
	return [2]*int{&all, &master}, &each
}

func perConn(d time.Duration, conns uint64) int { return int(d.Microseconds() / int64(conns)) }
