//go:build linux

package run

import (
	"maps"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"prefork/bench/load"
	"prefork/bench/result"
	"prefork/internal/kernel"
	"prefork/internal/subject"
	"prefork/internal/sys"
)

// meter reads what a server costs while it is measured, and what the whole machine does.
type meter struct {
	server        *subject.Server
	before, after subject.Account
	begun         time.Duration // when before was read: CLOCK_MONOTONIC
	machine       machineTime

	reading sync.Mutex                // held while the server's threads are looked at
	threads map[int]subject.ThreadUse // as they were last seen; those that have ended too
}

func newMeter(s *subject.Server) *meter { return &meter{server: s} }

// begin is where the cost starts to count.
func (m *meter) begin() {
	m.machine = beginMachineTime()
	from := sys.Monotonic()
	m.before = m.server.Account()
	m.threads = maps.Clone(m.before.Threads)
	m.begun = (from + sys.Monotonic()) / 2
}

// look notes how often threads have waited that are about to end.
func (m *meter) look() {
	account := m.server.Account()
	m.reading.Lock()
	defer m.reading.Unlock()
	maps.Copy(m.threads, account.Threads)
}

// end is where it stops to count.
func (m *meter) end() {
	m.after = m.server.Account()
	m.reading.Lock()
	maps.Copy(m.threads, m.after.Threads)
	m.reading.Unlock()
	m.machine.end()
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

// used is what the server used of the processors.
func (m *meter) used() time.Duration { return m.after.CPU - m.before.CPU }

// costs puts what was read into a round, by connection. What was missed at the
// beginning is taken to have cost as much as the rest.
func (m *meter) costs(r *result.Round, seen *load.Result) {
	r.CPU.Client = perConn(microseconds(seen.CPU), seen.Conns)
	share := m.seen(seen)
	if share < leastSeen {
		return
	}
	r.CPU.Server = perConn(microseconds(m.used())/share, seen.Conns)
	if m.after.Master > 0 {
		r.CPU.Master = perConn(microseconds(m.after.Master-m.before.Master)/share, seen.Conns)
	}
	if switches, known := m.switches(); known {
		r.Wakeups = perConn(float64(switches)/share, seen.Conns)
	}
}

// Threads whose end nobody saw, so that their context switches are in no count, may have
// used this share of the server's processor time; or so much: a thread that runs has its
// time counted at a tick only.
const (
	unwatched      = 0.05
	unwatchedLeast = 10 * time.Millisecond
)

// switches are the server's context switches. They are not known where much of the work
// was done by threads that have ended.
func (m *meter) switches() (sum uint64, known bool) {
	var watched time.Duration
	for id, use := range m.threads {
		before := m.before.Threads[id]
		watched += max(0, use.CPU-before.CPU)
		sum += use.Switches - min(use.Switches, before.Switches)
	}
	allowed := max(unwatchedLeast, time.Duration(unwatched*float64(m.used())))
	return sum, m.used()-watched <= allowed
}

func perConn(cost float64, conns int) *float64 {
	if conns == 0 {
		return nil
	}
	cost /= float64(conns)
	return &cost
}

func microseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

// machineTime is what the whole machine did while a part was measured.
type machineTime struct {
	before       kernel.Machine
	at           time.Duration // CLOCK_MONOTONIC
	own          time.Duration // used by this process until then
	used, stolen float64       // shares of all processors
}

func beginMachineTime() machineTime {
	before, _ := kernel.ReadMachine()
	return machineTime{before: before, at: sys.Monotonic(), own: ownTime()}
}

func (m *machineTime) end() {
	if now, err := kernel.ReadMachine(); err == nil {
		m.used, m.stolen = now.Since(m.before)
	}
	m.at, m.own = sys.Monotonic()-m.at, ownTime()-m.own
}

// others is the share of all processors that other programs took, where that was more
// than was left idle: the rest was not to be had. ours is what server and load generator
// used.
func (m machineTime) others(ours time.Duration, cpus int) float64 {
	own := (ours + m.own).Seconds() / (m.at.Seconds() * float64(cpus))
	others, idle := m.used-m.stolen-own, 1-m.used
	if others <= idle {
		return 0
	}
	return others
}

// ownTime is what this process has used.
func ownTime() time.Duration {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &now)
	return time.Duration(now.Nano())
}
