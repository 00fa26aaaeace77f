//go:build linux

package bench

import (
	"time"

	"golang.org/x/sys/unix"

	"prefork/bench/load"
	"prefork/internal/proctree"
	"prefork/internal/subject"
)

// meter reads what a server costs while it is measured, process by process, so
// that one that dies takes only its last stretch with it.
type meter struct {
	server        *subject.Server
	before, after map[int]proctree.Usage
	machine       machine // when measuring began
}

func newMeter(s *subject.Server) *meter {
	return &meter{server: s, before: map[int]proctree.Usage{}, after: map[int]proctree.Usage{}}
}

// begin is where the cost starts to count. Processes that are not there yet count
// from their start.
func (m *meter) begin() {
	m.machine = readMachine()
	for _, pid := range m.server.Processes() {
		m.before[pid], _ = proctree.Read(pid)
	}
}

// read takes the state of all that are alive.
func (m *meter) read() {
	for _, pid := range m.server.Processes() {
		if usage, ok := proctree.Read(pid); ok {
			m.after[pid] = usage
		}
	}
}

// costs puts what was read into a round, by connection.
func (m *meter) costs(r *Round, result *load.Result) {
	r.CPU.Client = perConn(microseconds(result.CPU), result.Conns)
	var sum, master proctree.Usage
	for pid, usage := range m.after {
		sum = sum.Add(usage.Sub(m.before[pid]))
	}
	if len(m.after) == 0 || result.Conns == 0 {
		return
	}
	if after, ok := m.after[m.server.PID()]; ok {
		master = after.Sub(m.before[m.server.PID()])
		r.CPU.Master = perConn(microseconds(master.CPU), result.Conns)
	}
	r.CPU.Server = perConn(microseconds(sum.CPU), result.Conns)
	r.Wakeups = perConn(float64(sum.Switches), result.Conns)
}

func perConn(cost float64, conns int) *float64 {
	if conns == 0 {
		return nil
	}
	cost /= float64(conns)
	return &cost
}

func microseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

// raiseFileLimit makes room for the sockets of many clients, as far as this user
// may; children inherit it.
func raiseFileLimit() {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil {
		limit.Cur = limit.Max
		_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
	}
}
