//go:build linux

package run

import (
	"fmt"
	"sync"
	"time"

	"prefork/bench/load"
	"prefork/bench/result"
	"prefork/internal/kernel"
	"prefork/internal/subject"
	"prefork/internal/sys"
)

// meter reads what a server costs while it is measured, process by process, so
// that one that dies takes only its last stretch with it.
type meter struct {
	reading       sync.Mutex // held while the server's processes are looked at
	server        *subject.Server
	before, after map[int]kernel.Usage
	begun         time.Duration  // when before was read: CLOCK_MONOTONIC
	machine       kernel.Machine // when measuring began
}

func newMeter(s *subject.Server) *meter {
	return &meter{server: s, before: map[int]kernel.Usage{}, after: map[int]kernel.Usage{}}
}

// begin is where the cost starts to count. Processes that are not there yet count
// from their start.
func (m *meter) begin() {
	m.machine, _ = kernel.ReadMachine()
	from := sys.Monotonic()
	for _, pid := range m.server.Processes() {
		m.before[pid], _ = kernel.Used(pid)
	}
	m.begun = (from + sys.Monotonic()) / 2
}

// read takes the state of all that are alive.
func (m *meter) read() {
	m.reading.Lock()
	defer m.reading.Unlock()
	for _, pid := range m.server.Processes() {
		if usage, err := kernel.Used(pid); err == nil {
			m.after[pid] = usage
		}
	}
}

// leastSeen is the share of the measured time that the meter must have seen.
const leastSeen = 0.5

// seen is the share of the measured time that the meter saw. It hears of the
// beginning from another process, and on a busy machine that takes a while. At the
// end that does no harm: there is no load any more.
func (m *meter) seen(seen *load.Result) float64 {
	late := max(0, m.begun-seen.From).Seconds()
	return 1 - late/seen.Seconds
}

// doubt is why what it read cannot be trusted, nil if it can.
func (m *meter) doubt(seen *load.Result) error {
	if share := m.seen(seen); share < leastSeen {
		return fmt.Errorf("this machine was so busy that %.0f %% of the measured time had passed before the server's processor time was read", 100*min(1, 1-share))
	}
	return nil
}

// costs puts what was read into a round, by connection. What was missed at the
// beginning is taken to have cost as much as the rest.
func (m *meter) costs(r *result.Round, seen *load.Result) {
	r.CPU.Client = perConn(microseconds(seen.CPU), seen.Conns)
	var sum, master kernel.Usage
	for pid, usage := range m.after {
		sum = sum.Add(usage.Sub(m.before[pid]))
	}
	share := m.seen(seen)
	if len(m.after) == 0 || share < leastSeen {
		return
	}
	if after, ok := m.after[m.server.PID()]; ok {
		master = after.Sub(m.before[m.server.PID()])
		r.CPU.Master = perConn(microseconds(master.CPU)/share, seen.Conns)
	}
	r.CPU.Server = perConn(microseconds(sum.CPU)/share, seen.Conns)
	r.Wakeups = perConn(float64(sum.Switches)/share, seen.Conns)
}

func perConn(cost float64, conns int) *float64 {
	if conns == 0 {
		return nil
	}
	cost /= float64(conns)
	return &cost
}

func microseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
