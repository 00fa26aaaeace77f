//go:build linux

package supervisor

import (
	"time"

	"prefork/internal/scoreboard"
)

const (
	// lookEvery is the pause between two looks at what nobody tells of: a queue, or
	// whether something is left of a worker.
	lookEvery = 50 * time.Millisecond

	// maxDrainers is how many workers may be started to drain one slot that has
	// none. If these have crashed, so will the next.
	maxDrainers = 3
)

// queue is what waits for the workers of a slot, as last looked at.
type queue struct {
	known   bool // since a worker of the slot last ended
	waiting int
	own     int // of those, where no lower slot takes from
	sole    int // of those, where no slot in service takes from but this one
	at      time.Time
}

// closeAll brings every slot to its end, and then the master.
func (m *Machine) closeAll() {
	if !m.pumpEnded && !m.keepPumping() {
		return
	}
	done := true
	for i := range m.slots {
		done = m.close(i) && done
	}
	if done {
		m.finish()
	}
}

// keepPumping sees to it that there is somebody to pass connections to for as long
// as the master has any. It reports whether there is no time left for that.
func (m *Machine) keepPumping() (late bool) {
	if m.now.Sub(m.stopBegan) >= m.limits.Graceful {
		if !m.gaveUpPump {
			m.gaveUpPump = true
			m.do(AbandonPump{})
		}
		return true
	}
	m.admit()
	for i := range m.slots {
		if m.slots[i].in(scoreboard.Starting, scoreboard.Ready) {
			return false
		}
	}
	for i := range m.slots {
		if free := m.slots[i].free(); free >= 0 && m.mayDrain(i) {
			m.slots[i].drainers++
			m.start(i, free, drainer)
			break
		}
	}
	return false
}

// close brings a slot that gets no new connections to its end: what is queued is
// served, by a worker that is started for it if need be. It reports whether the slot
// is empty.
func (m *Machine) close(i int) (done bool) {
	s := &m.slots[i]
	switch {
	case s.in(scoreboard.Ready):
		m.closeReady(i)
	case s.in(scoreboard.Starting):
		// Who would have nothing to do need not begin.
		if own, known := m.queued(i); known && own == 0 {
			m.tellAll(i, scoreboard.Starting)
		}
	case s.in(scoreboard.Draining):
	default:
		own, known := m.queued(i)
		if !known {
			return false
		}
		if own == 0 || !m.mayDrain(i) {
			return true
		}
		s.drainers++
		m.start(i, 0, drainer)
	}
	return false
}

// closeReady tells the worker to drain its queue and stop. A program may do no such
// thing: it goes on serving until the queue is empty, for half of its time at most. While
// others go on serving the queue, that is theirs.
func (m *Machine) closeReady(i int) {
	s := &m.slots[i]
	if m.limits.Programs && m.now.Before(m.closing(i).Add(m.limits.Graceful/2)) {
		if m.now.Sub(s.queue.at) >= lookEvery || !s.queue.known {
			m.do(Look{i})
			s.queue = queue{known: true, waiting: 1, own: 1, sole: 1, at: m.now} // until the answer
		}
		if m.phase == running && m.mine(i) > 0 || m.phase != running && s.queue.waiting > 0 {
			return
		}
	}
	m.tellAll(i, scoreboard.Ready)
	s.queue.known = false
}

// queued is what waits in a slot that may have nobody to take it. A queue from which the
// workers of several slots take is looked after by the lowest of them: slots go from the
// highest one down.
func (m *Machine) queued(i int) (own int, known bool) {
	s := &m.slots[i]
	if !s.queue.known {
		m.do(Look{i})
		return 0, false
	}
	return m.mine(i), true
}

// mine is what nobody else will serve, of what was seen to wait in a slot. A slot that was
// drained may have others in service above it, to whom a queue of theirs is left.
func (m *Machine) mine(i int) int {
	if m.phase == running && m.keeps(i) {
		return m.slots[i].queue.sole
	}
	return m.slots[i].queue.own
}

// mayDrain reports whether one more worker may be started to drain a slot.
func (m *Machine) mayDrain(i int) bool {
	return m.slots[i].drainers < maxDrainers && m.now.Before(m.closing(i).Add(m.limits.Graceful))
}

// closing is since when a slot is being closed.
func (m *Machine) closing(i int) time.Time {
	if m.phase == stopping {
		return m.stopBegan
	}
	return m.slots[i].retiredAt.Add(m.limits.Settle)
}

func (m *Machine) tellAll(i int, state scoreboard.State) {
	for j := range m.slots[i].seats {
		if m.slots[i].seats[j].state == state {
			m.tell(i, j, true)
		}
	}
}

// tell tells a worker to stop, once its process is known: 0 would mean the whole
// process group of the master.
func (m *Machine) tell(slotIndex, seatIndex int, drain bool) {
	pid := m.slots[slotIndex].seats[seatIndex].pid
	if pid == 0 {
		return
	}
	m.do(Tell{PID: pid, Drain: drain})
	m.move(slotIndex, seatIndex, scoreboard.Draining)
}

// killLate ends workers that have had their time.
func (m *Machine) killLate() {
	m.eachWorker(func(i, _ int, s *seat) {
		if at, ok := m.killAt(i, s); ok && !m.now.Before(at) {
			m.kill(s)
		}
	})
}

// lookForRest looks whether what workers have left behind is gone.
func (m *Machine) lookForRest() {
	m.eachWorker(func(_, _ int, s *seat) {
		if s.rest && m.now.Sub(s.looked) >= lookEvery {
			s.looked = m.now
			m.do(LookForRest{s.pid})
		}
	})
}

// killAt is when a worker will have had its time, if that is running. When
// everything stops, it counts from the beginning of the stop.
func (m *Machine) killAt(i int, s *seat) (time.Time, bool) {
	switch {
	case s.killed:
		return time.Time{}, false
	case m.phase == stopping:
		return m.stopBegan.Add(m.limits.Graceful), true
	case s.state == scoreboard.Draining:
		return s.since.Add(m.limits.Graceful), true
	case m.settled(i):
		return m.closing(i).Add(m.limits.Graceful), true
	}
	return time.Time{}, false
}

func (m *Machine) kill(s *seat) {
	if !s.killed && s.pid != 0 {
		s.killed = true
		m.do(Kill{s.pid})
	}
}
